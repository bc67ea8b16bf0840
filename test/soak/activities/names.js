'use strict';

/** Sends to a host name, one datagram at a time because of the lookups. */

const { randomSize } = require('../datagram');
const { Inbound } = require('./inbound');
const { bound } = require('./sockets');

const TIMES = 8;

class Names extends Inbound {
  constructor(flow) {
    super('localhost by name', flow);
  }

  async open() {
    this.sender = await bound();
    this.receiver = await bound();
    this.port = this.receiver.address().port;
    this.receiver.on('message', (message) => this.incoming.take(message));
  }

  async round() {
    for (let i = 0; i < TIMES; i++) {
      const { bytes, callback } = this.outgoing.next(randomSize(1000));
      this.sender.send(bytes, this.port, 'localhost', callback);
      await this.outgoing.settled();
    }
    await this.incoming.until(this.outgoing.sent);
  }
}

module.exports = { Names };
