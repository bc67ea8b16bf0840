'use strict';

/**
 * The JavaScript side of test/faults/kernel.c: names for the numbers in the
 * schedule and in the log. The library must be preloaded.
 */

const os = require('node:os');
const path = require('node:path');
const { getSystemErrorName } = require('node:util');

const { nodeHeaders } = require('../../scripts/node-headers');
const { compileLibrary } = require('../support/compile');

const SOURCE = path.join(__dirname, '..', 'faults', 'kernel.c');

/** In the order of kernel.c's call_t. */
const CALLS = [
  'send', 'recv', 'socket', 'bind', 'connect', 'setsockopt', 'getsockopt',
  'getsockname', 'epoll_ctl', 'epoll_wait', 'dup',
];

const EFFECTS = { SHORT: -1, CTRUNC: -2, TRUNC: -3, WAKE: -4 };

/** In the order of kernel.c's kind_t, from 1 on. */
const KINDS = [
  undefined, 'accepted', 'rejected', 'delivered', 'recvFailed', 'unreadable',
  'callFailed', 'fault', 'connected',
];

/** record_t in words. */
const RECORD_WORDS = 9;
const LOG_BYTES = 4 << 20;
const FLAG_SEGMENTED = 1;
const FLAG_TRUNCATED = 2;

/** @returns {string} the library, for LD_PRELOAD */
function build() {
  // Lazy binding: the Node-API symbols are in the program.
  return compileLibrary(SOURCE, () => ['-I', nodeHeaders(), '-Wl,-z,lazy']);
}

function effectName(code) {
  return Object.keys(EFFECTS).find((name) => EFFECTS[name] === code) ??
    getSystemErrorName(-code);
}

class Kernel {
  /** @param {string} library of build(), preloaded */
  constructor(library) {
    const addon = { exports: {} };
    process.dlopen(addon, library);
    this.addon = addon.exports;
    const memory = new ArrayBuffer(LOG_BYTES);
    this.addon.attach(memory);
    this.words = new Uint32Array(memory);
    this.codes = new Int32Array(memory);
    this.serialOf = this.addon.serialOf;
    this.adopt = this.addon.adopt;
    this.portOf = this.addon.portOf;
    this.digest = this.addon.digest;
  }

  /**
   * Watches the sockets that are created from now on.
   * @param {Array<{call: string, at: number, effect: string,
   *   argument?: number}>} faults call `at` of its kind (from 0) has the
   *   effect: an error's name or one of EFFECTS
   */
  arm(faults) {
    this.words[0] = 0;
    this.addon.arm(Int32Array.from(faults.flatMap((fault) => [
      CALLS.indexOf(fault.call), fault.at,
      EFFECTS[fault.effect] ?? os.constants.errno[fault.effect],
      fault.argument ?? 0,
    ])));
  }

  disarm() {
    this.addon.disarm();
  }

  /** Length of the log; it grows with every datagram and failure. */
  get activity() {
    return this.words[0];
  }

  /** @returns {Array<object>} the records since arm(), in order */
  log() {
    const { words, codes } = this;
    if (1 + words[0] * RECORD_WORDS > words.length)
      throw new Error('the log is full');
    return Array.from({ length: words[0] }, (_, i) => {
      const at = 1 + i * RECORD_WORDS;
      return {
        kind: KINDS[words[at]],
        call: CALLS[words[at + 1]],
        number: words[at + 2],
        serial: words[at + 3],
        code: codes[at + 4] === 0 ? '' : effectName(codes[at + 4]),
        port: words[at + 5],
        length: words[at + 6],
        digest: words[at + 7],
        segmented: (words[at + 8] & FLAG_SEGMENTED) !== 0,
        truncated: (words[at + 8] & FLAG_TRUNCATED) !== 0,
        tos: (words[at + 8] >>> 8 & 0x1ff) - 1, // -1: the socket's own
        ttl: words[at + 8] >>> 20, // 0: the socket's own
      };
    });
  }
}

module.exports = { CALLS, EFFECTS, Kernel, build };
