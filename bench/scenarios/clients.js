'use strict';

/** Clients: sockets that live briefly or wait, and single or few datagrams. */

const { BASELINE, CONTROL } = require('../implementations');
const { CALLBACK_SENDERS, RECEIVERS, SOCKETS } = require('./common');

/**
 * sendMany() of a list and of columns, against the rate of the C baseline. Each
 * call is an event loop iteration, of which the C baseline has none: with 64
 * datagrams per call it is a large share of the CPU time, with 512 a small one.
 */
function sendMany(count, size, sink) {
  return {
    name: `sendMany() of ${count} × ${size} B, peer ${sink}`,
    groups: ['clients'],
    table: 'sendMany',
    role: 'send',
    config: { size, connected: false, callbacks: false, burst: count },
    baseline: { tool: 'send', args: { size, segment: 1, burst: count } },
    peer: { first: true, tool: 'recv', args: {
      gro: sink === 'with GRO' ? 1 : 0, rcvbuf: 4 * 1024 * 1024,
      spin: 1, discard: 1,
    } },
    implementations: ['dgram-native', 'dgram-native sendMany',
                      'dgram-native columns', CONTROL, BASELINE,
                      'Bun.udpSocket sendMany'],
    metrics: ['rate', 'cpu', 'busy', 'sinkLoss'],
    showsBaseline: ['cpu'],
    // Few calls send many datagrams: V8 compiles them late.
    warmLength: 4,
  };
}

function fanOut(peers) {
  return {
    name: `send 64 B to ${peers} peers in turn`,
    groups: ['clients', 'floods'],
    table: 'send',
    role: 'send',
    config: { size: 64, connected: false, callbacks: true, burst: peers },
    baseline: { tool: 'send', args: { size: 64, burst: peers } },
    peer: { first: true, tool: 'recv', args: {
      sockets: peers, spin: 1, discard: 1, rcvbuf: 1024 * 1024,
    } },
    implementations: CALLBACK_SENDERS,
    metrics: ['cpu', 'rate', 'busy', 'sinkLoss'],
    quick: true,
    inChart: true,
  };
}

const clients = [
  {
    name: 'a socket per request, 20 at a time',
    groups: ['clients'],
    table: 'sockets',
    role: 'socket-per-request',
    config: { concurrent: 20 },
    count: 60000,
    baseline: { tool: 'socket-per-request', args: { concurrent: 20 } },
    peer: { first: true, tool: 'echo-server', args: {} },
    implementations: SOCKETS,
    metrics: ['socketCpu', 'socketRate'],
    fixedSeconds: 4,
    quick: true,
  },
  {
    name: 'open, bind and close a socket',
    groups: ['clients'],
    table: 'sockets',
    role: 'open-close',
    count: 60000,
    baseline: { tool: 'open-close', args: {} },
    implementations: SOCKETS,
    metrics: ['socketCpu', 'socketRate'],
    fixedSeconds: 2.5,
    quick: true,
  },
  {
    name: '10,000 idle sockets',
    groups: ['clients', 'floods'],
    table: 'memory',
    role: 'memory',
    config: { sockets: 10000 },
    engine: 'gc',
    implementations: RECEIVERS.filter((name) =>
      name !== BASELINE && !/sharedBuffers|batch/.test(name)),
    metrics: ['socketMemory', 'openTime'],
    fixedSeconds: 1.5,
    quick: true,
  },
  {
    name: 'a socket sends to itself, one datagram at a time',
    groups: ['clients'],
    table: 'self',
    role: 'self',
    config: { size: 64 },
    count: 100000,
    baseline: { tool: 'self', args: { size: 64 } },
    implementations: SOCKETS,
    metrics: ['cpu', 'rate'],
    fixedSeconds: 2,
    quick: true,
  },
  fanOut(64),
  sendMany(64, 64, 'with GRO'),
  sendMany(64, 64, 'without GRO'),
  sendMany(512, 64, 'with GRO'),
];

module.exports = { clients };
