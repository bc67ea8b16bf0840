'use strict';

// Where ours may differ from node:dgram, and why. Each entry names its place
// in docs/parity.md, or says what the built-in does that cannot be followed.
// `applies` sees a call, what it came to on both sides, and may be told that
// the difference showed later, in 'error' or out of an event (`call` is then
// any call of the program).

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

/** Node 18 words what it received in other ways. */
function sameButReceived(ours, theirs) {
  const [start, rest] = ours?.message.split(' Received') ?? [];
  return rest !== undefined && ours.own.code === theirs?.own.code &&
    theirs.message.startsWith(`${start} Received`);
}

const names = (call) => call.args.map(({ name }) => name);
const has = (call, pattern) => names(call).some((name) => pattern.test(name));
const isSending = ({ method }) => /^send/.test(method);
const isMembership = ({ method }) => /Membership$|^setMulticastI/.test(method);

/** Values that do not turn into text, or into very much of it. */
const NO_TEXT =
  /throw|revoked|Symbol|detached|shrunk|null\)|\{\}|300|70,000|million|proxy/;

/** Objects that turn into an address, or do something when they are asked. */
const ODD_TEXT = /toString|toPrimitive|new String|throw|revoked|null\)|Symbol/;

/** The same error, but for what it says of the value that it was given. */
const onlyReceived = (ours, theirs) =>
  sameButReceived(ours?.thrown, theirs?.thrown);

const differences = [
  {
    reason: 'docs/parity.md, "The bytes of a message": they are copied ' +
      'within send(), so what a view does when it is read, it does there',
    applies: (call) => isSending(call) &&
      has(call, /view that (?:throws|lies)|detached view|shrunk memory|getter/),
    later: true,
  },
  {
    reason: 'docs/parity.md, "Behaviour that changed between versions": ' +
      'the words of an error are those of the newest Node',
    applies: (call, ours, theirs) => !readsConstructorOnce &&
      onlyReceived(ours, theirs),
  },
  {
    reason: 'the same: it reads a constructor once, and a value may count',
    applies: (call) => !readsConstructorOnce &&
      has(call, /constructor getter|\bget: |getters throw/),
    later: true,
  },
  {
    reason: 'docs/parity.md, "bindSync(), connectSync(), reusePort, ...": ' +
      'options are checked that this Node does not know',
    applies: (call) => /Socket$/.test(call.method) &&
      uncheckedOptions.some((name) => has(call, new RegExp(name))),
  },
  {
    reason: 'docs/parity.md, "Text with a NUL": the built-in cuts it there',
    applies: (call) => isMembership(call) && has(call, /\\u0000/),
    later: true,
  },
  {
    reason: 'text that throws when it is made (an error of its own before ' +
      'Node 26), or is longer than an address: the built-in asks libuv all ' +
      'the same, which gives an unbound socket a descriptor',
    applies: (call) => isMembership(call) &&
      has(call, NO_TEXT),
    later: true,
  },
  {
    reason: 'docs/parity.md, "A literal address": what only turns into one ' +
      'is one, as on Node 26; older ones have dns.lookup() refuse it',
    applies: (call) => !readsConstructorOnce && /^(?:bind|connect)$/
      .test(call.method) && has(call, ODD_TEXT),
    later: true,
  },
  {
    reason: 'docs/parity.md, "A literal address": the error of a bind() that ' +
      'failed names the text, not the object that turned into it',
    applies: (call) => readsConstructorOnce && call.method === 'bind' &&
      has(call, /toString|toPrimitive|new String/),
    later: true,
  },
  {
    reason: 'docs/parity.md, "Behaviour that changed between versions": ' +
      'port "0", as text, is none',
    applies: (call) => takesZero && has(call, /^"0"$/),
    later: true,
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
