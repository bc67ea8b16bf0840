'use strict';

/**
 * Servers: they answer datagrams, or send them on.
 *
 * Echo. With one request in flight the client answers each reply at once with
 * the next request. A slow server finds it in its queue; a fast server is
 * already asleep and has to be woken up. With a pause every server is asleep.
 *
 * Latency. The client sends on a schedule, at a share of the highest rate of
 * node:dgram with 64 requests in flight, which is measured before the first
 * round. Latency is the time from the planned send to the reply.
 *
 * Relay. What one socket receives is sent on with another one, which is
 * connected. The source keeps the relay's queue filled, as in the receive
 * scenarios. It is about as fast as the C baseline: if a relay is not busy all
 * the time, compare the CPU time too.
 */

const { BASELINE, CONTROL } = require('../implementations');
const { CALLBACK_SENDERS, RECEIVERS, bytes } = require('./common');

const COLUMNS = 'dgram-native columns';
const REUSING = 'dgram-native columns, reuseBatch';
const BATCH_SERVERS = [...RECEIVERS, COLUMNS];
const CALLBACK_SERVERS = [
  ...CALLBACK_SENDERS.filter((name) =>
    name !== BASELINE && name !== 'dgram-native sendMany'),
  'dgram-native sharedBuffers',
];

function echo(flight, sources, {
  pause = 0, callbacks = false, quick = false,
} = {}) {
  return {
    name: `echo 64 B, ${flight} in flight` +
          (sources > 1 ?
            ` from ${sources.toLocaleString('en-US')} clients` : '') +
          (pause ? `, ${pause} µs apart` : '') +
          (callbacks ? ', callbacks' : ''),
    groups: ['servers'],
    table: 'echo',
    role: 'echo',
    config: { callbacks },
    baseline: { tool: 'echo-server', args: {} },
    peer: { tool: 'echo-client', args: { size: 64, flight, sources, pause } },
    // Ends before the server does.
    peerLength: 0.85,
    implementations: callbacks ? CALLBACK_SERVERS : BATCH_SERVERS,
    metrics: flight > 1 ?
      ['requests', 'serverCpu', 'rtt50', 'rtt99'] :
      ['rtt50', 'rtt99', 'requests', 'serverCpu'],
    // V8 has compiled the program, and each client sends several requests.
    ...flight > 1 && { warmLength: 4, length: 2 },
    quick,
  };
}

function latency(share) {
  return {
    name: `latency at ${share * 100}% of the highest rate of ${CONTROL}`,
    groups: ['servers'],
    table: 'latency',
    role: 'echo',
    config: { largeBuffer: true },
    baseline: { tool: 'echo-server', args: { rcvbuf: 1024 * 1024 } },
    peer: { tool: 'paced-client', args: { size: 64 }, rateShare: share },
    peerLength: 0.9,
    implementations: ['dgram-native', 'dgram-native sharedBuffers', CONTROL,
                      BASELINE],
    metrics: ['latency99', 'latency50', 'latency999', 'requests', 'serverCpu',
              'unanswered'],
    // For 20 values above p99.9 at the lowest rate.
    length: 5,
    // V8 compiles after a number of requests, on the CPU of the server.
    warmLength: 3 / share,
  };
}

function relay(size) {
  return {
    name: `relay ${bytes(size)}, with GRO`,
    groups: ['servers'],
    table: 'relay',
    role: 'relay',
    baseline: { tool: 'relay', args: {} },
    peer: { tool: 'relay-load', args: { size }, first: true, linked: true },
    implementations: ['dgram-native', 'dgram-native sharedBuffers',
                      'dgram-native batch', COLUMNS, REUSING, CONTROL,
                      BASELINE],
    metrics: ['rate', 'cpu', 'busy', 'relayLoss'],
    showsBaseline: ['cpu'],
    // A batch is one call of the listener: few of them are few to optimize.
    warmLength: 3,
  };
}

const CLIENTS = [1, 64, 20000];

const servers = [
  ...CLIENTS.map((sources) => echo(64, sources, { quick: sources === 1 })),
  ...CLIENTS.map((sources) => echo(64, sources, { callbacks: true })),
  echo(1, 1, { quick: true }),
  echo(1, 1, { pause: 100, quick: true }),
  ...[0.1, 0.5, 0.9].map(latency),
  relay(64),
  relay(1400),
];

/** The load that finds the highest rate of node:dgram. */
const [fullLoad] = servers;

module.exports = { fullLoad, servers };
