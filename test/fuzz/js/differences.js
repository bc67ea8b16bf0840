'use strict';

// Allowed differences from node:dgram, with reasons. Each entry names its place
// in docs/parity.md, or behaviour of the built-in that cannot be reproduced.
//
// `applies(call, actual, reference)` receives a call and its outcome on both
// sides. With `parts`, the two sockets may be in different states afterwards,
// and the rest of the program is not compared.
//
// `later(call, actual, reference)` receives a call before the first difference.
// The outcomes are in the words of outcome-words.js: `here` for the call that
// differed (or all errors), `errors` for everything that was emitted or thrown
// out of an event.

const builtin = require('node:dgram');

/** Node before 26 accepts '0' where port 0 is invalid. */
const takesZero = (() => {
  const socket = builtin.createSocket('udp4').on('error', () => {});
  try {
    socket.connect('0', '127.0.0.1');
    return true;
  } catch {
    return false;
  } finally {
    socket.close();
  }
})();

/** Newer Node reads a value's constructor only once for an error message. */
const readsConstructorOnce = (() => {
  let reads = 0;
  const value = {
    get constructor() {
      reads++;
      return Object;
    },
  };
  try {
    builtin.createSocket('udp4').once('close', () => {}).sendto('x', value);
  } catch {
    // The error is expected.
  }
  return reads === 1;
})();

/** Whether this Node validates an option of createSocket(). */
function checksOption(name) {
  try {
    builtin.createSocket({ type: 'udp4', [name]: 'x' }).close();
    return false;
  } catch {
    return true;
  }
}

const uncheckedOptions = ['recvBufferSize', 'sendBufferSize',
  'receiveBlockList', 'sendBlockList'].filter((name) => !checksOption(name));

const names = (call) => call.args.map(({ name }) => name);
const has = (call, pattern) => names(call).some((name) => pattern.test(name));
const isSending = ({ method }) => /^send/.test(method);
const isMembership = ({ method }) => /Membership$|^setMulticastI/.test(method);

const codeOf = ({ thrown }) => thrown?.own.code;

/** Values whose views have side effects when send() reads them. */
const READ_VIEW = /view that (?:throws|lies)|detached view|shrunk memory/;

/** Errors of reading or converting a value; they have no code. */
const CONVERSION = new RegExp([
  'thrown by a value', 'has been revoked', 'detached', 'out-of-bounds',
  'Cannot convert', 'incompatible receiver',
].join('|'));

/** Both threw the same code; only the description of the value differs. */
function wordsDiffer({ thrown: actual }, { thrown: reference }) {
  const [start, rest] = actual?.message.split(' Received') ?? [];
  return rest !== undefined && actual.own.code === reference?.own.code &&
    /^ERR_(?:INVALID_ARG_TYPE|INVALID_ARG_VALUE|SOCKET_BAD_PORT)$/
      .test(actual.own.code) &&
    reference.message.startsWith(`${start} Received`);
}

/** The built-in called libuv, which opened a descriptor for the socket. */
function descriptorLater(actual, reference) {
  const misses = actual.here[0] !== reference.here[0] &&
    /^threw (?:EBADF|ERR_SOCKET_BUFFER_SIZE)$/.test(actual.here[0]);
  // A later bind() finds the socket bound.
  const isBound = ({ errors }) => errors.includes('emitted EINVAL');
  return misses || (isBound(reference) && !isBound(actual));
}

/** The callback was called once, with the error of a bind() or its lookup. */
function receivesBindError({ called }) {
  const error = called?.[0]?.[0];
  return called?.length === 1 &&
    /^(?:bind|getaddrinfo|lookup)$/.test(error?.own?.syscall ?? 'lookup') &&
    error?.class !== undefined;
}

function isObject(argument) {
  try {
    const value = argument.make({ socket: {}, port: 1, callback() {} });
    return typeof value === 'object' && value !== null;
  } catch {
    return false;
  }
}

/** An object in the place of the port. */
function hasTarget({ method, args }) {
  return method === 'send' && [1, 3].some((at) =>
    at < args.length && isObject(args[at]));
}

