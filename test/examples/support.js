'use strict';

/**
 * Runs a file of examples/ as a user would, in its own process, and proves at
 * its end that it used dgram-native.
 */

const assert = require('node:assert');
const { spawn } = require('node:child_process');
const dgram = require('node:dgram');
const { once } = require('node:events');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');

const { limited, until } = require('../e2e/support/limited');
const { Witness } = require('../e2e/support/witness');
const packed = require('../support/package');

const native = require(packed.main);

// In the packed files 'dgram-native' resolves to the package itself.
const EXAMPLES = path.join(packed.directory, 'examples');
const TIMEOUT = 60000;

class Example {
  #child;
  errors = '';
  #exit;
  #unix;
  #witness;
  output = '';

  /**
   * @param {object} [options]
   * @param {object} [options.env]
   * @param {string} [options.input] standard input
   * @param {boolean} [options.unix] its sockets are Unix sockets, which only
   *   the C core has: no proof is needed
   */
  constructor(directory, file, args, { env = {}, input, unix = false } = {}) {
    this.#witness = new Witness(directory, []);
    this.#unix = unix;
    this.#child = spawn(process.execPath,
      [...this.#witness.execArgv, path.join(EXAMPLES, file), ...args], {
        env: { ...process.env, NODE_OPTIONS: '', ...env },
        stdio: [input === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'],
      });
    this.#child.stdin?.end(input);
    this.#child.stdout.setEncoding('utf8')
      .on('data', (text) => this.output += text);
    this.#child.stderr.setEncoding('utf8')
      .on('data', (text) => this.errors += text);
    this.#exit = once(this.#child, 'close');
  }

  /** Waits for a pattern in its output; resolves to the match. */
  async prints(pattern) {
    const match = await until(
      () => `${pattern} in: ${this.output}${this.errors}`,
      () => pattern.exec(this.output) ?? this.#ended);
    assert.notStrictEqual(match, true, `it ended: ${this.errors}`);
    return match;
  }

  /** Ends it as Ctrl-C does. */
  end() {
    this.#child.kill('SIGINT');
    return this.finished();
  }

  /** Waits until it has ended by itself. */
  async finished() {
    const [code, signal] = await limited('its end', this.#exit);
    assert.deepStrictEqual({ code, signal, errors: this.errors },
      { code: 0, signal: null, errors: '' });
    if (!this.#unix) assert.ok(this.#witness.proveOurs() > 0);
  }

  async kill() {
    this.#child.kill('SIGKILL');
    await this.#exit;
  }

  get #ended() {
    return this.#child.exitCode !== null || this.#child.signalCode !== null;
  }
}

/**
 * Called within describe(). Closes and ends everything after each test.
 *
 * @returns {{ run(file: string, ...args: string[]): Example,
 *   start(file: string, args: string[], options: object): Example,
 *   path(name: string): string,
 *   peer(port?: number): Promise<dgram.Socket>,
 *   shared(options: object, address: string): Promise<dgram.Socket> }} peer()
 *   is a socket of node:dgram on loopback. shared() is a socket of dgram-native
 *   that reserves a port for examples with the same `options`
 */
function useExamples() {
  let directory;
  let examples = [];
  const peers = new Set();

  beforeEach(function() {
    this.currentTest.timeout(TIMEOUT);
    directory = fs.mkdtempSync(path.join(os.tmpdir(), 'dgram-example-'));
  });

  afterEach(async function() {
    this.timeout(TIMEOUT);
    for (const peer of peers) peer.close();
    await Promise.all(examples.map((example) => example.kill()));
    examples = [];
    fs.rmSync(directory, { recursive: true, force: true, maxRetries: 3 });
  });

  return {
    run: (file, ...args) => start(file, args),
    start,
    /** The path of a file in a directory that is removed after the test. */
    path: (name) => path.join(directory, name),
    peer: (port = 0) =>
      open(dgram.createSocket('udp4'), '127.0.0.1', port),
    // Not node:dgram, which has reusePort only since 22.12.
    shared: (options, address) =>
      open(native.createSocket({ type: 'udp4', ...options }), address),
  };

  /** run() with the environment and standard input of the example. */
  function start(file, args, options) {
    const example = new Example(directory, file, args, options);
    examples.push(example);
    return example;
  }

  async function open(socket, address, port = 0) {
    peers.add(socket);
    socket.once('close', () => peers.delete(socket));
    socket.bind(port, address);
    await once(socket, 'listening');
    return socket;
  }
}

/** Sends `text` and resolves to the answer. */
async function ask(peer, port, text) {
  const answer = once(peer, 'message');
  peer.send(text, port, '127.0.0.1');
  const [msg] = await limited(`an answer to ${text}`, answer);
  return String(msg);
}

/**
 * Sends requests, some of them ahead of their answers, to servers that replace
 * one another. Checks that each one is answered once.
 * @param {Socket} peer
 * @param {number} port
 * @param {RegExp} pattern of an answer: the name of the server, the request
 * @param {number} count requests
 * @returns {Promise<number>} servers that have answered
 */
async function floodServers(peer, port, pattern, count) {
  const answers = new Map();
  const servers = new Set();
  peer.on('message', (msg) => {
    const [, server, text] = pattern.exec(msg);
    servers.add(server);
    answers.set(text, (answers.get(text) ?? 0) + 1);
  });
  for (let i = 0; i < count; i++) {
    // The kernel's receive buffer has room for some hundred.
    await until(() => `answers: ${answers.size} of ${i}`,
      () => i - answers.size < 100);
    peer.send(`n${i}`, port, '127.0.0.1');
  }
  await until(() => `${answers.size} answers`, () => answers.size === count);
  assert.deepStrictEqual([...new Set(answers.values())], [1]);
  const total = servers.size;
  // The next server is running when the example is ended.
  peer.send('last', port, '127.0.0.1');
  await until(() => 'the last answer', () => answers.has('last'));
  return total;
}

module.exports = { ask, floodServers, useExamples };
