'use strict';

/** A socket that moves to a worker and back under traffic, by detach(). */

const path = require('node:path');
const { once } = require('node:events');
const { Worker } = require('node:worker_threads');

const packed = require('../../support/package');
const { randomSize } = require('../datagram');
const { Inbound } = require('./inbound');
const { bound, sendTo } = require('./sockets');

const dgram = require(packed.main);

/** A third is sent before, between and after the moves. */
const WINDOW = 8;

class Moving extends Inbound {
  constructor(flow) {
    super('moving socket', flow);
  }

  async open() {
    this.worker = new Worker(path.join(__dirname, 'moving-worker.js'));
    this.worker.unref();
    this.sender = await bound();
    this.receiver = await bound();
    this.port = this.receiver.address().port;
    this.listen();
  }

  listen() {
    this.receiver.on('message', (message) => this.incoming.take(message));
  }

  async round() {
    const { incoming, outgoing, worker } = this;
    this.send();
    worker.postMessage(this.receiver.detach());
    this.send();
    await outgoing.settled();
    worker.postMessage('back');
    const [{ ticket, received }] = await once(worker, 'message');
    this.send();
    this.receiver = dgram.createSocket({ from: ticket });
    for (const message of received) incoming.take(Buffer.from(message));
    this.listen();
    await outgoing.settled();
    await incoming.until(outgoing.sent);
  }

  send() {
    for (let i = 0; i < WINDOW; i++)
      sendTo(this.sender, this.port, this.outgoing.next(randomSize(1000)));
  }

  close() {
    super.close();
    this.worker.terminate();
  }
}

module.exports = { Moving };
