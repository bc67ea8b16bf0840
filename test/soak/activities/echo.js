'use strict';

/** There and back, over Node's own dgram. Nothing may be lost. */

const { dropsOf } = require('../../support/kernel');
const { randomSize } = require('../datagram');
const { Incoming, Outgoing } = require('../flow');
const { bound, connected, sendTo } = require('./sockets');

/** So few that the smallest receive buffer holds them. */
const WINDOW = 16;
const WINDOWS = 10;

class Echo {
  constructor(flow, { type = 'udp4', connect = false, sharedBuffers = false }) {
    this.name = `echo ${type}${connect ? ', connected' : ''}` +
      `${sharedBuffers ? ', sharedBuffers' : ''}`;
    this.options = { type, connect, sharedBuffers };
    this.outgoing = new Outgoing(flow);
    this.incoming = new Incoming(flow);
  }

  async open(remote) {
    const { type, connect, sharedBuffers } = this.options;
    const port = await remote.call('echo', { type });
    this.socket = connect ?
      await connected(port, type, { sharedBuffers }) :
      await bound(type, { sharedBuffers });
    this.port = connect ? null : port;
    this.socket.on('message', (message) => this.incoming.take(message));
  }

  async round() {
    for (let i = 0; i < WINDOWS; i++) {
      for (let j = 0; j < WINDOW; j++)
        sendTo(this.socket, this.port, this.outgoing.next(randomSize(1400)));
      await this.outgoing.settled();
      await this.incoming.until(this.outgoing.sent);
    }
  }

  flows() {
    const { outgoing, incoming, options: { type } } = this;
    const { port } = this.socket.address();
    return [{ outgoing, incoming, drops: dropsOf(port, type) }];
  }

  close() {
    this.socket.close();
  }
}

module.exports = { Echo };
