'use strict';

/**
 * More than the receiver can take. The kernel counts what it drops, each
 * datagram by itself as long as no merged runs are in the queue: one of the two
 * ends is always Node's own dgram, which makes none and takes none.
 */

const { Outgoing } = require('../flow');
const { Inbound } = require('./inbound');
const { bound, connected, sendTo } = require('./sockets');

const BURST = 500;
const BURSTS = 2;

/** From the peer to a listener that is slow. */
class FloodIn extends Inbound {
  constructor(flow, { type = 'udp4', batch = false }) {
    super(`flood in, ${type}${batch ? ', batch' : ''}`, flow);
    this.flow = flow;
    this.type = type;
    this.batch = batch;
  }

  async open(remote) {
    this.remote = remote;
    this.receiver = await bound(this.type);
    this.port = this.receiver.address().port;
    if (this.batch) {
      this.receiver.on('batch', ({ count, data, offsets, sizes }) => {
        for (let i = 0; i < count; i++)
          this.take(data.subarray(offsets[i], offsets[i] + sizes[i]));
      });
    } else {
      this.receiver.on('message', (message) => this.take(message));
    }
  }

  take(message) {
    // The time that a program may need for a datagram.
    const end = process.hrtime.bigint() + 10000n;
    while (process.hrtime.bigint() < end);
    this.incoming.take(message);
  }

  async round() {
    const { flow, type, port } = this;
    const size = Math.random() < 0.1 ? 16000 : 200;
    // The books of the other side take the place of ours.
    this.outgoing = await this.remote.call('flood',
      { flow, type, port, count: BURST * BURSTS, size });
  }
}

/** From us, with segmented sends, to Node's own dgram. */
class FloodOut {
  constructor(flow, { type = 'udp4', connect = false }) {
    this.name = `flood out, ${type}${connect ? ', connected' : ''}`;
    this.flow = flow;
    this.type = type;
    this.connect = connect;
    this.outgoing = new Outgoing(flow);
  }

  async open(remote) {
    const { flow, type, connect } = this;
    this.remote = remote;
    const port = await remote.call('sink', { type, flow });
    this.sender = connect ? await connected(port, type) : await bound(type);
    this.port = connect ? null : port;
  }

  async round() {
    const size = Math.random() < 0.1 ? 9000 : 300;
    for (let burst = 0; burst < BURSTS; burst++) {
      for (let i = 0; i < BURST; i++)
        sendTo(this.sender, this.port, this.outgoing.next(size));
      await this.outgoing.settled();
    }
  }

  async flows() {
    const { drops, ...incoming } =
      await this.remote.call('sunk', { flow: this.flow });
    return [{ outgoing: this.outgoing, incoming, drops }];
  }

  close() {
    this.sender.close();
  }
}

module.exports = { FloodIn, FloodOut };
