'use strict';

/**
 * Random programs and random schedules of faults. A program is plain data, so
 * that fast-check can shrink it and failures are readable:
 *
 *   { sockets: [{ type, mode, ... }], steps: [step, ...], faults: [...],
 *     childFaults: [...] }
 *
 * actor.js and moving-actor.js implement the steps.
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
  { weight: 3, arbitrary: fc.record({
    do: fc.constant('detach'), who, process: fc.boolean(), channel: fc.nat(1),
  }) },
  { weight: 1, arbitrary: fc.record({
    do: fc.constant('lose'), who, expires: fc.boolean(),
  }) });

/** The socket is in the child process meanwhile; see visits.js. */
const visit = fc.record({
  do: fc.constant('visit'), who,
  steps: fc.array(fc.oneof(
    { weight: 3, arbitrary: action },
    { weight: 2, arbitrary: fc.record({
      do: fc.constant('iterations'), count: fc.integer({ min: 1, max: 3 }),
    }) }), { maxLength: 4 }),
});

const step = fc.oneof(
  { weight: 20, arbitrary: action }, { weight: 1, arbitrary: visit });

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
  reactions: reactionsOf(step, ['detach', 'detach', 'visit', 'visit']),
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

/** Those of a child process, which opens no sockets of its own. */
const CHILD_CALLS = [
  'send', 'recv', 'connect', 'setsockopt', 'getsockopt', 'getsockname', 'dup',
  'epoll_ctl', 'epoll_wait',
];

const faultsOf = (calls) => faultsFrom(
  Object.fromEntries(calls.map((call) => [call, RESULTS[call]])));

/** @param {string} transport */
function programs(transport) {
  return fc.record({
    sockets: fc.array(socketOf(transport),
      { minLength: 1, maxLength: SOCKETS_MAX }),
    steps: stepsOf(step, send),
    faults: faultsOf(failingCalls(transport)),
    childFaults: faultsOf(failingCalls(transport)
      .filter((call) => CHILD_CALLS.includes(call))),
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
  const once = (faults) => faults.map((fault) =>
    (fault.call === 'send' && DELAYS.includes(fault.effect) ?
      { ...fault, times: 1 } : fault));
  return {
    ...program,
    faults: once(program.faults), childFaults: once(program.childFaults),
  };
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
