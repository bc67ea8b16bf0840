'use strict';

// The calls in a program, drawn by fast-check. Every argument may be anything;
// mostly it is a value that the method might accept, so that calls pass the
// first check.
//
// Datagrams go to loopback addresses only, and to the port of a sink.

const fc = require('fast-check');

const {
  any, arrays, buffers, constant, functions, objects, primitives, value,
} = require('./values');

const port = value('PORT', (context) => context.port);
const callback = value('CALLBACK', (context) => context.callback);
const text = (...names) =>
  names.map((name) => constant(name, JSON.stringify(name)));

const pools = {
  message: [...buffers, ...arrays, ...text('text', 'é'), port],
  number: [0, 1, 2, 5, 64, 255, -1, 1.5].map((n) => constant(n)),
  port: [port, port, port, value('"PORT"', (context) => `${context.port}`),
    constant(65536), constant(-1), ...text('65536')],
  host: [...text('127.0.0.1', '::1', 'localhost', 'no.such.host', ''),
    constant(undefined), constant(null)],
  group: [...text('239.255.78.1', 'ff02::78:1', '127.0.0.1', '232.1.78.1')],
  interface: [...text('127.0.0.1', '::%lo', '::1'), constant(undefined)],
  size: [0, 1, 4096, 2 ** 31, 2 ** 32].map((n) => constant(n)),
  callback: [callback],
  any,
};

/**
 * Ports for bind(): only values that mean "the system's choice", or none. A
 * fixed port might be in use.
 */
const free = [
  ...[undefined, null, 0, NaN, 2 ** 32, Infinity]
    .map((thing) => constant(thing)),
  ...text('', '0', ' ', 'abc', '127.0.0.1'),
  constant(Symbol('s'), 'Symbol(s)'),
  ...functions,
  // Objects that convert to a number would be a port.
  ...objects.filter(({ name }) => !/^valueOf: |^new |^Date/.test(name)),
];

/** An object of options; each property is drawn or omitted. */
const options = (shape) => fc.record(
  Object.fromEntries(Object.entries(shape).map(([key, pool]) =>
    [key, fc.constantFrom(...pool)])),
  { requiredKeys: [] }).map((drawn) => ({
  name: `{ ${Object.entries(drawn)
    .map(([key, { name }]) => `${key}: ${name}`).join(', ')} }`,
  make: (context) => Object.fromEntries(Object.entries(drawn)
    .map(([key, { make }]) => [key, make(context)])),
}));

const bindOptions = options({
  port: free,
  address: [...pools.host, ...objects, ...functions, constant(5)],
  exclusive: any,
  fd: [-1, 0, 1.5, NaN, 2 ** 20, 2 ** 31, '5', true, null, {}]
    .map((thing) => constant(thing)),
});

const bindSyncOptions = options({
  port: [...free, constant(-1), constant(70000), constant(1.5)],
  address: [...pools.host, ...any],
});

const pick = (name) => fc.constantFrom(...pools[name]);

/** Half of the time a value of the named pool, else anything. */
const mostly = (name) => fc.oneof(
  { arbitrary: pick(name), weight: 3 },
  { arbitrary: pick('any'), weight: 1 });

const freely = (pool) => fc.constantFrom(...pool);

const argument = {
  bindFirst: fc.oneof(freely(free), bindOptions),
  bindSyncFirst: fc.oneof(freely(any), bindSyncOptions),
  bindHost: fc.oneof(pick('host'), freely([...objects, ...functions])),
};

/** Omits up to `count` arguments from the end. */
const cut = (list, count) => fc.tuple(list, fc.nat(count))
  .map(([all, missing]) => all.slice(0, all.length - missing));

const args = (...names) => cut(
  fc.tuple(...names.map((name) => argument[name] ?? mostly(name))),
  names.length);

/** A message and its size in bytes. */
const sized = (name, size, make) => ({ ...value(name, make), size });

const messages = [
  sized('"text"', 4, () => 'text'),
  sized('"é"', 2, () => 'é'),
  sized('empty Buffer', 0, () => Buffer.alloc(0)),
  // Both are parts of larger memory, which a wrong length would expose.
  sized('Buffer', 5, () => Buffer.from('bytes')),
  sized('view into more', 8, () => new Uint8Array(new ArrayBuffer(64), 16, 8)),
  sized('Uint16Array', 6, () => new Uint16Array(3)),
  sized('DataView', 4, () => new DataView(new ArrayBuffer(9), 1, 4)),
];

