'use strict';

/** One socket sends to many native sockets in rotation. */

const { randomSize } = require('../datagram');
const { Incoming, Outgoing } = require('../flow');
const { dropsOf } = require('../../support/kernel');
const { bound, sendTo } = require('./sockets');

const PEERS = 64;
const EACH = 4;

class ManyPeers {
  constructor(firstFlow) {
    this.name = `${PEERS} peers`;
    this.peers = Array.from({ length: PEERS }, (_, i) => ({
      outgoing: new Outgoing(firstFlow + i),
      incoming: new Incoming(firstFlow + i),
    }));
  }

  async open() {
    this.sender = await bound();
    for (const peer of this.peers) {
      peer.socket = await bound();
      peer.port = peer.socket.address().port;
      peer.socket.on('message', (message) => peer.incoming.take(message));
    }
  }

  async round() {
    for (let i = 0; i < EACH; i++) {
      for (const { port, outgoing } of this.peers)
        sendTo(this.sender, port, outgoing.next(randomSize(1000)));
    }
    for (const { outgoing, incoming } of this.peers) {
      await outgoing.settled();
      await incoming.until(outgoing.sent);
    }
  }

  flows() {
    return this.peers.map(({ outgoing, incoming, port }) =>
      ({ outgoing, incoming, drops: dropsOf(port) }));
  }

  close() {
    this.sender.close();
    for (const { socket } of this.peers) socket.close();
  }
}

module.exports = { ManyPeers };
