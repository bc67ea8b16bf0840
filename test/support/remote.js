'use strict';

/** Methods that run in another process, over IPC. */

const { spawn } = require('node:child_process');

const running = new Set();

/** The side that calls. */
class Remote {
  /**
   * @param {string} file that calls serve()
   * @param {object} [options]
   * @param {string[]} [options.through] a command that runs what follows
   * @param {string[]} [options.execArgv] for node
   * @param {object} [options.env] in addition
   * @param {object} [options.args] for serve()'s caller, by argumentsOf()
   * @param {number} [options.patience] milliseconds; no call of a healthy
   *   process takes this long
   */
  constructor(file, {
    through = [], execArgv = [], env = {}, args = {}, patience = 120000,
  } = {}) {
    const [program, ...rest] = [
      ...through, process.execPath, ...execArgv, file, JSON.stringify(args),
    ];
    this.patience = patience;
    this.pending = new Map();
    this.calls = 0;
    this.stderr = '';
    this.child = spawn(program, rest, {
      env: { ...process.env, NODE_OPTIONS: '', ...env },
      stdio: ['ignore', 'inherit', 'pipe', 'ipc'],
    });
    running.add(this);
    this.child.stderr.setEncoding('utf8')
      .on('data', (text) => { this.stderr += text; });
    this.child.on('message', ({ id, value, error }) => {
      const { resolve, reject } = this.pending.get(id);
      this.pending.delete(id);
      if (error === undefined) resolve(value);
      else reject(Object.assign(new Error(error.message), error));
    });
    this.ended = new Promise((resolve) => {
      this.child.on('error', (error) => this.fail(error));
      this.child.on('close', (code, signal) => {
        running.delete(this);
        this.fail(new Error(`${file} ended with ${signal ?? code}: ` +
          this.stderr));
        resolve({ code, signal, stderr: this.stderr });
      });
    });
    this.ready = this.answer(0, 'its start');
    this.ready.catch(() => {}); // shows with the first call()
  }

  fail(error) {
    for (const { reject } of this.pending.values()) reject(error);
    this.pending.clear();
  }

  async answer(id, what) {
    let timer;
    try {
      return await new Promise((resolve, reject) => {
        this.pending.set(id, { resolve, reject });
        timer = setTimeout(() => reject(new Error(
          `waited in vain for ${what}; ${this.stderr}`)), this.patience);
      });
    } finally {
      clearTimeout(timer);
    }
  }

  /** Calls a method of the other process. */
  async call(method, args) {
    await this.ready;
    const id = ++this.calls;
    this.child.send({ id, method, args });
    return this.answer(id, `${method}(${JSON.stringify(args)})`);
  }

  /** Asks the process to end. Were it disconnected, 'close' would not come. */
  end() {
    if (this.child.connected) this.child.send({ method: null });
    return this.ended;
  }
}

/** For an afterEach(): no process outlives its test. */
async function killRemotes() {
  const remotes = [...running];
  for (const { child } of remotes) child.kill('SIGKILL');
  await Promise.all(remotes.map(({ ended }) => ended));
}

/**
 * The side that is called; it ends with the other one.
 * @param {object} methods they are awaited, and share `this`
 * @param {string} [last] the method after which nothing is served any more: the
 *   process has to end by itself
 */
function serve(methods, last) {
  const exit = () => process.exit();
  process.on('message', async ({ id, method, args }) => {
    if (method === null) exit();
    try {
      process.send({ id, value: await methods[method](args) });
    } catch ({ stack, code, syscall }) {
      process.send({ id, error: { message: stack, code, syscall } });
    }
    if (method === last) {
      process.off('disconnect', exit);
      process.disconnect();
    }
  });
  process.on('disconnect', exit);
  process.send({ id: 0 });
}

function argumentsOf() {
  return JSON.parse(process.argv[2]);
}

module.exports = { Remote, argumentsOf, killRemotes, serve };
