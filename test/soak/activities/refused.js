'use strict';

/**
 * Connected to a port where nobody listens: the kernel's ICMP errors come back,
 * to a callback or as 'error'. Every callback still comes once.
 */

const { Outgoing } = require('../flow');
const { connected, sendTo } = require('./sockets');

/** Discard; no socket is ever given it by chance. */
const PORT = 9;
const TIMES = 20;

class Refused {
  constructor(flow) {
    this.name = 'nobody listens';
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
    // Let the error of the last one come in as well.
    await new Promise((resolve) => { setImmediate(resolve); });
  }

  /** What the kernel took went to nobody: only the callbacks are booked. */
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
