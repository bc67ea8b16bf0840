'use strict';

/** sendMany() to a socket that listens for 'batch'. */

const { randomSize } = require('../datagram');
const { Inbound } = require('./inbound');
const { HOST, bound, connected } = require('./sockets');

/** Few enough for the smallest receive buffer. */
const WINDOW = 48;
const WINDOWS = 10;

class SendMany extends Inbound {
  constructor(flow, { connect }) {
    super(`sendMany${connect ? ', connected' : ''}, batch`, flow);
    this.connect = connect;
  }

  async open() {
    this.receiver = await bound('udp4', { sharedBuffers: true });
    this.port = this.receiver.address().port;
    this.sender = this.connect ? await connected(this.port) : await bound();
    this.receiver.on('batch', ({ count, data, offsets, sizes }) => {
      for (let i = 0; i < count; i++) {
        this.incoming.take(
          data.subarray(offsets[i], offsets[i] + sizes[i]));
      }
    });
  }

  async round() {
    for (let i = 0; i < WINDOWS; i++) await this.window();
  }

  async window() {
    const { outgoing, incoming, port } = this;
    // Mostly one size, to form segment groups; sometimes random sizes.
    const size = randomSize(1200);
    const mixed = Math.random() < 0.25;
    const packets = [];
    for (let i = 0; i < WINDOW; i++) {
      const bytes = outgoing.nextBytes(mixed ? randomSize(1200) : size);
      if (this.connect) packets.push(bytes);
      else packets.push(bytes, port, HOST.udp4);
    }
    let calls = 0;
    await new Promise((resolve) => {
      this.sender.sendMany(packets, (error, count) => {
        if (++calls > 1) outgoing.faults.push('sendMany called back twice');
        outgoing.sent += count;
        outgoing.failed += WINDOW - count;
        if (error) outgoing.faults.push(error.message);
        resolve();
      });
    });
    await incoming.until(outgoing.sent);
  }
}

module.exports = { SendMany };
