'use strict';

// Where ours may differ from node:dgram, and why. Each entry names its place
// in docs/parity.md, or says what the built-in does that cannot be followed.
//
// `applies(call, ours, theirs)` sees a call and what it came to on both sides.
// With `parts`, the two sockets may be in different states from there on, and
// the rest of the program is not compared.
//
// `later(call, ours, theirs)` sees a call that came before something differed,
// and how it did, in the words of symptom.js: `here` of the call that differed
// (or of all errors), `errors` of all that was emitted or thrown out of an
// event.

const builtin = require('node:dgram');

/** Node before 26 lets '0' through where 0 is no port. */
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

/** Newer Node reads a value's constructor once when it words an error. */
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
    // That is what it is about.
  }
  return reads === 1;
})();

/** Whether this Node looks at an option of createSocket() at all. */
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

/** Values whose views say or do something when send() reads them. */
const READ_VIEW = /view that (?:throws|lies)|detached view|shrunk memory/;

/** What a value throws when it is read or turned into text: no code. */
const CONVERSION = new RegExp([
  'thrown by a value', 'has been revoked', 'detached', 'out-of-bounds',
  'Cannot convert', 'incompatible receiver',
].join('|'));

/** Both threw, with one code; only the words on the value are others. */
function wordsDiffer({ thrown: ours }, { thrown: theirs }) {
  const [start, rest] = ours?.message.split(' Received') ?? [];
  return rest !== undefined && ours.own.code === theirs?.own.code &&
    /^ERR_(?:INVALID_ARG_TYPE|INVALID_ARG_VALUE|SOCKET_BAD_PORT)$/
      .test(ours.own.code) &&
    theirs.message.startsWith(`${start} Received`);
}

/** The built-in asked libuv, which gave the unbound socket a descriptor. */
function descriptorLater(ours, theirs) {
  const misses = ours.here[0] !== theirs.here[0] &&
    /^threw (?:EBADF|ERR_SOCKET_BUFFER_SIZE)$/.test(ours.here[0]);
  // A bind() that comes later finds it bound.
  const isBound = ({ errors }) => errors.includes('emitted EINVAL');
  return misses || (isBound(theirs) && !isBound(ours));
}

/** Called once, with the error of a bind() or its lookup. */
function isToldOfBind({ called }) {
  const error = called?.[0]?.[0];
  return called?.length === 1 &&
    /^(?:bind|getaddrinfo|lookup)$/.test(error?.own?.syscall ?? 'lookup') &&
    error?.class !== undefined;
}

const differences = [
  {
    reason: 'docs/parity.md, "Callbacks of send(), connect() and sendMany() ' +
      'that wait for a bind() that fails": they are called with its error',
    applies: (call, ours, theirs) =>
      /^(?:send|sendto|connect|close)$/.test(call.method) &&
      theirs.called?.length === 0 && isToldOfBind(ours),
    // The callback is a program's, and may throw.
    later: (call, ours, theirs) =>
      /^(?:send|sendto|connect)$/.test(call.method) &&
      theirs.errors.some((error) => error.startsWith('emitted ')) &&
      ours.errors.length > theirs.errors.length,
    parts: true,
  },
  {
    reason: 'docs/parity.md, "Behaviour that changed between versions": ' +
      'the words of an error are those of the newest Node',
    applies: (call, ours, theirs) => !readsConstructorOnce &&
      wordsDiffer(ours, theirs),
  },
  {
    reason: 'docs/parity.md, "bindSync(), connectSync(), reusePort, ...": ' +
      'options are checked that this Node does not know',
    applies: (call, ours) => /Socket$/.test(call.method) &&
      uncheckedOptions.some((name) => has(call, new RegExp(`\\b${name}: `))) &&
      (uncheckedOptions.some((name) =>
        ours.thrown?.message.includes(`"options.${name}"`)) ||
        CONVERSION.test(ours.thrown?.message)),
  },
  {
    reason: 'docs/parity.md, "Behaviour that changed between versions": ' +
      'port "0", as text, is none',
    applies: (call, ours) => takesZero && has(call, /^"0"$/) &&
      /^(?:send|connect|connectSync)$/.test(call.method) &&
      codeOf(ours) === 'ERR_SOCKET_BAD_PORT',
    parts: true,
  },
  {
    reason: 'docs/parity.md, "Text with a NUL": the built-in cuts it there',
    applies: (call, ours) => isMembership(call) && has(call, /\\u0000/) &&
      codeOf(ours) === 'EINVAL',
    later: (call, ours, theirs) => isMembership(call) &&
      has(call, /\\u0000/) && descriptorLater(ours, theirs),
    parts: true,
  },
  {
    reason: 'what throws when it is turned into text (an error of its own ' +
      'before Node 26), or is longer than an address: the built-in asks ' +
      'libuv all the same, which gives an unbound socket a descriptor',
    applies: (call, ours, theirs) => isMembership(call) &&
      codeOf(ours) === 'EINVAL' && codeOf(theirs) === undefined &&
      CONVERSION.test(theirs.thrown?.message),
    later: (call, ours, theirs) => isMembership(call) &&
      descriptorLater(ours, theirs),
    parts: true,
  },
  {
    reason: 'docs/parity.md, "A literal address": what only turns into one ' +
      'is one, as on the newest Node; older ones have dns.lookup() refuse it',
    applies: (call, ours, theirs) => /^(?:bind|connect)$/.test(call.method) &&
      codeOf(theirs) === 'ERR_INVALID_ARG_TYPE' &&
      theirs.thrown.message.startsWith('The "hostname" argument') &&
      (ours.thrown === undefined || CONVERSION.test(ours.thrown.message)),
    parts: true,
  },
  {
    reason: 'docs/parity.md, "A literal address": the error of a bind() that ' +
      'failed names the text, not the object that turned into it',
    later: (call, ours, theirs) => call.method === 'bind' &&
      has(call, /toString|toPrimitive|new String/) &&
      theirs.here.includes('emitted EINVAL') &&
      `${ours.here}` === `${theirs.here}`,
  },
  {
    reason: 'docs/parity.md, "The bytes of a message": they are copied ' +
      'within send(), so what a view does when it is read, it does there',
    later: (call, ours, theirs) => isSending(call) && has(call, READ_VIEW) &&
      theirs.errors.some((error) => error.startsWith('uncaught ') &&
        (error.endsWith('ERR_BUFFER_OUT_OF_BOUNDS') || CONVERSION.test(error))),
  },
  {
    reason: 'docs/parity.md, "connect() between the sends of one tick": what ' +
      'is sent after it leaves with what was before',
    later: (call, ours, theirs) =>
      (/^connect/.test(call.method) || has(call, /: connect\b/)) &&
      ours.here.includes('called well') &&
      theirs.here.includes('called EISCONN'),
  },
  {
    reason: 'older Nodes read the constructor of a value more than once when ' +
      'they word an error, and the value acts each time',
    later: (call) => !readsConstructorOnce && has(call, /\bget: \w+/),
  },
];

/** The built-in does not survive these: no call of theirs is made. */
const fatal = [
  {
    reason: 'text that closes the socket when it is made: the built-in goes ' +
      'on with the closed handle, and libuv asserts that it has no descriptor',
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
