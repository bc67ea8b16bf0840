'use strict';

/**
 * Sends to a host name, one datagram at a time because of the lookups. With a
 * cache, datagrams keep their order.
 */

const { randomSize } = require('../datagram');
const { Inbound } = require('./inbound');
const { bound } = require('./sockets');

const TIMES = 8;

class Names extends Inbound {
  constructor(flow, { lookupCache }) {
    super(`localhost by name${lookupCache ? ', cached' : ''}`, flow);
    this.lookupCache = lookupCache;
  }

  async open() {
    const { lookupCache } = this;
    this.sender = await bound('udp4', { lookupCache });
    this.receiver = await bound();
    this.port = this.receiver.address().port;
    this.receiver.on('message', (message) => this.incoming.take(message));
  }

  async round() {
    for (let i = 0; i < TIMES; i++) {
      const { bytes, callback } = this.outgoing.next(randomSize(1000));
      this.sender.send(bytes, this.port, 'localhost', callback);
      if (!this.lookupCache) await this.outgoing.settled();
    }
    await this.outgoing.settled();
    await this.incoming.until(this.outgoing.sent);
  }
}

module.exports = { Names };
