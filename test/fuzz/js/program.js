'use strict';

// Runs one program on one implementation and records the outcome of each call:
// result or exception, and the arguments of its callback and of 'error'.

const { describeError, outcome } = require('../../support/outcome');

const iteration = () => new Promise((resolve) => setImmediate(resolve));

const loopback = (type) => type === 'udp4' ? '127.0.0.1' : '::1';

let onUncaught = null;

process.on('uncaughtException', (error) => {
  if (onUncaught === null) throw error;
  onUncaught(error);
});

/** The listener for exceptions out of an event; null: none are expected. */
function expectUncaught(listener) {
  onUncaught = listener;
}

/** Brings a new socket into a state. */
const PREPARE = {
  unbound() {},
  binding(socket) { socket.bind(0, loopback(socket.type)); },
  async bound(socket) {
    socket.bind(0, loopback(socket.type));
    await iteration();
  },
  connecting(socket, port) { socket.connect(port); },
  async connected(socket, port) {
    socket.connect(port);
    await iteration();
  },
  closed(socket) { socket.close(); },
};

/** Replaces ports, which the system chooses, and the socket. */
function normal(thing, socket) {
  if (thing === socket) return 'the socket';
  if (typeof thing?.port === 'number') return { ...thing, port: 'a port' };
  return thing;
}

/** docs/parity.md, "EMSGSIZE on a connected socket": `mtu` is an addition. */
function describe(error) {
  const described = describeError(error);
  if (described.own?.code !== 'EMSGSIZE') return described;
  const own = { ...described.own };
  delete own.mtu;
  return { ...described, own, keys: Object.keys(own) };
}

function describeCallback(args) {
  return args.map((arg) => arg instanceof Error ? describe(arg) : arg);
}

/** Makes one call; its callback may add to the result later. */
function makeCall(socket, port, { method, args }) {
  const result = { called: [] };
  const context = {
    socket,
    port,
    callback: (...given) => { result.called.push(describeCallback(given)); },
  };
  const list = args.map(({ make }) => make(context));
  const { returned, thrown } = outcome(() => socket[method](...list));
  result.thrown = thrown;
  // Some methods return an argument: compared by name.
  result.returned =
    list.includes(returned) && /object|function/.test(typeof returned) ?
      'an argument' :
      normal(returned, socket);
  return result;
}

/** Closes the socket if it is open, and waits for that. */
async function finish(socket) {
  const closed = new Promise((resolve) => socket.once('close', resolve));
  try {
    socket.close();
  } catch (error) {
    if (error.code !== 'ERR_SOCKET_DGRAM_NOT_RUNNING') throw error;
    return;
  }
  await Promise.race([closed, iteration().then(iteration).then(iteration)]);
}

/**
 * @param {object} module node:dgram or dgram-native
 * @param {object} program drawn by calls.js
 * @param {number} port of the sink
 * @returns {Promise<{results: object[], errors: object[]}>} the outcomes of the
 *   calls, and the emitted errors
 */
async function runProgram(module, { type, state, calls }, port) {
  const errors = [];
  const socket = module.createSocket(type);
  socket.on('error', (error) => errors.push(describe(error)));
  // Deferred work throws out of an event.
  expectUncaught((error) =>
    errors.push({ uncaught: describeError(error) }));
  await PREPARE[state](socket, port);
  const results = calls.map((call) => makeCall(socket, port, call));
  // Lookups, ticks, and consequences of events.
  await iteration();
  await iteration();
  socket.removeAllListeners('message');
  await finish(socket);
  expectUncaught(null);
  return { results, errors };
}

module.exports = { expectUncaught, makeCall, runProgram, iteration };
