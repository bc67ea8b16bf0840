'use strict';

/**
 * Opens sockets and closes each at another stage of its life. Checks that there
 * are as many 'close' events as sockets.
 */

const packed = require('../../support/package');
const { HOST } = require('./sockets');

const dgram = require(packed.main);

const EACH = 6;

/** Each calls `close` once, at any time, unless it detaches the socket. */
const LIVES = [
  (socket, close) => close(),
  (socket, close) => {
    socket.bind(0, HOST.udp4);
    close();
  },
  (socket, close) => socket.bind(0, HOST.udp4, close),
  (socket, close) => socket.connect(9, HOST.udp4, close),
  (socket, close) => {
    socket.send('dropped by close()', 9, HOST.udp4);
    close();
  },
  (socket, close) => {
    socket.bind(0, HOST.udp4, () => {
      const { port } = socket.address();
      socket.once('message', close);
      for (let i = 0; i < 10; i++) socket.send('to itself', port, HOST.udp4);
    });
  },
  (socket, close) => {
    socket.bind(0, HOST.udp4, () =>
      socket.send('from its callback', 9, HOST.udp4, close));
  },
  // Nothing uses the ticket.
  (socket) => socket.bind(0, HOST.udp4, () => socket.detach({ timeout: 1 })),
  (socket, close) => {
    socket.connect(9, HOST.udp4, () => {
      for (let i = 0; i < 5; i++) socket.send('connected');
      close();
    });
  },
];

class Churn {
  constructor() {
    this.name = 'short-lived sockets';
    this.opened = 0;
    this.closed = 0;
  }

  open() {}

  async round() {
    const ends = [];
    for (let i = 0; i < EACH; i++) {
      for (const live of LIVES) ends.push(this.live(live));
    }
    await Promise.all(ends);
  }

  live(live) {
    this.opened++;
    return new Promise((resolve) => {
      const socket = dgram.createSocket('udp4');
      // Port 9 answers with an ICMP error.
      socket.on('error', () => {});
      socket.on('close', () => {
        this.closed++;
        resolve();
      });
      live(socket, () => socket.close());
    });
  }

  flows() {
    return [];
  }

  faults() {
    return this.opened === this.closed ?
      [] :
      [`${this.opened} sockets, ${this.closed} 'close' events`];
  }

  close() {}
}

module.exports = { Churn };
