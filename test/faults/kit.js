'use strict';

/**
 * Peers in separate processes that run with the library of faults.c preloaded.
 */

const assert = require('node:assert');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');

const { compileLibrary } = require('../support/compile');
const support = require('../support/remote');
const { scaled } = require('../support/time');
const { Peer, digests } = require('./peer');

/** Shorter than mocha's, so that the error names the pending call. */
const PATIENCE = scaled(15000);

const UDP_SEGMENT = 103;
const UDP_GRO = 104;
const IPPROTO_UDP = 17;

let directory;
let logs = 0;

function library() {
  return compileLibrary(path.join(__dirname, 'faults.c'));
}

/** A Peer in another process: its methods, and the log of its system calls. */
class Remote extends support.Remote {
  /**
   * @param {object} [options]
   * @param {string} [options.implementation] 'native' or 'builtin'
   * @param {string} [options.faults] script, see faults.c
   * @param {object} [options.env]
   * @param {string[]} [options.through] a command that runs another one
   */
  constructor({
    implementation = 'native', faults = '', env = {}, through = [],
  } = {}) {
    directory ??= fs.mkdtempSync(path.join(os.tmpdir(), 'dgram-faults-'));
    const log = path.join(directory, `${++logs}.log`);
    super(require.resolve('./peer'), {
      through, args: { implementation }, patience: PATIENCE,
      env: {
        LD_PRELOAD: library(), DGRAM_FAULTS: faults, DGRAM_FAULTS_LOG: log,
        ...env,
      },
    });
    this.log = log;
  }

  /** Waits until the process has exited by itself, with code 0. */
  async end() {
    await this.call('end');
    assert.deepStrictEqual(await this.ended,
      { code: 0, signal: null, stderr: '' });
  }

  /** The system calls so far, in order. */
  seen(...names) {
    const text = fs.existsSync(this.log) ?
      fs.readFileSync(this.log, 'utf8') :
      '';
    return text.split('\n').filter(Boolean).map((line) => JSON.parse(line))
      .filter(({ call }) => names.length === 0 || names.includes(call));
  }

  sends() {
    return this.seen('sendmsg', 'sendmmsg');
  }

  /** The segment sizes of all attempted GSO sends. */
  segments() {
    return this.sends().flatMap(({ messages }) => messages)
      .map(([, segment]) => segment).filter((segment) => segment > 0);
  }

  /** The received GRO buffers, as [length, segment]. */
  groBuffers() {
    return this.seen('recvmsg', 'recvmmsg')
      .flatMap(({ messages }) => messages)
      .filter(([length, segment]) => segment > 0 && segment < length);
  }

  /** The number of calls that the script changed. */
  injected() {
    return this.seen().filter(({ injected }) => injected).length;
  }

  /** The values that an option, by default of UDP, was set to. */
  options(number, ofLevel = IPPROTO_UDP) {
    return this.seen('setsockopt')
      .filter(({ level, option }) => level === ofLevel && option === number)
      .map(({ value }) => value);
  }
}

/**
 * Parses sizes: '40x1200 3 2x5' is forty datagrams of 1200 bytes, one of 3 and
 * two of 5.
 */
function sizesOf(text) {
  return text.split(' ').flatMap((word) => {
    const [times, size] = word.includes('x') ? word.split('x') : [1, word];
    return new Array(Number(times)).fill(Number(size));
  });
}

/** Digests of the datagrams that arrive, given their outcomes. */
function arriving(sizes, outcomes, first = 0) {
  return digests(sizes, first)
    .filter((_, i) => typeof outcomes[i][1] === 'number');
}

/** Hooks for the describe() block that uses this module. */
function install() {
  before('compile the library', function() {
    this.timeout(60000);
    if (process.platform !== 'linux') this.skip(); // LD_PRELOAD
    library();
  });

  afterEach('end the peers', support.killRemotes);

  after(() => {
    if (directory !== undefined)
      fs.rmSync(directory, { recursive: true, force: true });
    directory = undefined;
  });
}

/**
 * A new node:dgram socket with a large receive buffer for each test.
 * @returns {{receiver: Peer, peer: {socket: number, port: number}}} the Peer
 *   and the result of its open()
 */
function withReceiver() {
  const receiving = {};
  beforeEach(async () => {
    receiving.receiver = new Peer('builtin');
    receiving.peer = await receiving.receiver.open({ roomy: true });
  });
  afterEach(() => receiving.receiver.end());
  return receiving;
}

module.exports = {
  Peer, Remote, UDP_GRO, UDP_SEGMENT, arriving, digests, install, sizesOf,
  withReceiver,
};