const differences = [
  {
    reason: 'docs/parity.md, "An object in the place of the port of send()": ' +
      'the built-in rejects it; on a connected socket it may ignore it, and ' +
      'the callback',
    applies: (call, actual, reference) => hasTarget(call) && (
      (reference.thrown === undefined && reference.called.length === 0) ||
      /^ERR_SOCKET_(?:BAD_PORT|DGRAM_IS_CONNECTED)$/.test(codeOf(reference))),
    later: (call) => hasTarget(call),
    parts: true,
  },
  {
    reason: 'docs/parity.md, "Callbacks of send(), connect() and sendMany() ' +
      'that wait for a bind() that fails": they are called with its error',
    applies: (call, actual, reference) =>
      /^(?:send|sendto|connect|close)$/.test(call.method) &&
      reference.called?.length === 0 && receivesBindError(actual),
    // The callback may throw.
    later: (call, actual, reference) =>
      /^(?:send|sendto|connect)$/.test(call.method) &&
      reference.errors.some((error) => error.startsWith('emitted ')) &&
      actual.errors.length > reference.errors.length,
    parts: true,
  },
  {
    reason: 'docs/parity.md, "Behaviour that changed between versions": ' +
      'error messages are those of the newest Node',
    applies: (call, actual, reference) => !readsConstructorOnce &&
      wordsDiffer(actual, reference),
  },
  {
    reason: 'docs/parity.md, "bindSync(), connectSync(), reusePort, ...": ' +
      'options that this Node ignores are validated',
    applies: (call, actual) => /Socket$/.test(call.method) &&
      uncheckedOptions.some((name) => has(call, new RegExp(`\\b${name}: `))) &&
      (uncheckedOptions.some((name) =>
        actual.thrown?.message.includes(`"options.${name}"`)) ||
        CONVERSION.test(actual.thrown?.message)),
  },
  {
    reason: 'docs/parity.md, "Behaviour that changed between versions": ' +
      'port "0", as text, is invalid',
    applies: (call, actual) => takesZero && has(call, /^"0"$/) &&
      /^(?:send|connect|connectSync)$/.test(call.method) &&
      codeOf(actual) === 'ERR_SOCKET_BAD_PORT',
    parts: true,
  },
  {
    reason: 'docs/parity.md, "Text with a NUL": the built-in cuts it off there',
    applies: (call, actual) => isMembership(call) && has(call, /\\u0000/) &&
      codeOf(actual) === 'EINVAL',
    later: (call, actual, reference) => isMembership(call) &&
      has(call, /\\u0000/) && descriptorLater(actual, reference),
    parts: true,
  },
  {
    reason: 'a value whose conversion to text throws (an error of its own ' +
      'before Node 26) or is longer than an address: the built-in calls ' +
      'libuv anyway, which opens a descriptor for an unbound socket',
    applies: (call, actual, reference) => isMembership(call) &&
      codeOf(actual) === 'EINVAL' && codeOf(reference) === undefined &&
      CONVERSION.test(reference.thrown?.message),
    later: (call, actual, reference) => isMembership(call) &&
      descriptorLater(actual, reference),
    parts: true,
  },
  {
    reason: 'docs/parity.md, "A literal address": a value that converts to ' +
      'one is one, as on the newest Node; older ones pass it to dns.lookup()',
    applies: (call, actual, reference) => /^(?:bind|connect)$/.test(call.method) &&
      codeOf(reference) === 'ERR_INVALID_ARG_TYPE' &&
      reference.thrown.message.startsWith('The "hostname" argument') &&
      (actual.thrown === undefined || CONVERSION.test(actual.thrown.message)),
    parts: true,
  },
  {
    reason: 'docs/parity.md, "A literal address": the error of a failed ' +
      'bind() has the text, not the object that was converted to it',
    later: (call, actual, reference) => call.method === 'bind' &&
      has(call, /toString|toPrimitive|new String/) &&
      reference.here.includes('emitted EINVAL') &&
      `${actual.here}` === `${reference.here}`,
  },
  {
    reason: 'docs/parity.md, "The bytes of a message": they are copied ' +
      'within send(), so side effects of reading a view happen there',
    later: (call, actual, reference) =>
      isSending(call) && has(call, READ_VIEW) &&
      reference.errors.some((error) => error.startsWith('uncaught ') &&
        (error.endsWith('ERR_BUFFER_OUT_OF_BOUNDS') || CONVERSION.test(error))),
  },
  {
    reason: 'docs/parity.md, "connect() between the sends of one tick": ' +
      'later sends leave together with the ones before',
    later: (call, actual, reference) =>
      (/^connect/.test(call.method) || has(call, /: connect\b/)) &&
      actual.here.includes('called well') &&
      reference.here.includes('called EISCONN'),
  },
  {
    reason: 'older Nodes read the constructor of a value several times for ' +
      'an error message, each time with side effects',
    later: (call) => !readsConstructorOnce && has(call, /\bget: \w+/),
  },
];

/** Calls that crash the built-in. They are not made. */
const fatal = [
  {
    reason: 'a conversion to text that closes the socket: the built-in uses ' +
      'the closed handle, and libuv asserts that it has no descriptor',
    applies: (call) => isMembership(call) && has(call, /closes?$/),
  },
  {
    reason: 'the same of a port or an address of bind()',
    applies: (call) => call.method === 'bind' &&
      has(call, /^\w+: close$|\b(?:port|address): \w+: close\b/),
  },
  {
    reason: 'node::UDPWrap::BufferSize() aborts the process on -0',
    applies: ({ method, args }) => /^set(?:Recv|Send)BufferSize$/
      .test(method) && args[0]?.name === '-0',
  },
];

module.exports = { differences, fatal };
