'use strict';

/**
 * The witness of Node's suite (test/upstream/witness.js) beside a program of
 * ours: whose sockets did it use?
 */

const assert = require('node:assert');
const fs = require('node:fs');
const path = require('node:path');

const { readEvidence } = require('../../upstream/evidence');

const WATCH = path.join(__dirname, '..', '..', 'upstream', 'witness.js');

const transport = process.env.DGRAM_NATIVE_TRANSPORT ||
  (process.platform === 'linux' ? 'linux' : 'uv');

let serial = 0;

class Witness {
  #log;
  #preloads;

  /**
   * @param {string} directory  for what it writes
   * @param {string[]} preloads  to be loaded after it
   */
  constructor(directory, preloads) {
    const base = path.join(directory, `witness-${++serial}`);
    this.#log = `${base}.log`;
    this.#preloads = [`${base}.js`, ...preloads];
    const settings = JSON.stringify({
      log: this.#log,
      preloads: this.#preloads,
      nodeOptions: this.#preloads.map((file) => `--require ${file}`).join(' '),
    });
    fs.writeFileSync(`${base}.js`,
      `require(${JSON.stringify(WATCH)}).watch(${settings});\n`);
  }

  /** What Node has to be started with. */
  get execArgv() {
    return this.#preloads.flatMap((file) => ['--require', file]);
  }

  /**
   * That each socket of the program, its children and threads was opened by
   * the C core, over the data path that is wanted, and none by the built-in.
   *
   * @returns {number} how many sockets there were
   */
  proveOurs() {
    const evidence = readEvidence(this.#log);
    assert.strictEqual(evidence.builtin, 0,
      `sockets of the built-in: ${evidence.origins.join('\n')}`);
    assert.deepStrictEqual(evidence.blind, []);
    assert.strictEqual(evidence.blindThreads, 0);
    assert.strictEqual(evidence.unbacked, 0);
    assert.ok(evidence.native > 0, 'no socket of the C core');
    assert.deepStrictEqual(evidence.transports, [transport]);
    return evidence.native;
  }
}

module.exports = { Witness };
