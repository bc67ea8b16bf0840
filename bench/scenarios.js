'use strict';

/**
 * The scenarios, as data. run-once.js runs them.
 *
 *   role, config     of the measured process (roles/), on CPU 0
 *   baseline         the same in C: tool (baseline/) and arguments
 *   peer             the other side, always in C, on CPU 1: tool and arguments.
 *                    `first`: it is started first and reports its ports
 *   engine           flags of the runtime (implementations.js)
 *   sharedCpu        both sides share CPU 0
 *   peerLength       the peer measures too, for this part of the time
 *   implementations  the names of those that can take part
 *   metrics          the first is the main figure
 *   quick            part of --quick
 *   inChart          part of the chart
 *   length           measured time, as a multiple of the usual time
 *   fixedSeconds     duration of a run that does not depend on the usual time
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
 *
 * Echo. With one request in flight the client answers each reply at once with
 * the next request. A slow server finds it in its queue; a fast server is
 * already asleep and has to be woken up. With a pause every server is asleep.
 */

const { BASELINE, CONTROL } = require('./implementations');

const SIZES = [64, 512, 1400];

const bytes = (size) => `${size.toLocaleString('en-US')} B`;

// Kernel memory in the receiver's queue.
const WINDOW = 512 * 1024;

const RECEIVERS = [
  'dgram-native', 'dgram-native sharedBuffers', 'dgram-native batch', CONTROL,
  BASELINE, 'Bun node:dgram', 'Bun.udpSocket', 'Deno node:dgram',
];
const SENDERS = [
  'dgram-native', 'dgram-native sendMany', CONTROL, BASELINE, 'Bun node:dgram',
  'Bun.udpSocket', 'Bun.udpSocket sendMany', 'Deno node:dgram',
];
// Bun.udpSocket has no callbacks.
const CALLBACK_SENDERS = SENDERS.filter((name) =>
  !name.startsWith('Bun.udpSocket'));
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
    group: 'receive',
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
    group: 'send',
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

function fanOut(peers) {
  return {
    name: `send 64 B to ${peers} peers in turn`,
    group: 'send',
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

function echo(flight, sockets, { pause = 0, quick = false } = {}) {
  const total = flight * sockets;
  return {
    name: `echo 64 B, ${total} in flight` +
          (sockets > 1 ? ` from ${sockets} clients` : '') +
          (pause ? `, ${pause} µs apart` : ''),
    group: 'echo',
    role: 'echo',
    baseline: { tool: 'echo-server', args: {} },
    peer: { tool: 'echo-client', args: {
      size: 64, flight, sockets, pause,
    } },
    // Ends before the server does.
    peerLength: 0.85,
    implementations: RECEIVERS,
    metrics: total > 1 ?
      ['requests', 'rtt50', 'rtt99', 'cpu'] :
      ['rtt50', 'rtt99', 'requests', 'cpu'],
    quick,
  };
}

function timers(source, { quick = false } = {}) {
  const { peer } = receive(64, source);
  return {
    name: `10 ms timer while receiving 64 B, ${source}`,
    group: 'timers',
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
    group: 'memory',
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

const scenarios = [
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
  fanOut(64),

  echo(1, 1, { quick: true }),
  echo(1, 1, { pause: 100, quick: true }),
  echo(64, 1, { quick: true }),
  echo(1, 64),

  {
    name: '1,000 sockets, 20,000 datagrams/s',
    group: 'sparse',
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

  {
    name: '10,000 idle sockets',
    group: 'memory',
    role: 'memory',
    config: { sockets: 10000 },
    engine: 'gc',
    implementations: RECEIVERS.filter((name) =>
      name !== BASELINE && !/sharedBuffers|batch/.test(name)),
    metrics: ['socketMemory', 'openTime'],
    fixedSeconds: 1.5,
    quick: true,
  },
  ...garbage(64),
  ...garbage(1400),
  {
    name: 'require()',
    group: 'memory',
    role: 'load',
    implementations: ['dgram-native', CONTROL],
    metrics: ['load'],
    fixedSeconds: 0.1,
    quick: true,
  },
];

module.exports = { scenarios };
