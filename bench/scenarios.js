'use strict';

/**
 * What is measured. Data; run-once.js carries it out.
 *
 *   role, config   of the measured process (roles/), on CPU 0
 *   floor          the same in C: tool (floor/) and arguments
 *   peer           the other side, always in C, on CPU 1: tool and arguments.
 *                  `first`: it is started first, and says its ports
 *   engine         what the runtime has to be started with (contestants.js)
 *   sharedCpu      the two take turns on CPU 0
 *   peerLength     the peer measures too, for this part of the time
 *   contestants    who can take part
 *   metrics        the first is what a scenario is judged by
 *   quick          part of --quick
 *   length         of the measured time, as a multiple of the usual
 *   once           seconds that a run takes, whatever the measured time
 *
 * Receiving. A receiver is compared at saturation: the sender looks at how full
 * the receiver's queue is (the kernel tells, the receiver is not involved) and
 * keeps it filled without an overflow. So nothing is lost, nobody is slowed
 * down by datagrams that are dropped, and a slow receiver is not asked for what
 * a fast one is. Where a receiver is faster than one sending CPU it is idle for
 * part of the time, which `busy` tells, and its figure includes being woken up.
 *
 *   merging   the sender segments: 64 datagrams reach the receiver's host as
 *             one packet, as from a network card that merges (GRO)
 *   plain     each datagram is sent, and arrives, by itself
 *   backlog   plain too, but with sender and receiver in turns on one CPU, so
 *             that the receiver finds a queue: a plain sender needs 3 us for a
 *             datagram, too long to keep a good receiver busy from another CPU
 *
 * Sending. The measured sender does not wait for anybody; the sink reads
 * without copying and never sleeps, to be faster than any sender. On loopback
 * the sender's CPU time includes all the work of the network stack, up to the
 * sink's queue.
 *
 * Echo. With one request in flight the client answers a reply at once with the
 * next request, so a server that takes long after its reply finds that request
 * already there, and one that is quick falls asleep first and has to be woken
 * up. With a pause between them every server is asleep.
 */

const SIZES = [64, 512, 1400];

// Kernel memory in the receiver's queue.
const WINDOW = 512 * 1024;

const RECEIVERS = ['native', 'native-shared', 'native-batch', 'node', 'floor',
                   'bun', 'bun-udp', 'deno'];
const SENDERS = ['native', 'native-many', 'node', 'floor', 'bun', 'bun-udp',
                 'bun-many', 'deno'];
// Bun.udpSocket has no callbacks.
const CALLBACK_SENDERS = SENDERS.filter((name) => !/^bun-/.test(name));
// Deno is in enough others.
const SILENT_SENDERS = SENDERS.filter((name) => name !== 'deno');

/** The middle size tells little new about the rivals; it saves minutes. */
function contestantsFor(size, names) {
  return size === 512 ?
    names.filter((name) => !/^(?:bun|deno)/.test(name)) : names;
}

// As many as Node's own benchmarks send at once.
const BURST = 100;

function receive(size, source, { quick = false } = {}) {
  const shared = source === 'backlog';
  return {
    name: `receive-${size}-${source}`,
    group: 'receive',
    title: `receive ${size} B, ${source}`,
    role: 'receive',
    floor: { tool: 'recv', args: { gro: 1, rcvbuf: 1024 * 1024 } },
    peer: { tool: 'send', args: {
      size, connected: 1, window: WINDOW,
      segment: source === 'merging' ? 1 : 0,
      ...shared && { share: 1 },
    } },
    sharedCpu: shared,
    contestants: contestantsFor(size, RECEIVERS),
    metrics: ['cpu', 'rate', 'busy', 'loss'],
    quick,
  };
}

function send(size, sink, connected, callbacks, { quick = false } = {}) {
  const how = [connected ? 'connected' : 'unconnected',
               callbacks ? 'callbacks' : 'silent'];
  return {
    name: ['send', size, sink, ...how].join('-'),
    group: 'send',
    title: `send ${size} B, ${sink} peer, ${how.join(', ')}`,
    role: 'send',
    config: { size, connected, callbacks, burst: BURST },
    floor: { tool: 'send', args: {
      size, segment: 1, connected: connected ? 1 : 0, burst: BURST,
    } },
    peer: { first: true, tool: 'recv', args: {
      gro: sink === 'merging' ? 1 : 0, rcvbuf: 4 * 1024 * 1024,
      spin: 1, discard: 1,
    } },
    contestants: contestantsFor(
      size, callbacks ? CALLBACK_SENDERS : SILENT_SENDERS),
    metrics: ['cpu', 'rate', 'busy', 'sinkLoss'],
    quick,
  };
}

