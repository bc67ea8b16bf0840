'use strict';

/**
 * A socket of node:dgram on a thread of its own. The thread under test can see
 * which datagrams have arrived without running its event loop.
 */

const { once } = require('node:events');
const { Worker } = require('node:worker_threads');

/** Datagrams that are recorded, at most. */
const CAPACITY = 1024;

/** In milliseconds: for datagrams that have to arrive, and for others. */
const PATIENCE = 2000;
const GRACE = 25;

/** Records the first byte of each datagram. */
const PROGRAM = `
  const { parentPort, workerData } = require('node:worker_threads');
  const words = new Int32Array(workerData);
  const socket = require('node:dgram').createSocket('udp4', (msg) => {
    words[1 + words[0]] = msg[0];
    Atomics.add(words, 0, 1);
    Atomics.notify(words, 0);
  });
  socket.bind(0, '127.0.0.1', () => {
    parentPort.postMessage(socket.address().port);
  });
`;

class Peer {
  constructor() {
    const memory = new SharedArrayBuffer(4 * (1 + CAPACITY));
    this.words = new Int32Array(memory);
    this.worker = new Worker(PROGRAM, { eval: true, workerData: memory });
    this.port = 0;
  }

  static async open() {
    const peer = new Peer();
    [peer.port] = await once(peer.worker, 'message');
    return peer;
  }

  /**
   * Blocks until `count` datagrams have arrived, and a little longer.
   * @param {number} count
   * @returns {string} the first character of each that has arrived
   */
  arrived(count) {
    const { words } = this;
    const end = Date.now() + PATIENCE;
    while (Atomics.load(words, 0) < count && Date.now() < end)
      Atomics.wait(words, 0, Atomics.load(words, 0), PATIENCE / 10);
    const quiet = Date.now() + GRACE;
    while (Date.now() < quiet)
      Atomics.wait(words, 0, Atomics.load(words, 0), GRACE);
    return String.fromCharCode(...words.subarray(1, 1 + words[0]));
  }

  close() {
    return this.worker.terminate();
  }
}

module.exports = { Peer };
