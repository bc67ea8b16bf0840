'use strict';

/**
 * The figures, and how each is computed from the results of the measured
 * process and its peer. `better` is the direction of improvement. Figures
 * without it only help to judge the others. `showsRange`: the table shows the
 * lowest and highest value of the rounds even if it is not the main figure.
 */

const { percentile } = require('./latency');

const perDatagram = ({ measured }) =>
  measured.cpuMicros * 1000 / measured.datagrams;

const perSecond = (side) => side.datagrams / (side.wallNanos / 1e9);

const lower = (title, unit, of) => ({ title, unit, better: 'lower', of });
const higher = (title, unit, of) => ({ title, unit, better: 'higher', of });
const neutral = (title, unit, of) => ({ title, unit, of });

const latency = (title, percent) => ({
  ...lower(title, 'µs', ({ peer }) =>
    percentile(peer.latencies, percent) / 1000),
  showsRange: true,
});

const metrics = {
  cpu: lower('CPU per datagram', 'ns', perDatagram),
  rate: higher('datagrams', 'k/s', ({ measured }) =>
    perSecond(measured) / 1000),
  busy: neutral('busy', '%', ({ measured }) =>
    100 * measured.cpuMicros * 1000 / measured.wallNanos),

  // The sender waits for free space in the receive queue, so every loss is a
  // drop by the kernel.
  loss: neutral('lost', '%', ({ peer }) =>
    100 * peer.drops / Math.max(1, peer.total)),
  // The sink reports both what it received and what the kernel dropped.
  sinkLoss: neutral('lost', '%', ({ peer }) =>
    100 * peer.drops / Math.max(1, peer.total + peer.drops)),

  requests: higher('requests', 'k/s', ({ peer }) => perSecond(peer) / 1000),
  rtt50: lower('round trip', 'µs', ({ peer }) => peer.rtt50Nanos / 1000),
  rtt99: lower('p99', 'µs', ({ peer }) => peer.rtt99Nanos / 1000),

  serverCpu: lower('CPU per request', 'ns', perDatagram),
  latency50: latency('p50', 50),
  latency99: latency('latency, p99', 99),
  latency999: latency('p99.9', 99.9),
  unanswered: neutral('lost', '%', ({ peer }) => 100 * peer.lost / peer.sent),
  // By the receive queues of the relay and the sink.
  relayLoss: neutral('lost', '%', ({ peer }) =>
    100 * peer.drops / Math.max(1, peer.total + peer.drops)),

  socketCpu: lower('CPU per socket', 'µs', (outcome) =>
    perDatagram(outcome) / 1000),
  socketRate: higher('sockets', 'k/s', ({ measured }) =>
    perSecond(measured) / 1000),

  late99: lower('timer delay, p99', 'ms', ({ measured }) => measured.late99),
  late50: lower('median', 'ms', ({ measured }) => measured.late50),

  socketMemory: lower('memory per socket', 'KiB', ({ measured }) =>
    measured.bytes / measured.sockets / 1024),
  openTime: lower('time to open', 'µs', ({ measured }) =>
    measured.openMillis * 1000 / measured.sockets),
  garbage: lower('garbage per message', 'B', ({ measured }) =>
    measured.garbageBytes),
  collecting: lower('collection time per message', 'ns', ({ measured }) =>
    measured.collectNanos),
  startCpu: lower('CPU from require() to the first message', 'ms',
    ({ measured }) => measured.startCpuMillis),
  startTime: lower('time', 'ms', ({ measured }) => measured.startMillis),
  processCpu: lower('CPU of the process', 'ms', ({ measured }) =>
    measured.processCpuMillis),
  firstLatency: lower('latency of the first datagram', 'µs', ({ measured }) =>
    measured.firstNanos / 1000),
  secondLatency: lower('second datagram', 'µs', ({ measured }) =>
    measured.secondNanos / 1000),
  arrived: higher('datagrams that arrive', '', ({ measured }) =>
    measured.total),
  load: lower('time of require()', 'ms', ({ measured }) =>
    measured.loadMillis),

  // Of whole programs (real/): `measured` covers the measured part of a run.
  cpuPerRequest: lower('CPU per request', 'µs', ({ measured }) =>
    measured.cpuMicros / measured.work),
  cpuPerDatagram: lower('CPU per datagram', 'µs', ({ measured }) =>
    measured.cpuMicros / measured.work),
  cpuPerOperation: lower('CPU per operation', 'µs', ({ measured }) =>
    measured.cpuMicros / measured.work),
  workRate: neutral('rate', 'k/s', ({ measured }) =>
    measured.work / (measured.wallNanos / 1e6)),
  requestRate: higher('requests', 'k/s', ({ load }) =>
    load.requestsPerSecond / 1000),
  latency: lower('average latency', 'µs', ({ load }) => load.latencyMicros),
  lostShare: neutral('lost', '%', ({ lostShare }) => 100 * lostShare),
};

module.exports = { metrics };