function fanOut(peers) {
  return {
    name: `fan-out-${peers}`,
    group: 'send',
    title: `send 64 B to ${peers} peers in turn`,
    role: 'send',
    config: { size: 64, connected: false, callbacks: true, burst: peers },
    floor: { tool: 'send', args: { size: 64, burst: peers } },
    peer: { first: true, tool: 'recv', args: {
      sockets: peers, spin: 1, discard: 1, rcvbuf: 1024 * 1024,
    } },
    contestants: CALLBACK_SENDERS,
    metrics: ['cpu', 'rate', 'busy', 'sinkLoss'],
    quick: true,
  };
}

function echo(flight, sockets, { pause = 0, quick = false } = {}) {
  const total = flight * sockets;
  return {
    name: ['echo', total, ...sockets > 1 ? ['clients'] : [],
           ...pause ? ['paused'] : []].join('-'),
    group: 'echo',
    title: `echo 64 B, ${total} in flight` +
           (sockets > 1 ? ` from ${sockets} clients` : '') +
           (pause ? `, ${pause} µs apart` : ''),
    role: 'echo',
    floor: { tool: 'echo-server', args: {} },
    peer: { tool: 'echo-client', args: {
      size: 64, flight, sockets, pause,
    } },
    // Within the time of the server.
    peerLength: 0.85,
    contestants: RECEIVERS,
    metrics: total > 1 ?
      ['requests', 'rtt50', 'rtt99', 'cpu'] :
      ['rtt50', 'rtt99', 'requests', 'cpu'],
    quick,
  };
}

function timers(source, { quick = false } = {}) {
  const { peer } = receive(64, source);
  return {
    name: `timers-${source}`,
    group: 'timers',
    title: `a timer of 10 ms while 64 B pour in, ${source}`,
    role: 'timers',
    peer,
    contestants: RECEIVERS.filter((name) => name !== 'floor'),
    metrics: ['late99', 'late50', 'rate'],
    length: 4,
    quick,
  };
}

function garbage(size) {
  const { peer } = receive(size, 'merging');
  const common = {
    group: 'memory',
    peer,
    contestants: ['native', 'native-shared', 'native-batch', 'node'],
  };
  return [{
    ...common,
    name: `garbage-${size}`,
    title: `garbage per message of ${size} B`,
    role: 'garbage',
    engine: 'roomy',
    metrics: ['garbage'],
    once: 0.5,
  }, {
    ...common,
    name: `collecting-${size}`,
    title: `collecting the garbage of ${size} B`,
    role: 'collecting',
    metrics: ['collecting'],
    length: 2,
  }];
}

const scenarios = [
  ...SIZES.map((size) =>
    receive(size, 'merging', { quick: size !== 512 })),
  ...SIZES.map((size) =>
    receive(size, 'plain', { quick: size !== 512 })),
  ...SIZES.map((size) => receive(size, 'backlog')),

  ...SIZES.flatMap((size) => ['merging', 'plain'].flatMap((sink) =>
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
    name: 'sparse-1000',
    group: 'sparse',
    title: '1,000 sockets, 20,000 datagrams a second',
    role: 'receive',
    config: { sockets: 1000, smallBuffer: true },
    floor: { tool: 'recv', args: { sockets: 1000, gro: 1 } },
    peer: { tool: 'send', args: { size: 64, rate: 20000 } },
    contestants: RECEIVERS,
    metrics: ['cpu', 'rate'],
    length: 2,
  },

  timers('merging', { quick: true }),
  timers('plain'),

  {
    name: 'memory-10000',
    group: 'memory',
    title: '10,000 idle sockets',
    role: 'memory',
    config: { sockets: 10000 },
    engine: 'gc',
    contestants: RECEIVERS.filter((name) => name !== 'floor')
      .filter((name) => !/shared|batch/.test(name)),
    metrics: ['socketMemory', 'openTime'],
    // Nothing in it depends on time.
    once: 1.5,
    quick: true,
  },
  ...garbage(64),
  ...garbage(1400),
  {
    name: 'require',
    group: 'memory',
    title: 'require()',
    role: 'load',
    contestants: ['native', 'node'],
    metrics: ['load'],
    once: 0.1,
    quick: true,
  },
];

module.exports = { scenarios };
