'use strict';

/**
 * Random programs of Unix datagram sockets, and random faults; see programs.js.
 * unix-actor.js implements the steps.
 */

const fc = require('fast-check');

const {
  SOCKETS_MAX, faultsFrom, form, reactionsOf, stepsOf, who,
} = require('./generators');

/** A destination: a socket, no file, or a file that no socket is bound to. */
const target = fc.oneof(
  { weight: 8, arbitrary: who },
  { weight: 1, arbitrary: fc.constantFrom('nobody', 'stale') });

/** Datagrams from 8 bytes on are unique. 65,535 fit into a send batch. */
const size = fc.oneof(
  { weight: 5, arbitrary: fc.integer({ min: 8, max: 300 }) },
  { weight: 1, arbitrary: fc.constant(0) },
  { weight: 2, arbitrary: fc.constantFrom(1400, 9000) },
  { weight: 1, arbitrary: fc.constantFrom(65535, 65536, 100000) });

const small = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom(8, 16, 64, 100, 1200) },
  { weight: 1, arbitrary: fc.constantFrom(0, 5000) });

const send = fc.record({
  do: fc.constant('send'), who, to: target, size, form,
  callback: fc.boolean(),
});

/** Steps that are possible anywhere, also within a listener or callback. */
const action = fc.oneof(
  { weight: 8, arbitrary: send },
  { weight: 8, arbitrary: fc.record({
    do: fc.constant('burst'), who, to: target, size: small,
    count: fc.integer({ min: 2, max: 40 }), last: fc.nat(64),
    callback: fc.boolean(),
  }) },
  { weight: 3, arbitrary: fc.record({
    do: fc.constant('sendMany'), who, to: target,
    sizes: fc.array(small, { maxLength: 12 }), callback: fc.boolean(),
    columns: fc.boolean(),
  }) },
  { weight: 3, arbitrary: fc.record({
    do: fc.constant('connect'), who, to: target, sync: fc.boolean(),
    callback: fc.boolean(),
  }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('disconnect'), who }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('close'), who }) },
  // Another socket takes the name.
  { weight: 3, arbitrary: fc.record({
    do: fc.constant('replace'), who, iterations: fc.nat(2),
  }) },
  { weight: 2, arbitrary: fc.record({
    do: fc.constant('bind'), who, sync: fc.boolean(),
  }) },
  { weight: 1, arbitrary: fc.record({
    do: fc.constant('option'), who,
    option: fc.constantFrom('setSendBufferSize', 'setRecvBufferSize',
      'getSendBufferSize'),
    value: fc.constantFrom(1, 4096, 65536),
  }) },
  // It is refused, and changes nothing.
  { weight: 1, arbitrary: fc.record({
    do: fc.constant('detach'), who, process: fc.boolean(),
  }) },
  { weight: 1, arbitrary: fc.record({
    do: fc.constantFrom('address', 'queue', 'unref', 'ref'), who,
  }) },
  { weight: 4, arbitrary: fc.record({
    do: fc.constantFrom('pause', 'pause', 'resume'), who,
  }) });

const socket = fc.record({
  mode: fc.constantFrom('message', 'message', 'batch', 'both'),
  name: fc.constantFrom('file', 'file', 'abstract', 'chosen'),
  sharedBuffers: fc.boolean(),
  credentials: fc.boolean(),
  unlink: fc.boolean(),
  sendHighWaterMark: fc.constantFrom(undefined, 0, 1000),
  bound: fc.oneof({ weight: 3, arbitrary: fc.constant(true) }, fc.boolean()),
  answers: fc.record({
    count: fc.constantFrom(0, 3, 200), to: target, size: small,
  }),
  reactions: reactionsOf(action, ['detach']),
  // What a listener of 'congestion', 'writable' or 'drain' does.
  flow: fc.dictionary(
    fc.constantFrom('congestion', 'writable', 'drain'), action, { maxKeys: 2 }),
});

/** Results of each call, and how many of them a program may have. */
const RESULTS = {
  send: [6, 'EINTR', 'EAGAIN', 'EAGAIN', 'ENOBUFS', 'ENOMEM', 'EPERM', 'EACCES',
    'EMSGSIZE', 'ECONNREFUSED', 'ECONNREFUSED', 'ENOTCONN', 'ECONNRESET',
    'ENOENT', 'SHORT', 'SHORT', 'SHORT'],
  recv: [4, 'EINTR', 'EAGAIN', 'ENOBUFS', 'ENOMEM', 'ECONNRESET', 'SHORT',
    'CTRUNC', 'TRUNC'],
  socket: [1, 'ENOMEM', 'ENOBUFS', 'EMFILE'],
  bind: [1, 'EINTR', 'ENOMEM', 'EACCES', 'EINVAL', 'EADDRINUSE'],
  connect: [2, 'EINTR', 'ENOMEM', 'EPERM', 'ECONNREFUSED', 'EAGAIN'],
  setsockopt: [1, 'ENOMEM', 'EPERM', 'EINVAL'],
  getsockopt: [1, 'ENOMEM', 'EINVAL'],
  getsockname: [1, 'ENOBUFS', 'EINVAL'],
  epoll_wait: [2, 'EINTR', 'WAKE', 'WAKE'],
};

const failingCalls = () => Object.keys(RESULTS);

const programs = () => fc.record({
  sockets: fc.array(socket, { minLength: 2, maxLength: SOCKETS_MAX }),
  steps: stepsOf(action, send),
  faults: faultsFrom(RESULTS),
});

module.exports = { failingCalls, programs };
