'use strict';

/**
 * Peers in processes of their own, with the preloaded library of faults.c
 * between them and the kernel.
 */

const assert = require('node:assert');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');

const { compileLibrary } = require('../support/compile');
const support = require('../support/remote');
const { Peer, digests } = require('./peer');

/** Less than mocha's, so that what was waited for is told. */
const PATIENCE = 15000;

const UDP_SEGMENT = 103;
const UDP_GRO = 104;
const IPPROTO_UDP = 17;

let directory;
let logs = 0;

function library() {
  return compileLibrary(path.join(__dirname, 'faults.c'));
}

/** A Peer in another process: its methods, and the log of its calls. */
class Remote extends support.Remote {
  /**
   * @param {object} [options]
   * @param {string} [options.implementation] 'native' or 'builtin'
   * @param {string} [options.faults] script, see faults.c
   * @param {object} [options.env]
   * @param {string[]} [options.through] a command that runs what follows
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

  /** Ends the process; it has to end well, and by itself. */
  async end() {
    await this.call('end');
    assert.deepStrictEqual(await this.ended,
      { code: 0, signal: null, stderr: '' });
  }

  /** The system calls so far, in their order. */
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

  /** The sizes of the segments of segmented sends that were tried. */
  segments() {
    return this.sends().flatMap(({ messages }) => messages)
      .map(([, segment]) => segment).filter((segment) => segment > 0);
  }

  /** The runs that came in merged, as [length, segment]. */
  merged() {
    return this.seen('recvmsg', 'recvmmsg')
      .flatMap(({ messages }) => messages)
      .filter(([length, segment]) => segment > 0 && segment < length);
  }

  /** How often the script made a call fail or fall short. */
  injected() {
    return this.seen().filter(({ injected }) => injected).length;
  }

  /** The values that an option of UDP was set to. */
  options(number) {
    return this.seen('setsockopt')
      .filter(({ level, option }) =>
        level === IPPROTO_UDP && option === number)
      .map(({ value }) => value);
  }
}

/**
 * Sizes from a short form: '40x1200 3 2x5' is forty of 1200, one of 3 and two
 * of 5 bytes.
 */
function sizesOf(text) {
  return text.split(' ').flatMap((word) => {
    const [times, size] = word.includes('x') ? word.split('x') : [1, word];
    return new Array(Number(times)).fill(Number(size));
  });
}

/** What datagrams with these outcomes leave at the receiver. */
function arriving(sizes, outcomes, first = 0) {
  return digests(sizes, first)
    .filter((_, i) => typeof outcomes[i][1] === 'number');
}

/** mocha's root hooks of a file that uses this. */
function install() {
  before('compile the library', function() {
    this.timeout(60000);
    if (process.platform !== 'linux') this.skip(); // it is LD_PRELOAD's
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
 * A node:dgram socket with a large buffer in this process, anew for each test.
 * @returns {{receiver: Peer, peer: {socket: number, port: number}}} the Peer
 *   and what its open() said
 */
function withReceiver() {
  const plain = {};
  beforeEach(async () => {
    plain.receiver = new Peer('builtin');
    plain.peer = await plain.receiver.open({ roomy: true });
  });
  afterEach(() => plain.receiver.end());
  return plain;
}

module.exports = {
  Peer, Remote, UDP_GRO, UDP_SEGMENT, arriving, digests, install, sizesOf,
  withReceiver,
};
