'use strict';

/** Calls methods in another process, over IPC. */

const { spawn } = require('node:child_process');

const running = new Set();

/** The calling side. */
class Remote {
  /**
   * @param {string} file that calls serve()
   * @param {object} [options]
   * @param {string[]} [options.through] a command that runs another one
   * @param {string[]} [options.execArgv] for node
   * @param {object} [options.env] in addition
   * @param {object} [options.args] arguments for argumentsOf() in the process
   * @param {number} [options.patience] timeout of a call, in milliseconds
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
        this.fail(new Error(`${file} exited with ${signal ?? code}: ` +
          this.stderr));
        resolve({ code, signal, stderr: this.stderr });
      });
    });
    this.ready = this.answer(0, 'the start');
    this.ready.catch(() => {}); // reported by the first call()
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
          `timed out waiting for ${what}; ${this.stderr}`)), this.patience);
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

  /** Ends the process. With disconnect() there would be no 'close'. */
  end() {
    if (this.child.connected) this.child.send({ method: null });
    return this.ended;
  }
}

/** For an afterEach(): kills the processes of the test. */
async function killRemotes() {
  const remotes = [...running];
  for (const { child } of remotes) child.kill('SIGKILL');
  await Promise.all(remotes.map(({ ended }) => ended));
}

/**
 * The called side; it exits with the other one.
 * @param {object} methods they are awaited, and share `this`
 * @param {string} [last] the last method: afterwards the process must exit by
 *   itself
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