/** Message, offset and length, around the limits of the message. */
const slice = fc.record({
  message: fc.constantFrom(...messages),
  from: fc.constantFrom(0, 0, 1, 2, -1),
  ofEnd: fc.boolean(),
  beyond: fc.constantFrom(0, 0, 0, -1, 1),
}).map(({ message, from, ofEnd, beyond }) => {
  const offset = ofEnd ? message.size - from : from;
  return [message, constant(offset),
    constant(message.size - offset + beyond)];
});

/** Values of an omitted argument or the callback of send(). */
const absent = [...[undefined, null, 0, ''].map((thing) => constant(thing)),
  callback];

const present = (name) => fc.oneof(
  { arbitrary: pick(name), weight: 3 },
  { arbitrary: freely(absent), weight: 3 },
  { arbitrary: pick('any'), weight: 1 });

/** Mostly well-formed up to the port, so that later arguments are checked. */
const longSend = cut(
  fc.tuple(slice, present('port'), present('host'), mostly('callback'))
    .map(([start, ...rest]) => [...start, ...rest]),
  3);

/** The arguments of each method, as pools. */
const METHODS = {
  send: args('message', 'number', 'number', 'port', 'host', 'callback'),
  sendto: args('message', 'number', 'number', 'port', 'host', 'callback'),
  bind: args('bindFirst', 'bindHost', 'callback'),
  bindSync: args('bindSyncFirst'),
  connect: args('port', 'host', 'callback'),
  connectSync: args('port', 'host'),
  disconnect: args('any'),
  close: args('callback'),
  address: args('any'),
  remoteAddress: args('any'),
  ref: args('any'),
  unref: args('any'),
  setBroadcast: args('any'),
  setTTL: args('number'),
  setMulticastTTL: args('number'),
  setMulticastLoopback: args('number'),
  setMulticastInterface: args('interface'),
  addMembership: args('group', 'interface'),
  dropMembership: args('group', 'interface'),
  addSourceSpecificMembership: args('host', 'group', 'interface'),
  dropSourceSpecificMembership: args('host', 'group', 'interface'),
  setRecvBufferSize: args('size'),
  setSendBufferSize: args('size'),
  getRecvBufferSize: args('any'),
  getSendBufferSize: args('any'),
  getSendQueueSize: args('any'),
  getSendQueueCount: args('any'),
};

/** The short forms of send(), without offset and length. */
const shortSend = fc.oneof(
  args('message', 'port', 'host', 'callback'),
  args('message', 'callback'));

const call = fc.oneof(
  { weight: 12, arbitrary: fc.record({
    method: fc.constant('send'), args: longSend,
  }) },
  { weight: 4, arbitrary: fc.record({
    method: fc.constant('send'), args: shortSend,
  }) },
  ...Object.entries(METHODS).map(([method, list]) => ({
    weight: method === 'send' ? 8 : method === 'close' ? 1 : 2,
    arbitrary: fc.record({ method: fc.constant(method), args: list }),
  })));

const STATES = ['unbound', 'binding', 'bound', 'connecting', 'connected',
  'closed', 'bound', 'connected', 'connected'];

/** A socket in a given state, and calls of its methods. */
const program = fc.record({
  type: fc.constantFrom('udp4', 'udp4', 'udp6'),
  state: fc.constantFrom(...STATES),
  calls: fc.array(call, { minLength: 1, maxLength: 24, size: 'max' }),
});

/** The arguments of createSocket() and Socket(). */
const creation = fc.record({
  first: fc.oneof(
    freely(any),
    freely(text('udp4', 'udp6')),
    options({
      type: [...text('udp4', 'udp4', 'udp4', 'udp6', 'udp5'), ...primitives],
      lookup: [constant(undefined), ...functions, ...any],
      signal: [constant(undefined), value('signal', () =>
        new AbortController().signal), value('aborted signal', () =>
        AbortSignal.abort()), value('like a signal', () => ({
        aborted: false, addEventListener() {}, removeEventListener() {},
      })), ...any],
      recvBufferSize: [constant(undefined), ...any],
      sendBufferSize: [constant(undefined), ...any],
      receiveBlockList: [constant(undefined), ...any],
      sendBlockList: [constant(undefined), ...any],
      reuseAddr: any,
      reusePort: any,
      ipv6Only: any,
    })),
  second: freely(any),
  form: fc.constantFrom('createSocket', 'new Socket'),
});

module.exports = { METHODS, creation, messages, pools, program };
