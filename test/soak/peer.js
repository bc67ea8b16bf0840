'use strict';

/**
 * The other side of the soak, in another process with Node's own dgram: echoes,
 * receives and floods. Controlled by subject.js.
 */

const { once } = require('node:events');
const dgram = require('node:dgram');

const { Incoming, Outgoing } = require('./flow');
const { dropsOf } = require('../support/kernel');
const { serve } = require('../support/remote');

const HOST = { udp4: '127.0.0.1', udp6: '::1' };

/** Sends per event loop iteration; enough to overload the receiver. */
const BURST = 250;

const sources = new Map();
const sinks = new Map();

async function bound(type) {
  const socket = dgram.createSocket(type);
  socket.bind(0, HOST[type]);
  await once(socket, 'listening');
  return socket;
}

const methods = {
  /** Sends every datagram back. */
  async echo({ type }) {
    const socket = await bound(type);
    socket.on('message', (message, { port, address }) =>
      socket.send(message, port, address));
    return socket.address().port;
  },

  /** Receives the datagrams of one flow. */
  async sink({ type, flow }) {
    const socket = await bound(type);
    const incoming = new Incoming(flow);
    const { port } = socket.address();
    socket.on('message', (message) => incoming.take(message));
    sinks.set(flow, { incoming, port, type });
    return port;
  },

  sunk({ flow }) {
    const { incoming, port, type } = sinks.get(flow);
    const { received, next, lost, late, damaged } = incoming;
    const drops = dropsOf(port, type);
    return { received, next, lost, late, damaged, drops };
  },

  /** Sends at full speed. @returns {object} the counters of the flow */
  async flood({ flow, type, port, count, size }) {
    if (!sources.has(flow)) {
      const socket = dgram.createSocket(type);
      socket.connect(port, HOST[type]);
      await once(socket, 'connect');
      sources.set(flow, { socket, outgoing: new Outgoing(flow) });
    }
    const { socket, outgoing } = sources.get(flow);
    for (let i = 0; i < count; i++) {
      const { bytes, callback } = outgoing.next(size);
      socket.send(bytes, callback);
      if (i % BURST === BURST - 1) await outgoing.settled();
    }
    await outgoing.settled();
    const { requested, sent, failed, bytes, faults } = outgoing;
    return { requested, sent, failed, bytes, faults, open: outgoing.open };
  },
};

serve(methods);
