'use strict';

// The additions to node:dgram: sendMany(), the 'batch' event, shared buffers,
// and the functions of the addon, which JavaScript can reach but should not
// use. With any arguments they throw a documented error or return a code, and
// the process continues.

const fc = require('fast-check');

const { messages, pools } = require('./calls');
const { describeError, outcome } = require('../../support/outcome');
const packed = require('../../support/package');
const { moves } = require('./moves');
const { expectUncaught, makeCall, iteration } = require('./program');
const { any, constant } = require('./values');

const dgram = require(packed.main);
const binding = packed.binding();

/** The error codes of sendMany() in docs/api.md. */
const SEND_MANY_CODES = new Set([
  'ERR_INVALID_ARG_TYPE', 'ERR_INVALID_ARG_VALUE', 'ERR_OUT_OF_RANGE',
  'ERR_SOCKET_BAD_PORT', 'ERR_SOCKET_DGRAM_NOT_RUNNING',
  'ERR_INVALID_IP_ADDRESS', 'ERR_SOCKET_DGRAM_IS_CONNECTED',
  'ERR_FEATURE_UNAVAILABLE_ON_PLATFORM',
]);

/** Those of send() besides. */
const SEND_CODES = new Set(['ERR_BUFFER_OUT_OF_BOUNDS']);

const anything = fc.constantFrom(...any);

/** Lists that are nearly valid, so that the later checks are reached. */
const packets = fc.array(fc.tuple(
  fc.constantFrom(...pools.message),
  fc.constantFrom(...pools.port, ...any),
  fc.constantFrom(...['127.0.0.1', '::1', '', 'name', null, undefined]
    .map((thing) => constant(thing)))), { maxLength: 6 })
  .map((list) => ({
    name: `[${list.flat().map(({ name }) => name).join(', ')}]`,
    make: (context) => list.flat().map(({ make }) => make(context)),
  }));

/** Values of one column: those that are right, lists of them, and any. */
function column(right, ...whole) {
  const element = fc.oneof({ weight: 4, arbitrary: fc.constantFrom(...right) },
                           anything);
  const list = fc.array(element, { maxLength: 4 }).map((elements) => ({
    name: `[${elements.map(({ name }) => name).join(', ')}]`,
    make: (context) => elements.map(({ make }) => make(context)),
  }));
  return fc.oneof({ weight: 3, arbitrary: fc.constantFrom(...whole) },
                  { weight: 3, arbitrary: list }, anything);
}

const integers = [0, 1, 2, 5, 64, 65536, 2 ** 32 - 1]
  .map((number) => constant(number));

/** A value that is created anew for each batch. */
const created = (name, make) => ({ name, make });

const integerColumn = column(integers,
  created('Uint32Array(3)', () => new Uint32Array(3)),
  created('Uint32Array.of(0, 1, 2)', () => Uint32Array.of(0, 1, 2)),
  created('Uint32Array.of(64, -1)', () => Uint32Array.of(64, 2 ** 32 - 1)));

const addressConstants = ['127.0.0.1', '::1', '', null, undefined]
  .map((thing) => constant(thing));

/** Columns that are nearly right. */
const columns = fc.record({
  count: fc.oneof({ weight: 4, arbitrary: fc.constantFrom(...integers) },
                  anything),
  data: fc.oneof(
    { weight: 4, arbitrary: fc.constantFrom(
      created('Buffer(64)', () => Buffer.alloc(64)),
      created('Uint8Array(3)', () => new Uint8Array(3))) },
    anything),
  offsets: integerColumn,
  sizes: integerColumn,
  ports: column(pools.port, ...pools.port),
  addresses: fc.oneof(fc.constantFrom(...addressConstants),
                      fc.array(fc.constantFrom(...addressConstants),
                               { maxLength: 4 }).map((list) => ({
                        name: `[${list.map(({ name }) => name).join(', ')}]`,
                        make: () => list.map(({ make }) => make()),
                      }))),
}).map((drawn) => ({
  name: `{ ${Object.entries(drawn)
    .map(([key, { name }]) => `${key}: ${name}`).join(', ')} }`,
  make: (context) => Object.fromEntries(Object.entries(drawn)
    .map(([key, { make }]) => [key, make(context)])),
}));

