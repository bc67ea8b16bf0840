'use strict';

/**
 * Connected to a closed port: ICMP errors are reported to a callback or as
 * 'error'. Every callback is still called once.
 */

const { Outgoing } = require('../flow');
const { connected, sendTo } = require('./sockets');

/** The discard port; the kernel never assigns it to a socket. */
const PORT = 9;
const TIMES = 20;

class Refused {
  constructor(flow) {
    this.name = 'closed port';
    this.outgoing = new Outgoing(flow);
    this.events = 0;
  }

  async open() {
    this.sender = await connected(PORT);
    this.sender.on('error', ({ code }) => {
      if (code === 'ECONNREFUSED') this.events++;
      else this.outgoing.faults.push(`'error' with ${code}`);
    });
  }

  async round() {
    for (let i = 0; i < TIMES; i++)
      sendTo(this.sender, null, this.outgoing.next(64));
    await this.outgoing.settled();
    // Waits for the error of the last datagram.
    await new Promise((resolve) => { setImmediate(resolve); });
  }

  /** No datagram is received: only the callbacks are accounted for. */
  flows() {
    const { outgoing } = this;
    const { sent, failed } = outgoing;
    if (sent > 0 && this.events + failed === 0)
      outgoing.faults.push('no ECONNREFUSED at all');
    const incoming =
      { received: sent, next: 0, lost: 0, late: 0, damaged: 0 };
    return [{ outgoing, incoming, drops: 0 }];
  }

  close() {
    this.sender.close();
  }
}

module.exports = { Refused };
