'use strict';

/**
 * Runs a file of examples/ as its reader would, in a process of its own, and
 * proves at its end that it used dgram-native.
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

const ours = require(packed.main);

// There they require 'dgram-native' and get what is beside them.
const EXAMPLES = path.join(packed.directory, 'examples');
const TIMEOUT = 60000;

class Example {
  #child;
  #errors = '';
  #exit;
  #witness;
  output = '';

  constructor(directory, file, args) {
    this.#witness = new Witness(directory, []);
    this.#child = spawn(process.execPath,
      [...this.#witness.execArgv, path.join(EXAMPLES, file), ...args], {
        env: { ...process.env, NODE_OPTIONS: '' },
        stdio: ['ignore', 'pipe', 'pipe'],
      });
    this.#child.stdout.setEncoding('utf8')
      .on('data', (text) => this.output += text);
    this.#child.stderr.setEncoding('utf8')
      .on('data', (text) => this.#errors += text);
    this.#exit = once(this.#child, 'close');
  }

  /** Waits for a text in its output; resolves to what matched. */
  async prints(pattern) {
    const match = await until(
      () => `${pattern} in: ${this.output}${this.#errors}`,
      () => pattern.exec(this.output) ?? this.#ended);
    assert.notStrictEqual(match, true, `it ended: ${this.#errors}`);
    return match;
  }

  /** Ends it as Ctrl-C does. */
  async end() {
    this.#child.kill('SIGINT');
    const [code, signal] = await limited('its end', this.#exit);
    assert.deepStrictEqual({ code, signal, errors: this.#errors },
      { code: 0, signal: null, errors: '' });
    assert.ok(this.#witness.proveOurs() > 0);
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
 * To be called within describe(). After each test nothing is left.
 *
 * @returns {{ run(file: string, ...args: string[]): Example,
 *   peer(): Promise<dgram.Socket>,
 *   shared(options: object, address: string): Promise<dgram.Socket> }} peer()
 *   is a socket of the built-in, bound to loopback. shared() is one that keeps
 *   its port for examples that share it, `options` being theirs
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
    run(file, ...args) {
      const example = new Example(directory, file, args);
      examples.push(example);
      return example;
    },
    peer: () => open(dgram.createSocket('udp4'), '127.0.0.1'),
    // Ours: reusePort is not in every version of the built-in.
    shared: (options, address) =>
      open(ours.createSocket({ type: 'udp4', ...options }), address),
  };

  async function open(socket, address) {
    peers.add(socket);
    socket.once('close', () => peers.delete(socket));
    socket.bind(0, address);
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

module.exports = { ask, useExamples };
