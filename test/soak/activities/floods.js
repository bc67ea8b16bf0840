'use strict';

/**
 * More datagrams than the receiver can process. The kernel counts drops, one
 * per datagram as long as there are no GRO buffers in the queue. So one of the
 * two ends is always Node's own dgram, which uses neither GSO nor GRO.
 */

const { Outgoing } = require('../flow');
const { Inbound } = require('./inbound');
const { bound, connected, sendTo } = require('./sockets');

const BURST = 500;
const BURSTS = 2;

/** From the peer to a slow listener. */
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
    // Simulates the time that a program needs for a datagram.
    const end = process.hrtime.bigint() + 10000n;
    while (process.hrtime.bigint() < end);
    this.incoming.take(message);
  }

  async round() {
    const { flow, type, port } = this;
    const size = Math.random() < 0.1 ? 16000 : 200;
    // The sender's counters are in the other process.
    this.outgoing = await this.remote.call('flood',
      { flow, type, port, count: BURST * BURSTS, size });
  }
}

/** From dgram-native, with GSO, to Node's own dgram. */
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