/** An object with some of these properties. */
const objectOf = (shape) => fc.record(shape, { requiredKeys: [] })
  .map((drawn) => ({
    name: `{ ${Object.entries(drawn)
      .map(([key, { name }]) => `${key}: ${name}`).join(', ')} }`,
    make: (context) => Object.fromEntries(Object.entries(drawn)
      .map(([key, { make }]) => [key, make(context)])),
  }));

const setting = (...right) => fc.oneof(
  { weight: 5, arbitrary: fc.constantFrom(...right.map((one) =>
    constant(one))) },
  { weight: 1, arbitrary: anything });

/** Settings that are nearly right. */
const SETTINGS = {
  localAddress: setting('127.0.0.1', '127.0.0.2', '192.0.2.1', '::1', '::',
                        'fe80::1%lo', '::ffff:127.0.0.1', undefined),
  interface: setting('lo', 'no such device', 1, 2, 2 ** 31 - 1, undefined),
  tos: setting(0, 4, 255, 256, undefined),
  ttl: setting(0, 1, 64, 255, undefined),
  sendTime: setting(0n, 1n, 2n ** 63n - 1n, 2n ** 63n, -1n, 1, undefined),
};

const target = objectOf({
  port: fc.oneof({ weight: 3, arbitrary: fc.constantFrom(...pools.port) },
                 anything),
  address: fc.constantFrom(...addressConstants),
  ...SETTINGS,
});

const manySettings = objectOf(Object.fromEntries(Object.entries(SETTINGS)
  .map(([name, one]) => [name, fc.oneof(one, column(
    [constant(1), constant('127.0.0.1'), constant(undefined)],
    created('Uint8Array(6)', () => new Uint8Array(6).fill(7))))])));

/** [message, target, message, target, ...] */
const targetList = fc.array(fc.tuple(fc.constantFrom(...pools.message), target),
                            { minLength: 1, maxLength: 5 })
  .map((list) => ({
    name: `[${list.flat().map(({ name }) => name).join(', ')}]`,
    make: (context) => list.flat().map(({ make }) => make(context)),
  }));

/** Arguments of send() with an object in the place of the port. */
const targetSend = fc.record({
  message: fc.oneof(fc.constantFrom(...pools.message), anything),
  part: fc.option(fc.tuple(fc.constantFrom(...integers),
                           fc.constantFrom(...integers)), { nil: [] }),
  target,
  callback: fc.oneof(fc.constantFrom(...pools.callback), anything),
}).map(({ message, part, target: to, callback }) =>
  [message, ...part, to, callback]);

/** Invalid entries, with the expected error codes. */
const FAULTS = {
  message: [['5', 5], ['null', null], ['true', true], ['[5]', [5]]]
    .map(([name, thing]) => [name, thing, 'ERR_INVALID_ARG_TYPE']),
  port: [0, -1, 1.5, 65536, '', 'abc', null]
    .map((thing) => [String(thing), thing, 'ERR_SOCKET_BAD_PORT']),
  address: [
    ...['name', 'localhost', '127.0.0.1 ', '127.0.0.256', '::1::', '1.2.3']
      .map((thing) => [thing, thing, 'ERR_INVALID_ARG_VALUE']),
    ...[5, true, Symbol.iterator]
      .map((thing) => [String(thing), thing, 'ERR_INVALID_ARG_TYPE']),
  ],
};

/** Where and how a valid list is made invalid; null: it is not. */
const fault = fc.option(fc.tuple(
  fc.nat(100), fc.oneof(...Object.entries(FAULTS).map(([place, faults]) =>
    fc.record({
      place: fc.constant(place), fault: fc.constantFrom(...faults),
    })))));

const sound = fc.record({
  packets: fc.array(fc.constantFrom(...messages),
                    { minLength: 1, maxLength: 6 }),
  fault,
});

