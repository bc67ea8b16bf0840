'use strict';

/** Echoes through Node's own dgram. No datagram may be lost. */

const { randomSize } = require('../datagram');
const { Inbound } = require('./inbound');
const { bound, connected, sendTo } = require('./sockets');

/** Few enough for the smallest receive buffer. */
const WINDOW = 16;
const WINDOWS = 10;

class Echo extends Inbound {
  constructor(flow, { type = 'udp4', connect = false, sharedBuffers = false }) {
    super(`echo ${type}${connect ? ', connected' : ''}` +
      `${sharedBuffers ? ', sharedBuffers' : ''}`, flow);
    this.options = { type, connect, sharedBuffers };
  }

  async open(remote) {
    const { type, connect, sharedBuffers } = this.options;
    const port = await remote.call('echo', { type });
    this.receiver = connect ?
      await connected(port, type, { sharedBuffers }) :
      await bound(type, { sharedBuffers });
    this.port = connect ? null : port;
    this.receiver.on('message', (message) => this.incoming.take(message));
  }

  async round() {
    for (let i = 0; i < WINDOWS; i++) {
      for (let j = 0; j < WINDOW; j++)
        sendTo(this.receiver, this.port, this.outgoing.next(randomSize(1400)));
      await this.outgoing.settled();
      await this.incoming.until(this.outgoing.sent);
    }
  }
}

module.exports = { Echo };
