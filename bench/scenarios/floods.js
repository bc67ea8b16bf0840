'use strict';

/**
 * Floods: sending and receiving as fast as possible.
 *
 * Receive. Receivers are compared at saturation. The sender reads the fill
 * level of the receiver's queue from the kernel and keeps the queue filled
 * without overflow, so no datagram is lost and each receiver sets its own
 * rate. A receiver that is faster than the sender is idle part of the time:
 * `busy` shows that, and its CPU time includes the wake-ups.
 *
 *   with GRO     the sender uses GSO: 64 datagrams reach the receiver as one
 *                packet, as from a network card with GRO
 *   without GRO  each datagram is sent, and arrives, separately
 *   queued       without GRO, but sender and receiver alternate on one CPU, so
 *                that the receiver finds a queue. From another CPU the sender
 *                takes 3 us per datagram and never fills it
 *
 * Send. The measured sender waits for no reply. The sink reads without copying
 * and never sleeps, so that it is faster than any sender. On loopback the
 * sender's CPU time includes the whole network stack, up to the sink's queue.
 */

const { BASELINE, CONTROL } = require('../implementations');
const { CALLBACK_SENDERS, RECEIVERS, SENDERS, bytes } = require('./common');

const SIZES = [64, 512, 1400];

// Kernel memory in the receiver's queue.
const WINDOW = 512 * 1024;

// Deno takes part in enough other send scenarios.
const SILENT_SENDERS = SENDERS.filter((name) => !name.startsWith('Deno'));

/** Bun and Deno skip the middle size, which saves minutes. */
function forSize(size, names) {
  return size === 512 ?
    names.filter((name) => !/^(?:Bun|Deno)/.test(name)) : names;
}

// As many as Node's own benchmarks send at once.
const BURST = 100;

function receive(size, source, { quick = false } = {}) {
  const sharedCpu = source === 'without GRO, queued';
  return {
    name: `receive ${bytes(size)}, ${source}`,
    groups: ['floods'],
    table: 'receive',
    role: 'receive',
    baseline: { tool: 'recv', args: { gro: 1, rcvbuf: 1024 * 1024 } },
    peer: { tool: 'send', args: {
      size, connected: 1, window: WINDOW,
      segment: source === 'with GRO' ? 1 : 0,
      ...sharedCpu && { share: 1 },
    } },
    sharedCpu,
    implementations: forSize(size, RECEIVERS),
    metrics: ['cpu', 'rate', 'busy', 'loss'],
    quick,
    inChart: true,
  };
}

function send(size, sink, connected, callbacks, { quick = false } = {}) {
  return {
    name: `send ${bytes(size)}, ${connected ? 'connected, ' : ''}` +
          `${callbacks ? 'callbacks' : 'no callbacks'}, peer ${sink}`,
    groups: ['floods'],
    table: 'send',
    role: 'send',
    config: { size, connected, callbacks, burst: BURST },
    baseline: { tool: 'send', args: {
      size, segment: 1, connected: connected ? 1 : 0, burst: BURST,
    } },
    peer: { first: true, tool: 'recv', args: {
      gro: sink === 'with GRO' ? 1 : 0, rcvbuf: 4 * 1024 * 1024,
      spin: 1, discard: 1,
    } },
    implementations: forSize(
      size, callbacks ? CALLBACK_SENDERS : SILENT_SENDERS),
    metrics: ['cpu', 'rate', 'busy', 'sinkLoss'],
    quick,
    inChart: size !== 512 && !connected,
  };
}

function timers(source, { quick = false } = {}) {
  const { peer } = receive(64, source);
  return {
    name: `10 ms timer while receiving 64 B, ${source}`,
    groups: ['floods'],
    table: 'timers',
    role: 'timers',
    peer,
    implementations: RECEIVERS.filter((name) => name !== BASELINE),
    metrics: ['late99', 'late50', 'rate'],
    length: 4,
    quick,
  };
}

function garbage(size) {
  const { peer } = receive(size, 'with GRO');
  const common = {
    groups: ['floods'],
    table: 'memory',
    peer,
    implementations: ['dgram-native', 'dgram-native sharedBuffers',
                      'dgram-native batch', CONTROL],
  };
  return [{
    ...common,
    name: `garbage per message of ${bytes(size)}`,
    role: 'garbage',
    engine: 'roomy',
    metrics: ['garbage'],
    fixedSeconds: 0.5,
  }, {
    ...common,
    name: `garbage collection, messages of ${bytes(size)}`,
    role: 'collecting',
    metrics: ['collecting'],
    length: 2,
  }];
}

const floods = [
  ...SIZES.map((size) =>
    receive(size, 'with GRO', { quick: size !== 512 })),
  ...SIZES.map((size) =>
    receive(size, 'without GRO', { quick: size !== 512 })),
  ...SIZES.map((size) => receive(size, 'without GRO, queued')),

  ...SIZES.flatMap((size) => ['with GRO', 'without GRO'].flatMap((sink) =>
    [false, true].flatMap((connected) => [true, false].map((callbacks) =>
      send(size, sink, connected, callbacks, {
        quick: size !== 512 && !connected && callbacks,
      }))))),

  {
    ...receive(64, 'with GRO'),
    name: 'receive 64 B, with GRO, all of receiveInfo',
    implementations: ['dgram-native receiveInfo',
                      'dgram-native batch receiveInfo', 'dgram-native',
                      CONTROL],
    inChart: false,
  },

  {
    name: '1,000 sockets, 20,000 datagrams/s',
    groups: ['floods'],
    table: 'sparse',
    role: 'receive',
    config: { sockets: 1000, smallBuffer: true },
    baseline: { tool: 'recv', args: { sockets: 1000, gro: 1 } },
    peer: { tool: 'send', args: { size: 64, rate: 20000 } },
    implementations: RECEIVERS,
    metrics: ['cpu', 'rate'],
    length: 2,
    inChart: true,
  },

  timers('with GRO', { quick: true }),
  timers('without GRO'),

  ...garbage(64),
  ...garbage(1400),
];

module.exports = { floods };