/** Methods of the handle, with invalid receivers. */
const HANDLE_METHODS = [
  'bind', 'bind6', 'connect', 'connect6', 'disconnect', 'getsockname',
  'getpeername', 'addMembership', 'dropMembership',
  'addSourceSpecificMembership', 'dropSourceSpecificMembership',
  'setMulticastInterface', 'setMulticastTTL', 'setMulticastLoopback',
  'setBroadcast', 'setTTL', 'bufferSize', 'getSendQueueSize',
  'getSendQueueCount', 'recvStart', 'recvStop', 'ref', 'unref', 'hasRef',
  'send', 'send6', 'getAsyncId', 'fd', 'adopt', 'open', 'share',
  'setTypeOfService', 'getTypeOfService', 'setFragment', 'getPathMTU',
  'setGroup', 'setOpenOptions', 'failedOption', 'stats', 'takeDrops',
  'setReceiveInfo', 'interfaceName', 'setSendHighWaterMark', 'needsDrain',
  'setDualStack', 'setPacingRate',
];

/** Functions of the addon without lasting effects on the process. */
const BINDING_FUNCTIONS = [
  'flush', 'guessHandleType', 'stats', 'sumStats', 'inbox',
];

/** Slots that lib/batch/send-settings.js has not reached, and invalid ones. */
const settingsSlot = fc.constantFrom(...[0, -1, 4095, 4096, 2 ** 31, 1e9]
  .map((number) => constant(number)));

