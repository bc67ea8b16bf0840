'use strict';

// Unix datagram sockets with any arguments: they throw a documented error or
// that of a value, nothing is lost between two of them, and no file is left.

const assert = require('node:assert');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');

const fc = require('fast-check');

const { describeError } = require('../../support/outcome');
const packed = require('../../support/package');
const { pools } = require('./calls');
const { expectUncaught, iteration } = require('./program');
const { any, constant } = require('./values');

const dgram = require(packed.main);
const binding = packed.binding();

/** The error codes of the page, and those of system calls. */
const CODES = /^(?:ERR_(?:INVALID_ARG_(?:TYPE|VALUE)|OUT_OF_RANGE|BUFFER_OUT_OF_BOUNDS|SOCKET_\w+)|E[A-Z]+)$/;

/** As with node:dgram, some methods of a closed socket read from null. */
const OF_VALUES = new RegExp([
  'thrown by a value', 'revoked', 'detached', 'Cannot convert', 'Class constr',
  'incompatible receiver', 'BigInt', 'of null',
].join('|'));

/** Names in the working directory, which is a temporary one, and others. */
const NAMES = [
  'peer', './peer', '@dgram-native-fuzz', '\0dgram-native-fuzz', '@', '\0',
  'missing/peer', 'x'.repeat(108), 'x'.repeat(109), `@${'y'.repeat(107)}`,
  `@${'y'.repeat(108)}`, 'é'.repeat(54), '\ud800', 'peer\0', '@a\0b', '.', '/',
].map((name) => constant(name, JSON.stringify(name)));

const anything = fc.constantFrom(...any);
const name = fc.oneof({ weight: 4, arbitrary: fc.constantFrom(...NAMES) },
                      anything);
const message = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom(...pools.message) }, anything);
const integer = fc.oneof(
  fc.constantFrom(...[0, 1, 2, 64, 65536, -1, 2 ** 32].map((number) =>
    constant(number))), anything);

/** A value that is created anew, from its parts. */
const list = (...parts) => fc.tuple(...parts).map((drawn) => ({
  name: `[${drawn.map((one) => one.name).join(', ')}]`,
  make: (context) => drawn.map(({ make }) => make(context)),
}));

const record = (shape) => fc.record(shape, { requiredKeys: [] })
  .map((drawn) => ({
    name: `{ ${Object.entries(drawn).map(([key, one]) =>
      `${key}: ${one.name}`).join(', ')} }`,
    make: (context) => Object.fromEntries(Object.entries(drawn)
      .map(([key, { make }]) => [key, make(context)])),
  }));

const call = (method, ...args) =>
  fc.tuple(...args).map((drawn) => ({ method, args: drawn }));

const calls = fc.oneof(
  call('bind', fc.oneof(name, record({ path: name }))),
  call('bindSync', name),
  call('connect', name, anything),
  call('connectSync', name),
  call('disconnect'),
  call('send', message, name, anything),
  call('send', message, integer, integer, name),
  call('send', message, anything),
  call('sendto', message, integer, integer, name, anything),
  call('sendMany', fc.oneof(list(message, name, message, name),
                            list(message), anything), anything),
  call('sendMany', record({
    count: integer, data: anything, offsets: fc.oneof(list(integer), anything),
    sizes: fc.oneof(list(integer), anything),
    paths: fc.oneof(list(name), name),
  })),
  call('address'), call('remoteAddress'), call('stats'),
  call('setSendBufferSize', fc.constantFrom(constant(0), constant(9000))),
  call('setTTL', integer),
  call('getSendQueueSize'), call('ref'), call('unref'), call('close', anything),
);

const HANDLE_METHODS = [
  'unixBind', 'unixConnect', 'unixDisconnect', 'unixName', 'unixPeer',
  'recvStart', 'recvStop', 'bind6', 'connect6', 'setTTL', 'setReceiveInfo',
  'bufferSize', 'getsockname',
];

const UNSAFE = new Set(['bind6', 'connect6']);

