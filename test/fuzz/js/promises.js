'use strict';

// dgram-native/promises with any arguments: a call without a callback returns a
// promise and throws nothing. When close() resolves, every other promise of the
// socket is settled, also those of its iterators and of calls from within
// calls. If it is closed in another way, they are two event loop iterations
// later. A rejection has an error with a code, or that of a value, and none is
// unhandled.

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

/** An iterator, and what is done with it. */
const iteratorCall = fc.record({
  method: fc.constant('iterator'),
  args: fc.tuple(fc.oneof(
    fc.constant({
      name: '{ highWaterMark: 1 }', make: () => ({ highWaterMark: 1 }),
    }),
    anything)),
  steps: fc.array(fc.constantFrom('next', 'next', 'return', 'throw'),
                  { maxLength: 3 }),
});

/** How the socket is closed at the end. */
const ENDINGS = {
  async close(socket) { await socket.close(); },
  async dispose(socket) { await socket[Symbol.asyncDispose](); },
  async callback(socket) { socket.close(() => {}); },
  async abort(socket, controller) { controller.abort(); },
  async detach(socket) { socket.detach({ timeout: 1 }); },
};

const endings = Object.keys(ENDINGS).filter((name) =>
  name !== 'dispose' || Symbol.asyncDispose !== undefined);

const parts = (calls) => ({
  calls: fc.array(fc.oneof({ weight: 8, arbitrary: calls }, iteratorCall),
                  { maxLength: 12 }),
  ending: fc.constantFrom(...endings),
  late: fc.array(calls, { maxLength: 3 }), // once it is closed
});

const program = fc.oneof(
  fc.record({
    type: fc.constantFrom('udp4', 'udp6', 'udp'),
    ...parts(udpCall),
  }),
  fc.record({
    type: fc.constant('unix_dgram'),
    floods: fc.boolean(),
    ...parts(unix.calls.filter(({ method }) =>
      [...METHOD_NAMES, 'sendMany'].includes(method))),
    ending: fc.constantFrom(...endings.filter((name) => name !== 'detach')),
  }));

/** More datagrams than the kernel queues for a peer. */
const FLOOD = 600;

const text = ({ method, args }) =>
  `${method}(${args.map(({ name }) => name).join(', ')})`;

/** For the report: promises, and how many close() had to settle. */
const counts = { promises: 0, pendingAtClose: 0 };

/** The promises of one socket. */
class Promised {
  constructor() {
    this.outcomes = [];
    this.isClosed = false; // 'close' was emitted
    this.problem = undefined;
  }

  /**
   * @param {string} what for the report
   * @param {Promise} promise
   * @param {object} [options]
   * @param {boolean} [options.isClose] of close()
   * @param {boolean} [options.isFree] it may be rejected with anything
   */
  add(what, promise, { isClose = false, isFree = false } = {}) {
    const outcome = { what, isClose, isFree, isSettled: false };
    counts.promises++;
    this.outcomes.push(outcome);
    promise.then(() => {
      outcome.isSettled = true;
      if (isClose) this.checkSettled('when close() resolved');
    }, (error) => {
      outcome.isSettled = true;
      outcome.error = error;
      if (!isFree && !isAllowed(error))
        this.problem ??= new Error(what, { cause: error });
    });
  }

  pending() {
    return this.outcomes.filter(({ isSettled, isClose }) =>
      !isSettled && !isClose);
  }

  checkSettled(when) {
    const [first] = this.pending();
    if (first !== undefined)
      this.problem ??= new Error(`${first.what}: pending ${when}`);
  }

  /** After the end also close() is settled. */
  check() {
    const left = this.outcomes.find(({ isSettled }) => !isSettled);
    if (this.problem !== undefined) throw this.problem;
    if (left !== undefined) throw new Error(`${left.what}: not settled`);
  }
}

/** Uses an iterator; creating it may fail as another call may. */
function iterate(socket, one, args, promised) {
  let iterator;
  try {
    iterator = socket.iterator(...args);
  } catch (error) {
    if (!isAllowed(error)) throw new Error(text(one), { cause: error });
    return;
  }
  for (const step of one.steps) {
    promised.add(`${step}() of ${text(one)}`, iterator[step](),
                 { isFree: step === 'throw' });
  }
}

/** Makes one call. */
function makeCall(socket, one, context, promised) {
  const args = one.args.map(({ make }) => make(context));
  if (one.method === 'iterator') {
    iterate(socket, one, args, promised);
    return;
  }
  let returned;
  try {
    returned = socket[one.method](...args);
  } catch (error) {
    if (typeof args.at(-1) !== 'function')
      throw new Error(`${text(one)} has thrown`, { cause: error });
    return; // the call of dgram-native
  }
  if (returned instanceof Promise)
    promised.add(text(one), returned, { isClose: one.method === 'close' });
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

const iterations = async (n) => {
  for (let i = 0; i < n; i++) await iteration();
};

/** A program may have closed the socket, or detach() finds it not bound. */
const ENDED =
  /^(?:ERR_SOCKET_DGRAM_NOT_RUNNING|ERR_INVALID_STATE|ECANCELED|EBADF)$/;

/** Closes the socket; resolves when it is closed. */
async function end(socket, promised, ending, controller) {
  counts.pendingAtClose += promised.pending().length;
  try {
    await ENDINGS[ending](socket, controller);
    if (ending === 'close' || ending === 'dispose') {
      if (promised.isClosed) promised.checkSettled(`after ${ending}()`);
      else throw new Error(`not closed after ${ending}()`);
    }
  } catch (error) {
    if (!ENDED.test(error.code)) throw error;
  }
  for (let i = 0; i < 100 && !promised.isClosed; i++) {
    await iteration();
    if (i === 10) await socket.close().catch(() => {}); // detach() has failed
  }
  if (!promised.isClosed) throw new Error('the socket was not closed');
  await iterations(3);
  promised.check();
}

/** Has Unix sockets wait for a full peer. */
function flood(socket, promised) {
  for (let i = 0; i < FLOOD; i++)
    promised.add('send() of the flood', socket.send('x', 'peer'));
}

async function run({ type, calls, ending, late, floods }, port) {
  const controller = new AbortController();
  const socket = dgram.createSocket({ type, signal: controller.signal });
  const promised = new Promised();
  const unhandled = [];
  const onUnhandled = (reason) => unhandled.push(reason);
  const context = {
    socket, port, callback() {},
    addPromise: (action, promise) =>
      promised.add(`${action}() from within a call`, promise,
                   { isClose: action === 'close' }),
  };
  let peer;
  socket.on('error', () => {});
  socket.on('close', () => { promised.isClosed = true; });
  expectUncaught(() => {}); // of values; checked by the other programs
  process.on('unhandledRejection', onUnhandled);
  try {
    if (floods) {
      peer = dgram.createSocket('unix_dgram');
      await peer.pause().bind('peer');
      flood(socket, promised);
    }
    for (const one of calls) makeCall(socket, one, context, promised);
    await iteration();
    await end(socket, promised, ending, controller);
    for (const one of late) makeCall(socket, one, context, promised);
    await iterations(3);
    promised.check();
  } finally {
    process.removeListener('unhandledRejection', onUnhandled);
    expectUncaught(null);
    await peer?.close();
  }
  if (unhandled.length > 0)
    throw new Error('unhandled rejection', { cause: unhandled[0] });
  return calls.length + late.length;
}

module.exports = { counts, program, runPromises };
