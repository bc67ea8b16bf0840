'use strict';

/**
 * The figures, and how each comes out of what the two sides of a run said.
 * `better` is the direction in which a contestant wins; without it a figure is
 * there to judge the others by.
 */

const perDatagram = ({ measured }) =>
  measured.cpuMicros * 1000 / measured.datagrams;

const perSecond = (side) => side.datagrams / (side.wallNanos / 1e9);

const lower = (title, unit, of) => ({ title, unit, better: 'lower', of });
const higher = (title, unit, of) => ({ title, unit, better: 'higher', of });
const neutral = (title, unit, of) => ({ title, unit, of });

const metrics = {
  cpu: lower('CPU per datagram', 'ns', perDatagram),
  rate: higher('rate', 'k/s', ({ measured }) => perSecond(measured) / 1000),
  busy: neutral('busy', '%', ({ measured }) =>
    100 * measured.cpuMicros * 1000 / measured.wallNanos),

  // Where the sender waits for room, all that is lost is what the kernel
  // dropped for want of it.
  loss: neutral('lost', '%', ({ peer }) =>
    100 * peer.drops / Math.max(1, peer.total)),
  // The sink has counted both what it got and what it missed.
  sinkLoss: neutral('lost', '%', ({ peer }) =>
    100 * peer.drops / Math.max(1, peer.total + peer.drops)),

  requests: higher('requests', 'k/s', ({ peer }) => perSecond(peer) / 1000),
  rtt50: lower('round trip', 'µs', ({ peer }) => peer.rtt50Nanos / 1000),
  rtt99: lower('p99', 'µs', ({ peer }) => peer.rtt99Nanos / 1000),

  late99: lower('late by, p99', 'ms', ({ measured }) => measured.late99),
  late50: lower('median', 'ms', ({ measured }) => measured.late50),

  socketMemory: lower('memory per socket', 'KiB', ({ measured }) =>
    measured.bytes / measured.sockets / 1024),
  openTime: lower('time to open one', 'µs', ({ measured }) =>
    measured.openMillis * 1000 / measured.sockets),
  garbage: lower('garbage per message', 'B', ({ measured }) =>
    measured.garbageBytes),
  collecting: lower('collecting it', 'ns', ({ measured }) =>
    measured.collectNanos),
  load: lower('require()', 'ms', ({ measured }) => measured.loadMillis),
};

module.exports = { metrics };
