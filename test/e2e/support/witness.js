'use strict';

/**
 * Runs the witness of Node's suite (test/upstream/witness.js) in a program, to
 * find out which implementation its sockets used.
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
   * @param {string} directory  for its log
   * @param {string[]} preloads  files to load after it
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

  /** Options and environment for Node. */
  get execArgv() {
    return this.#preloads.flatMap((file) => ['--require', file]);
  }

  /**
   * Checks that the C core opened each socket of the program, its child
   * processes and workers, over the expected transport, and that none is the
   * built-in's.
   *
   * @returns {number} the number of sockets
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
