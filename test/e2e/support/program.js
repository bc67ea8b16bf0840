'use strict';

/**
 * A Node program that runs through dgram-native/register in a child process,
 * and the check that its sockets were native.
 */

const assert = require('node:assert');
const { fork } = require('node:child_process');
const { once } = require('node:events');
const path = require('node:path');

const { limited } = require('./limited');
const { Witness } = require('./witness');
const packed = require('../../support/package');

const PROGRAMS = path.join(__dirname, '..', 'programs');

class Program {
  #calls = new Map();
  #child;
  #exit;
  #lastCall = 0;
  #name;
  #output = '';
  #witness;

  /**
   * @param {string} name  of a file in test/e2e/programs
   * @param {string} directory  for the log of the witness
   * @param {object} [how]
   * @param {string[]} [how.args]
   * @param {boolean} [how.register]  false: use the built-in
   */
  constructor(name, directory, { args = [], register = true } = {}) {
    this.#name = name;
    this.#witness = new Witness(directory, register ? [packed.register] : []);
    this.#child = fork(path.join(PROGRAMS, `${name}.js`), args, {
      execArgv: this.#witness.execArgv,
      env: { ...process.env, NODE_OPTIONS: '' },
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    });
    for (const stream of [this.#child.stdout, this.#child.stderr])
      stream.setEncoding('utf8').on('data', (text) => this.#output += text);
    // Not 'close', which is not emitted after disconnect() on this side.
    this.#exit = Promise.all([
      once(this.#child, 'exit'),
      once(this.#child.stdout, 'close'),
      once(this.#child.stderr, 'close'),
    ]).then(([[code, signal]]) => ({ code, signal }));
    this.#child.on('message', ({ id, value, error }) => {
      const call = this.#calls.get(id);
      this.#calls.delete(id);
      if (error === undefined) call?.resolve(value);
      else call?.reject(new Error(`in ${name}: ${error}`));
    });
  }

  get pid() {
    return this.#child.pid;
  }

  /** Resolves when the program has called serve(). */
  async ready() {
    await this.#orExit('to be ready', once(this.#child, 'message'));
    return this;
  }

  /** Calls one of the program's methods. */
  call(name, ...args) {
    const id = ++this.#lastCall;
    const answer = new Promise((resolve, reject) => {
      this.#calls.set(id, { resolve, reject });
      this.#child.send({ id, name, args });
    });
    return this.#orExit(`an answer to ${name}()`, answer);
  }

  /**
   * Ends the program, and checks that the C core opened each of its sockets,
   * over the expected transport, and that none is the built-in's.
   *
   * @returns {Promise<{ sockets: number, sent: number, received: number }>}
   *   counters of the C core
   */
  async end() {
    const stats = await this.call('stats');
    this.#child.disconnect();
    const exit = await limited(`the exit of ${this.#name}`, this.#exit);
    assert.deepStrictEqual(exit, { code: 0, signal: null }, this.#output);

    assert.strictEqual(this.#witness.proveOurs(), stats.sockets);
    return stats;
  }

  /** Kills the program, after a failed test. */
  async kill() {
    this.#child.kill('SIGKILL');
    await this.#exit;
  }

  #orExit(what, promise) {
    const gone = this.#exit.then(({ code, signal }) => {
      throw new Error(`${this.#name} exited (${signal ?? code}) before ` +
        `${what}: ${this.#output}`);
    });
    return limited(() => `${this.#name}: ${what}: ${this.#output}`,
      Promise.race([promise, gone]));
  }
}

module.exports = { Program };
