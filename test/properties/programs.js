'use strict';

/**
 * Random programs and random schedules of faults. A program is plain data, so
 * that fast-check can shrink it and failures are readable:
 *
 *   { sockets: [{ type, mode, ... }], steps: [step, ...], faults: [...] }
 *
 * actor.js implements the steps.
 */

const fc = require('fast-check');

const {
  SOCKETS_MAX, faultsFrom, form, reactionsOf, stepsOf, who,
} = require('./generators');

/** A destination: a socket of the program, or a closed port. */
const target = fc.oneof(
  { weight: 6, arbitrary: who },
  { weight: 1, arbitrary: fc.constant('nobody') });

const size = fc.oneof(
  { weight: 3, arbitrary: fc.nat(12) },
  { weight: 4, arbitrary: fc.integer({ min: 13, max: 300 }) },
  { weight: 2, arbitrary: fc.constantFrom(500, 1200, 1472, 9000) },
  { weight: 1, arbitrary: fc.constantFrom(30000, 65507, 65508, 70000) });

/** Small enough that a burst of them is cheap. */
const small = fc.oneof(
  fc.nat(64), fc.constantFrom(100, 100, 100, 500, 1200));

/** Settings of the datagrams of a step, in turn; see actor.js. */
const settings = fc.oneof(
  { weight: 3, arbitrary: fc.constant([]) },
  { weight: 2, arbitrary: fc.array(fc.constantFrom(
    {}, { tos: 4 }, { tos: 4, ttl: 9 }, { tos: 0 }, { ttl: 9, loopback: true },
    { sendTime: 1n }),
  { minLength: 1, maxLength: 3 }) });

const send = fc.record({
  do: fc.constant('send'), who, to: target, size, form, settings,
  callback: fc.boolean(),
});

/** Steps that are possible anywhere, also within a listener or callback. */
const action = fc.oneof(
  { weight: 8, arbitrary: send },
  { weight: 6, arbitrary: fc.record({
    do: fc.constant('burst'), who, to: target, size: small,
    count: fc.integer({ min: 2, max: 70 }), last: fc.nat(64),
    callback: fc.boolean(), settings,
  }) },
  { weight: 3, arbitrary: fc.record({
    do: fc.constant('sendMany'), who, to: target,
    sizes: fc.array(small, { maxLength: 12 }), callback: fc.boolean(),
    settings, columns: fc.boolean(),
  }) },
  { weight: 3, arbitrary: fc.record({
    do: fc.constant('connect'), who, to: target, sync: fc.boolean(),
    callback: fc.boolean(),
  }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('disconnect'), who }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('close'), who }) },
  { weight: 2, arbitrary: fc.record({
    do: fc.constant('bind'), who, sync: fc.boolean(),
  }) },
  { weight: 2, arbitrary: fc.record({
    do: fc.constant('option'), who,
    option: fc.constantFrom('setTTL', 'setBroadcast', 'setMulticastTTL',
      'setMulticastLoopback', 'setSendBufferSize', 'setRecvBufferSize',
      'getSendBufferSize', 'setPacingRate'),
    value: fc.constantFrom(1, 64, 200),
  }) },
  { weight: 1, arbitrary: fc.record({
    do: fc.constantFrom('address', 'queue', 'unref', 'ref', 'share'), who,
  }) },
  { weight: 2, arbitrary: fc.record({
    do: fc.constantFrom('pause', 'resume'), who,
  }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('detach'), who }) });

/** @param {string} transport */
const socketOf = (transport) => fc.record({
  type: fc.constantFrom('udp4', 'udp4', 'udp6', 'udp'),
  mode: fc.constantFrom('message', 'message', 'batch', 'both'),
  sharedBuffers: fc.boolean(),
  receiveInfo: fc.boolean(),
  sendHighWaterMark: fc.constantFrom(0, 100, 65536),
  lookup: fc.constantFrom('none', 'none', 'none', 'sync', 'tick', 'later'),
  lookupCache: fc.constantFrom(
    undefined, undefined, {}, { ttl: 0 }, { ttl: 1, max: 1 }),
  txtime: fc.boolean(),
  bound: fc.boolean(),
  icmpErrors: transport === 'linux' ? fc.boolean() : fc.constant(false),
  // What each message is answered with, up to `count` of them.
  answers: fc.record({
    count: fc.constantFrom(0, 3, 200), to: target, size: small,
  }),
  reactions: reactionsOf(action, ['detach', 'detach']),
});

/** Results of each call, and how many of them a program may have. */
const RESULTS = {
  send: [6, 'EINTR', 'EAGAIN', 'ENOBUFS', 'ENOMEM', 'EPERM', 'EIO', 'EINVAL',
    'EMSGSIZE', 'ECONNREFUSED', 'ENETUNREACH', 'SHORT', 'SHORT', 'SHORT'],
  recv: [5, 'EINTR', 'EAGAIN', 'ENOBUFS', 'ENOMEM', 'EIO', 'EINVAL',
    'ECONNREFUSED', 'ENETUNREACH', 'SHORT', 'CTRUNC', 'TRUNC'],
  socket: [1, 'ENOMEM', 'ENOBUFS', 'EMFILE'],
  bind: [1, 'EINTR', 'ENOMEM', 'EPERM', 'EINVAL', 'EADDRINUSE'],
  connect: [1, 'EINTR', 'ENOMEM', 'EPERM', 'ECONNREFUSED', 'ENETUNREACH'],
  setsockopt: [2, 'ENOMEM', 'EPERM', 'EINVAL', 'ENOBUFS'],
  getsockopt: [1, 'ENOMEM', 'EINVAL'],
  getsockname: [1, 'ENOBUFS', 'EINVAL'],
  dup: [1, 'EMFILE', 'ENOMEM'],
  epoll_ctl: [1, 'ENOMEM', 'EPERM', 'ENOSPC'],
  epoll_wait: [2, 'EINTR', 'WAKE', 'WAKE'],
};

/** @param {string} transport */
function programs(transport) {
  return fc.record({
    sockets: fc.array(socketOf(transport),
      { minLength: 1, maxLength: SOCKETS_MAX }),
    steps: stepsOf(action, send),
    faults: faultsFrom(Object.fromEntries(failingCalls(transport)
      .map((call) => [call, RESULTS[call]]))),
  }).map(withoutReported);
}

/** Errors that belong to a datagram if they persist: E4 of linux.h. */
const DELAYS = ['ECONNREFUSED', 'ENOBUFS'];

/**
 * With icmpErrors the ninth of these errors in a row queues the rest or belongs
 * to its datagram, which test/faults/icmp-errors.test.js covers: here there are
 * at most six, one for each fault.
 */
function withoutReported(program) {
  if (!program.sockets.some(({ icmpErrors }) => icmpErrors)) return program;
  const faults = program.faults.map((fault) =>
    (fault.call === 'send' && DELAYS.includes(fault.effect) ?
      { ...fault, times: 1 } : fault));
  return { ...program, faults };
}

/**
 * libuv aborts when epoll_ctl() fails, so it only fails with `linux`.
 * @param {string} transport
 * @returns {string[]} the calls that fail
 */
function failingCalls(transport) {
  return Object.keys(RESULTS)
    .filter((call) => transport === 'linux' || call !== 'epoll_ctl');
}

module.exports = { failingCalls, programs };
