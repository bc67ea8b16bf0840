'use strict';

// Runs one program on one implementation and tells what each call came to:
// what it returned or threw, and what its callback and 'error' were given.

const { describeError, outcome } = require('../../support/outcome');

const turn = () => new Promise((resolve) => setImmediate(resolve));

const loopback = (type) => type === 'udp4' ? '127.0.0.1' : '::1';

let onUncaught = null;

process.on('uncaughtException', (error) => {
  if (onUncaught === null) throw error;
  onUncaught(error);
});

/** Who is told of what is thrown out of an event; null: nobody expects it. */
function expectUncaught(listener) {
  onUncaught = listener;
}

/** Brings a new socket into a state. */
const PREPARE = {
  unbound() {},
  binding(socket) { socket.bind(0, loopback(socket.type)); },
  async bound(socket) {
    socket.bind(0, loopback(socket.type));
    await turn();
  },
  connecting(socket, port) { socket.connect(port); },
  async connected(socket, port) {
    socket.connect(port);
    await turn();
  },
  closed(socket) { socket.close(); },
};

/** Ports are the system's choice, and a socket is itself. */
function normal(thing, socket) {
  if (thing === socket) return 'the socket';
  if (typeof thing?.port === 'number') return { ...thing, port: 'a port' };
  return thing;
}

function describeCallback(args) {
  return args.map((arg) => arg instanceof Error ? describeError(arg) : arg);
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
  // What was given comes back from some methods: compared by its name.
  result.returned =
    list.includes(returned) && /object|function/.test(typeof returned) ?
      'an argument' :
      normal(returned, socket);
  return result;
}

/** Closes the socket unless it is, and waits for that. */
async function finish(socket) {
  const closed = new Promise((resolve) => socket.once('close', resolve));
  try {
    socket.close();
  } catch (error) {
    if (error.code !== 'ERR_SOCKET_DGRAM_NOT_RUNNING') throw error;
    return;
  }
  await Promise.race([closed, turn().then(turn).then(turn)]);
}

/**
 * @param {object} module node:dgram, or ours
 * @param {object} program drawn by calls.js
 * @param {number} port of the sink
 * @returns {Promise<{results: object[], errors: object[]}>} what the calls
 *   came to, and what 'error' was emitted with
 */
async function runProgram(module, { type, state, calls }, port) {
  const errors = [];
  const socket = module.createSocket(type);
  socket.on('error', (error) => errors.push(describeError(error)));
  // What was put off throws out of an event.
  expectUncaught((error) =>
    errors.push({ uncaught: describeError(error) }));
  await PREPARE[state](socket, port);
  const results = calls.map((call) => makeCall(socket, port, call));
  // Lookups, ticks, and what an event brings about.
  await turn();
  await turn();
  socket.removeAllListeners('message');
  await finish(socket);
  expectUncaught(null);
  return { results, errors };
}

module.exports = { expectUncaught, makeCall, runProgram, turn };