const program = fc.record({
  options: record({
    unlink: fc.oneof(fc.constantFrom(constant(true)), anything),
    receiveInfo: fc.oneof(fc.constant(
      { name: 'both', make: () => ['credentials', 'timestamp'] }), anything),
  }),
  calls: fc.array(calls, { maxLength: 15 }),
  handle: fc.array(fc.record({
    method: fc.constantFrom(...HANDLE_METHODS),
    isUdp: fc.boolean(),
    args: fc.array(fc.oneof(name, integer), { maxLength: 3 }),
  }), { maxLength: 8 }),
  setPath: fc.array(fc.tuple(
    fc.constantFrom(...[0, -1, 32767, 32768, 2 ** 31].map((number) =>
      constant(number))), name), { maxLength: 4 }),
});

function handleOf(socket) {
  const symbol = Object.getOwnPropertySymbols(socket)
    .find(({ description }) => description === 'state symbol');
  return socket[symbol].handle;
}

/** Throws unless the error is documented, or that of a value. */
function checkError(error, what) {
  const described = describeError(error);
  if (CODES.test(described.own?.code ?? '')) return;
  if (OF_VALUES.test(described.message)) return;
  throw new Error(`${what}: ${error?.stack ?? error}`, { cause: error });
}

/** Functions of the handle and the addon throw any error. */
function attemptInner(what, act) {
  try {
    act();
  } catch (error) {
    if (!(error instanceof Error)) throw new Error(what, { cause: error });
  }
}

function attempt(what, act) {
  try {
    return act();
  } catch (error) {
    checkError(error, what);
    return undefined;
  }
}

const text = ({ method, args }) =>
  `${method}(${args.map((one) => one.name).join(', ')})`;

/** After hostile calls, two sockets still exchange a datagram. */
async function checkSound() {
  const receiver = dgram.createSocket('unix_dgram');
  receiver.bindSync();
  const received = new Promise((resolve) => receiver.once('message', resolve));
  const sender = dgram.createSocket('unix_dgram');
  sender.send('sound', receiver.address().path);
  assert.strictEqual(String(await received), 'sound');
  sender.close();
  receiver.close();
}

async function run(drawn) {
  const peer = dgram.createSocket('unix_dgram');
  peer.bindSync('peer');
  const socket = attempt('createSocket()', () => dgram.createSocket(
    { type: 'unix_dgram', ...drawn.options.make({}) })) ??
    dgram.createSocket('unix_dgram');
  const udp = dgram.createSocket('udp4');
  const sockets = [peer, socket, udp];
  for (const one of sockets) one.on('error', () => {});
  const undocumented = [];
  expectUncaught((error) => undocumented.push(error));
  const context = { socket, port: 1, callback() {} };
  for (const one of drawn.calls) {
    attempt(text(one),
      () => socket[one.method](...one.args.map(({ make }) => make(context))));
  }
  for (const { method, isUdp, args } of drawn.handle) {
    // An unsafe one could bind a fixed port.
    const handle =
      handleOf(isUdp && !UNSAFE.has(method) ? udp : socket) ?? {};
    const prototype = Object.getPrototypeOf(handleOf(peer));
    attemptInner(method, () =>
      prototype[method].apply(handle, args.map(({ make }) => make(context))));
  }
  for (const [slot, to] of drawn.setPath) {
    attemptInner('setPath',
      () => binding.setPath(slot.make(), to.make(context)));
  }
  await iteration();
  await iteration();
  for (const one of sockets) if (handleOf(one) !== null) one.close();
  await iteration();
  expectUncaught(null);
  for (const error of undocumented) checkError(error, 'uncaught');
  await checkSound();
}

/** Calls `body` in a temporary working directory. */
async function inDirectory(body) {
  const cwd = process.cwd();
  const directory = fs.mkdtempSync(path.join(os.tmpdir(), 'dgram-fuzz-'));
  process.chdir(directory);
  try {
    return await body();
  } finally {
    process.chdir(cwd);
    fs.rmSync(directory, { recursive: true, force: true });
  }
}

/**
 * Runs a program; rejects after undocumented behaviour.
 * @returns {Promise<number>} the number of calls
 */
async function runUnix(drawn) {
  if (!dgram.features.unixDgram) return 0;
  await inDirectory(() => run(drawn));
  return drawn.calls.length + drawn.handle.length + drawn.setPath.length;
}

module.exports = { OF_VALUES, calls, inDirectory, program, runUnix };
