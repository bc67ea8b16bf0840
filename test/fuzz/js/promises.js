'use strict';

// dgram-native/promises with any arguments: a call without a callback returns a
// promise and throws nothing; each promise is settled once the socket is
// closed; a rejection has an error with a code, or that of a value.

const path = require('node:path');

const fc = require('fast-check');

const { describeError } = require('../../support/outcome');
const packed = require('../../support/package');
const { METHODS } = require('./calls');
const { expectUncaught, iteration } = require('./program');
const unix = require('./unix');
const { any } = require('./values');

const { features } = require(packed.main);
const dgram = require(path.join(path.dirname(packed.main), 'promises'));

const METHOD_NAMES = ['bind', 'connect', 'send', 'sendto', 'close'];

const anything = fc.constantFrom(...any);

const call = (methods) => fc.oneof(
  ...Object.entries(methods).map(([method, args]) =>
    fc.record({ method: fc.constant(method), args })),
  fc.record({
    method: fc.constant('sendMany'),
    args: fc.array(anything, { maxLength: 3 }),
  }));

const udpCall = call(Object.fromEntries(
  METHOD_NAMES.map((name) => [name, METHODS[name]])));

const program = fc.oneof(
  fc.record({
    type: fc.constantFrom('udp4', 'udp6', 'udp'),
    calls: fc.array(udpCall, { maxLength: 12 }),
    detaches: fc.boolean(),
  }),
  fc.record({
    type: fc.constant('unix_dgram'),
    calls: fc.array(unix.calls.filter(({ method }) =>
      [...METHOD_NAMES, 'sendMany'].includes(method)), { maxLength: 12 }),
    detaches: fc.constant(false),
  }));

const text = ({ method, args }) =>
  `${method}(${args.map(({ name }) => name).join(', ')})`;

/** Makes one call; returns how its promise was settled, or null. */
function makeCall(socket, one, context) {
  const args = one.args.map(({ make }) => make(context));
  let returned;
  try {
    returned = socket[one.method](...args);
  } catch (error) {
    if (typeof args.at(-1) !== 'function')
      throw new Error(`${text(one)} has thrown`, { cause: error });
    return null; // the call of dgram-native
  }
  if (!(returned instanceof Promise)) return null;
  const outcome = { call: one, settled: 0 };
  returned.then(() => { outcome.settled++; }, (error) => {
    outcome.settled++;
    outcome.error = error;
  });
  return outcome;
}

/** Which code is right is up to the programs that compare with node:dgram. */
const CODE = /^(?:ERR_\w+|E[A-Z0-9]+)$/;

function isAllowed(error) {
  const described = describeError(error);
  return CODE.test(described.own?.code ?? '') ||
    unix.OF_VALUES.test(described.message ?? `${error}`);
}

/**
 * Runs a program; rejects after undocumented behaviour.
 * @returns {Promise<number>} the number of calls
 */
async function runPromises(drawn, port) {
  if (drawn.type !== 'unix_dgram') return run(drawn, port);
  return features.unixDgram ? unix.inDirectory(() => run(drawn, port)) : 0;
}

async function run({ type, calls, detaches }, port) {
  const socket = dgram.createSocket(type);
  socket.on('error', () => {});
  expectUncaught(() => {}); // of values; checked by the other programs
  const context = { socket, port, callback() {} };
  const outcomes = calls.map((one) => makeCall(socket, one, context))
    .filter((outcome) => outcome !== null);
  await iteration();
  if (detaches) {
    try {
      socket.detach({ timeout: 1 });
    } catch {
      // It was not bound.
    }
  }
  // ECANCELED: a close() of the program, which waited for bind(), was first.
  await socket.close().catch((error) => {
    if (!/^(?:ERR_SOCKET_DGRAM_NOT_RUNNING|ECANCELED)$/.test(error.code))
      throw error;
  });
  for (let i = 0; i < 4; i++) await iteration();
  expectUncaught(null);
  for (const { call: one, settled, error } of outcomes) {
    if (settled !== 1) throw new Error(`${text(one)}: not settled`);
    if (error !== undefined && !isAllowed(error))
      throw new Error(text(one), { cause: error });
  }
  return calls.length;
}

module.exports = { program, runPromises };