/** Values that are not descriptors of this process. */
const NO_DESCRIPTOR = fc.constantFrom(
  ...any.filter(({ name }) => !/^(?:0|1|2|-0|1\.5|NaN|true|false|null|"|[a-z]|\[|\{)/i
    .test(name)), constant(-1), constant(2 ** 20));

const descriptorFirst = new Set(['adopt', 'open']);

/** A port must not be fixed, and an address must be loopback. */
const unsafe = new Set(['bind', 'bind6', 'connect', 'connect6', 'send',
  'send6', 'fd']);

const handleCall = fc.record({
  method: fc.constantFrom(...HANDLE_METHODS.filter((name) =>
    !unsafe.has(name))),
  receiver: fc.constantFrom('own', 'own', 'own', 'closed', 'plain', 'socket'),
  args: fc.array(anything, { maxLength: 4 }),
  descriptor: NO_DESCRIPTOR,
});

/** Multicast groups that are not forwarded, and other values. */
const group = fc.oneof(fc.constantFrom(...['239.255.80.1', 'ff12::80:1',
  '127.0.0.1', '::1', ''].map((thing) => constant(thing))), anything);

const membershipInterface = fc.oneof(
  fc.constantFrom(constant('*'), constant('127.0.0.1')),
  fc.oneof(fc.constantFrom(constant('lo'), constant(1), constant(0),
    constant(2 ** 31)), anything).map(({ name, make }) => ({
    name: `{ interface: ${name} }`,
    make: (context) => ({ interface: make(context) }),
  })),
  anything);

/** Slots that lib/batch/destinations.js has not reached, and invalid ones. */
const slot = fc.constantFrom(...[0, -1, 32767, 32768, 2 ** 31, 1e9]
  .map((number) => constant(number)));

const bindingCall = fc.oneof(
  fc.record({
    name: fc.constantFrom(...BINDING_FUNCTIONS),
    args: fc.array(anything, { maxLength: 4 }),
  }),
  fc.record({
    name: fc.constant('sendColumns'),
    args: fc.tuple(
      fc.oneof(fc.constantFrom(...integers), anything), anything, anything,
      anything, anything, fc.oneof(fc.constantFrom(...integers), anything),
      fc.oneof(fc.constantFrom(...integers), anything),
      fc.oneof(fc.constant(created('Buffer(64)', () => Buffer.alloc(64))),
               anything),
      integerColumn, integerColumn),
  }),
  fc.record({
    name: fc.constant('setDestination'),
    args: fc.tuple(slot, anything, anything, anything),
  }),
  fc.record({
    name: fc.constant('setSendSettings'),
    args: fc.tuple(settingsSlot, fc.oneof(fc.constantFrom(constant(4),
      constant(6), constant(46)), anything), SETTINGS.localAddress, anything,
                   anything, SETTINGS.tos, SETTINGS.ttl, SETTINGS.sendTime),
  }));

/** Property names of the addon's results. */
const INHERITED = [
  'address', 'family', 'port', 'errno', 'code', 'message', 'syscall', 'id',
  'recvBuffer', 'groBuffers', 'texts', 'sent', 'received', 'sockets', 'open',
  'kernelDrops', 'queued', 'mtu', 'option',
];

/** Methods of a socket that node:dgram does not have, or with new arguments. */
const option = fc.oneof(
  fc.record({
    method: fc.constantFrom('setTypeOfService', 'setDontFragment',
      'getTypeOfService', 'getPathMTU', 'setPacingRate', 'stats'),
    args: fc.array(fc.oneof(fc.constantFrom(...integers,
      constant(true), constant('probe')), anything), { maxLength: 2 }),
  }),
  fc.record({
    method: fc.constantFrom('pause', 'resume', 'isPaused'),
    args: fc.array(anything, { maxLength: 1 }),
  }),
  fc.record({
    method: fc.constant('iterator'),
    args: fc.tuple(fc.oneof(anything, objectOf({
      highWaterMark: fc.constantFrom(...integers), signal: anything,
    }))),
  }),
  fc.record({
    method: fc.constantFrom('addMembership', 'dropMembership'),
    args: fc.tuple(group, membershipInterface),
  }),
  fc.record({
    method: fc.constantFrom('addSourceSpecificMembership',
      'dropSourceSpecificMembership'),
    args: fc.tuple(fc.constantFrom(...addressConstants), group,
                   membershipInterface),
  }));

/** createSocket() with one of the options before bind. */
const openOption = fc.record({
  name: fc.constantFrom('device', 'multicastAll', 'freebind', 'transparent',
    'priority', 'mark', 'icmpErrors', 'receiveInfo', 'sendHighWaterMark',
    'txtime', 'lookupCache', 'closeWhenCollected', 'reuseBatch'),
  value: fc.oneof(fc.constantFrom(...integers, constant('lo'), constant(true),
    constant('no such device'), constant('monotonic'), constant('tai'),
    created('{ ttl: 5, max: 1 }', () => ({ ttl: 5, max: 1 })),
    created('{ ttl: -1 }', () => ({ ttl: -1 })),
    created("['ttl']", () => ['ttl']),
    created("['tos', 5]", () => ['tos', 5])), anything),
});

/** Names for the option receiveInfo. */
const INFO_NAMES = dgram.features.receiveInfo ?
  ['localAddress', 'interface', 'interfaceIndex', 'tos', 'ttl', 'timestamp'] :
  [];

const program = fc.record({
  inherited: fc.subarray(INHERITED),
  type: fc.constantFrom('udp4', 'udp6', 'udp'),
  shared: fc.boolean(),
  receiveInfo: fc.subarray(INFO_NAMES),
  connected: fc.boolean(),
  sends: fc.array(fc.record({
    packets: fc.oneof({ weight: 3, arbitrary: packets },
                      { weight: 3, arbitrary: columns },
                      { weight: 3, arbitrary: targetList }, anything),
    settings: fc.option(fc.oneof({ weight: 3, arbitrary: manySettings },
                                 anything)),
    callback: fc.oneof(fc.constantFrom(...pools.callback), anything),
  }), { maxLength: 8 }),
  targets: fc.array(targetSend, { maxLength: 8 }),
  sound: fc.array(sound, { maxLength: 4 }),
  handle: fc.array(handleCall, { maxLength: 12 }),
  options: fc.array(option, { maxLength: 8 }),
  openOptions: fc.array(openOption, { maxLength: 4 }),
  moves,
  binding: fc.array(bindingCall, { maxLength: 6 }),
});

function fail(what, error) {
  throw new Error(`${what}: ${error?.stack ?? error}`, { cause: error });
}

/**
 * Optimised code of V8 12.4 (Node 22) reports the old offset of a view whose
 * memory shrank. Buffer.from() rejects that, for node:dgram as well.
 */
const misplacesViews = process.versions.v8.startsWith('12.4.');

/** Documented errors, and those thrown by a value itself. */
function isDocumented({ own, message }) {
  return SEND_MANY_CODES.has(own?.code) ||
    (misplacesViews && own?.code === 'ERR_BUFFER_OUT_OF_BOUNDS') ||
    /thrown by a value|revoked|detached|Cannot convert|Class constr/
      .test(message);
}

function sendTo(socket, port, args) {
  const { thrown } = makeCall(socket, port, { method: 'send', args });
  if (thrown && !isDocumented(thrown) && !SEND_CODES.has(thrown.own?.code)) {
    fail(`send(${args.map(({ name }) => name)})`, thrown.message);
  }
}

function sendAll(socket, port, { packets, settings, callback }) {
  const { thrown, returned } = makeCall(socket, port, {
    method: 'sendMany',
    args: [packets, ...(settings === null ? [] : [settings]), callback],
  });
  if (thrown && !isDocumented(thrown)) {
    fail(`sendMany(${packets.name}, ${callback.name})`, thrown.message);
  }
  if (!thrown && !Number.isInteger(returned)) {
    fail(`sendMany(${packets.name})`, `returned ${returned}`);
  }
}

const PLACES = ['message', 'port', 'address'];

/** An address that each type of socket can send to. */
const LOCAL = { udp4: '127.0.0.1', udp6: '::1', udp: '127.0.0.1' };

/** The list for this socket, and the expected error code. */
function makeList(socket, port, connected, { packets, fault: drawn }) {
  const address = LOCAL[socket.type];
  const list = packets.flatMap(({ make }) =>
    connected ? [make()] : [make(), port, address]);
  const width = list.length / packets.length;
  const place = PLACES.indexOf(drawn?.[1].place);
  if (drawn === null || place >= width) return { list, wanted: undefined };
  const [, thing, wanted] = drawn[1].fault;
  list[drawn[0] % packets.length * width + place] = thing;
  return { list, wanted };
}

/** Checks that all or none of a list is sent, with the expected error. */
function checkSound(socket, port, connected, drawn) {
  const { list, wanted } = makeList(socket, port, connected, drawn);
  const before = binding.stats().sent;
  const { thrown, returned } = outcome(() => socket.sendMany(list));
  if (thrown?.own.code !== wanted) {
    fail('sendMany() of a list with one fault at most',
         `expected ${wanted}, got ${thrown?.message}`);
  }
  if (wanted === undefined && returned !== drawn.packets.length) {
    fail('sendMany()', `${returned} of ${drawn.packets.length} datagrams`);
  }
  if (wanted !== undefined && binding.stats().sent !== before) {
    fail('sendMany()', 'a rejected list was sent');
  }
}

/** The handle behind the public symbol. */
function handleOf(socket) {
  const symbol = Object.getOwnPropertySymbols(socket)
    .find(({ description }) => description === 'state symbol');
  return socket[symbol].handle;
}

function receiverOf(kind, socket, closed) {
  return { own: handleOf(socket), closed, plain: {}, socket }[kind];
}

function callHandle(socket, closed, context, { method, receiver, args,
  descriptor }) {
  const prototype = Object.getPrototypeOf(closed);
  const list = (descriptorFirst.has(method) ? [descriptor] : args)
    .map(({ make }) => make(context));
  try {
    const self = receiverOf(receiver, socket, closed);
    const result = prototype[method].apply(self ?? {}, list);
    // share() returns a descriptor that the caller closes.
    if (method === 'share' && result > 2) binding.closeFd(result);
    if (method === 'leave') binding.discardTicket(result);
  } catch (error) {
    // A conversion threw, or the receiver is invalid: a plain error.
    if (!(error instanceof Error)) fail(`handle.${method}`, error);
  }
}

const OPTION_CODES = /^(?:ERR_(?:INVALID_ARG_(?:TYPE|VALUE)|OUT_OF_RANGE|MISSING_ARGS|SOCKET_DGRAM_NOT_(?:RUNNING|CONNECTED))|E[A-Z]+)$/;

/** Whether `error` is documented for options and memberships. */
function isOptionError(error, method) {
  const described = describeError(error);
  if (OPTION_CODES.test(error?.code)) {
    return error.code.startsWith('ERR_') || error.syscall === method ||
      error.syscall === 'setsockopt';
  }
  // An interface is converted to a string.
  return isDocumented(described) ||
    /called on incompatible receiver/.test(described.message);
}

function callOption(socket, context, { method, args }) {
  try {
    socket[method](...args.map(({ make }) => make(context)));
  } catch (error) {
    if (!isOptionError(error, method)) {
      fail(`${method}(${args.map(({ name }) => name)})`, error);
    }
  }
}

/** Creates a socket with the option, and binds it. */
function useOpenOption(type, context, { name, value }) {
  const options = { type, [name]: value.make(context) };
  let socket;
  try {
    socket = dgram.createSocket(options);
    socket.bindSync({ address: type === 'udp4' ? '127.0.0.1' : '::1' });
  } catch (error) {
    if (!isOptionError(error, 'setsockopt')) {
      fail(`createSocket({ ${name}: ${value.name} })`, error);
    }
    if (error.syscall === 'setsockopt' && error.option !== name) {
      fail(`createSocket({ ${name}: ${value.name} })`, error.option);
    }
  } finally {
    socket?.close();
  }
}

/** For moves.js: `act` returns or throws a documented error. */
function checkOption(syscall, drawn, act) {
  try {
    act();
  } catch (error) {
    if (!isOptionError(error, syscall)) {
      fail(`${syscall}: ${JSON.stringify(drawn)}`, error);
    }
  }
}

function callBinding(context, { name, args }) {
  try {
    binding[name](...args.map(({ make }) => make(context)));
  } catch (error) {
    if (!(error instanceof Error)) fail(`binding.${name}`, error);
  }
}

/**
 * Calls `act` while Object.prototype has accessors of these names. None is
 * called, because the addon defines own properties on its results.
 */
function withInherited(names, act) {
  const called = [];
  for (const name of names) {
    Object.defineProperty(Object.prototype, name, {
      configurable: true,
      get() { return undefined; },
      set() { called.push(name); },
    });
  }
  try {
    act();
  } finally {
    for (const name of names) delete Object.prototype[name];
  }
  if (called.length > 0) fail('a setter was called', called.join());
}

/** Reads the addon's results under inherited accessors. */
function readResults(socket, inherited) {
  const handle = handleOf(socket);
  const name = {};
  const context = {};
  let results;
  withInherited(inherited, () => {
    handle.getsockname(name);
    handle.bufferSize(2 ** 31, true, context);
    results = [binding.stats(), binding.sumStats()];
  });
  const keys = [name, context, ...results].map((object) =>
    Object.keys(object).join());
  const wanted = [
    'address,family,port', 'errno,code,message,syscall',
    'sockets,open,sent,received',
    'received,receivedBytes,sent,sentBytes,sendErrors,receiveCalls,' +
      'sendCalls,mergedRuns,segmentedRuns,kernelDrops,queued,queuedBytes',
  ];
  if (keys.join(';') !== wanted.join(';')) fail('results', keys.join(';'));
}

async function makeCalls(socket, closed, port, drawn) {
  const { type, connected, sends, sound: lists, handle, binding: inner,
    options, openOptions } = drawn;
  socket.bind(0, type === 'udp' ? '::' : LOCAL[type]);
  await iteration();
  if (connected) {
    socket.connect(port);
    await iteration();
  }
  const context = { socket, port, callback() {} };
  for (const list of lists) checkSound(socket, port, connected, list);
  for (const send of sends) sendAll(socket, port, send);
  for (const args of drawn.targets) sendTo(socket, port, args);
  for (const call of options) callOption(socket, context, call);
  for (const one of openOptions) useOpenOption(type, context, one);
  for (const { act, drawn: one } of drawn.moves)
    act(type, context, one, checkOption);
  for (const call of handle) callHandle(socket, closed, context, call);
  for (const call of inner) callBinding(context, call);
  if (handleOf(socket) !== null) readResults(socket, drawn.inherited);
  await iteration();
}

/**
 * Runs a program; rejects after undocumented behaviour.
 * @returns {Promise<number>} the number of calls
 */
async function runAdditions(drawn, port) {
  const { type, shared, receiveInfo, sends, sound: lists, handle,
          binding: inner } = drawn;
  const socket =
    dgram.createSocket({ type, sharedBuffers: shared, receiveInfo });
  const closed = handleOf(dgram.createSocket(type).close()) ??
    handleOf(dgram.createSocket(type));
  socket.on('error', () => {});
  const undocumented = [];
  expectUncaught((error) => {
    if (!isDocumented(describeError(error))) undocumented.push(error);
  });
  if (shared) socket.on('batch', () => {});
  try {
    await makeCalls(socket, closed, port, drawn);
  } finally {
    // Also after a failure: open sockets would keep the process alive.
    if (handleOf(socket) !== null) socket.close();
    closed.close();
    await iteration();
    expectUncaught(null);
  }
  if (undocumented.length > 0) fail('uncaught', undocumented[0]);
  return sends.length + lists.length + handle.length + inner.length;
}

module.exports = { program, runAdditions };
