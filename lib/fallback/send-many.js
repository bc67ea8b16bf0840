'use strict';

/**
 * socket.sendMany() through node:dgram's send(), with the checks, errors and
 * callback of socket/send-many.js.
 */

const timers = require('node:timers');
const { record } = require('../node/thread');
const errors = require('../errors/errors');
const { copyMessage } = require('../socket/outgoing-message');
const { isIP } = require('../handle/lookup');
const { expandColumns, readPackets } = require('../socket/send-many-list');
const { isTarget } = require('../socket/send-settings');
const { isBound, isConnected } = require('./state');
const { requiresAddon } = require('./unavailable');

// Programs replace these.
const { process } = globalThis;
const { setImmediate } = timers;
const { bind, send } = record.Socket.prototype;

/** The socket that sendMany() is binding. */
let binding = null;

/** True while sendMany() binds this socket; its events are deferred. */
function isBinding(socket) {
  return socket === binding;
}

/** By socket: a Set of the calls whose callback is due. */
const unfinished = new WeakMap();

/**
 * Counts the datagrams of one call until all were sent or failed. Each
 * datagram leaves by itself and has its own callback.
 */
class Progress {
  /**
   * @param {Socket} socket
   * @param {function(Error|null, number)} callback
   * @param {number} total
   * @param {boolean} isWaiting for bind()
   */
  constructor(socket, callback, total, isWaiting) {
    this.callback = callback;
    this.left = total;
    this.isWaiting = isWaiting;
    this.count = 0;
    this.error = null;
    if (total === 0) {
      process.nextTick(callback, null, 0);
      return;
    }
    if (!unfinished.has(socket)) unfinished.set(socket, new Set());
    this.others = unfinished.get(socket);
    this.others.add(this);
  }

  /** The callback of one datagram. */
  complete(error) {
    if (error) this.error ??= asBatchError(error);
    else this.count++;
    if (--this.left === 0) this.finish();
  }

  /** The other datagrams will not be sent. */
  cancel(error) {
    if (this.left <= 0) return;
    this.left = 0;
    this.error ??= error;
    this.finish();
  }

  finish() {
    this.others.delete(this);
    (0, this.callback)(this.error, this.count);
  }
}

/** Before 'listening' is emitted. */
function endWaiting(socket) {
  for (const progress of unfinished.get(socket) ?? [])
    progress.isWaiting = false;
}

/**
 * Before 'error' is emitted. Until a socket is bound, node:dgram then drops
 * the sends in its queue, without calling their callbacks.
 */
function cancelWaiting(socket, error) {
  for (const progress of unfinished.get(socket) ?? []) {
    if (progress.isWaiting) process.nextTick(() => progress.cancel(error));
  }
}

/**
 * Before 'close' is emitted. node:dgram drops sends that wait for bind() or
 * lookup; libuv completes the others by the end of the loop iteration.
 */
function cancelAll(socket) {
  for (const progress of unfinished.get(socket) ?? []) {
    const error = errors.errnoException(errors.errno('ECANCELED'), 'send');
    setImmediate(() => setImmediate(() => progress.cancel(error)));
  }
}

/** The error of a batch names no address, as it may have many. */
function asBatchError(error) {
  return error.syscall === 'send' && typeof error.errno === 'number' ?
    errors.errnoException(error.errno, 'send') :
    error;
}

/** @returns {boolean} false if the socket's bind() is still pending */
function bindNow(socket, lookup) {
  binding = socket;
  try {
    lookup.run(() => bind.call(socket, { port: 0, exclusive: true }));
  } catch (error) {
    if (error.code !== 'ERR_SOCKET_ALREADY_BOUND') throw error;
  } finally {
    binding = null;
  }
  return isBound(socket);
}

/**
 * A copy of the message, which node:dgram may read after this call.
 * @returns {Buffer|Buffer[]}
 */
function copy(message) {
  const list = copyMessage(message);
  return list.length === 1 ? list[0] : list;
}

function sendAll(socket, { list, width }, complete) {
  for (let i = 0; i < list.length; i += width) {
    if (width === 1) send.call(socket, copy(list[i]), complete);
    else send.call(socket, copy(list[i]), list[i + 1], list[i + 2], complete);
  }
}

function countBlocked({ list, width }, family, blockList) {
  if (blockList === undefined || width === 1) return 0;
  let count = 0;
  for (let i = 2; i < list.length; i += width) {
    if (blockList.check(list[i], `ipv${family}`)) count++;
  }
  return count;
}

function isNumeric(family, address) {
  return isIP(address) === family;
}

/**
 * @param {Socket} socket
 * @param {ImmediateLookup} lookup of the socket
 * @param {net.BlockList} [blockList] node:dgram fails sends to its addresses
 * @param {Array|object} packets connected: [msg, msg, ...]; unconnected: [msg,
 *   port, address, ...]; or columns, as in the 'batch' event
 * @param {object} [settings] the values must be undefined
 * @param {function(Error|null, number)} [callback]
 * @returns {number} datagrams that node:dgram sends or queues; 0 while bind()
 *   is pending, after which they are sent
 * @throws {TypeError} ERR_INVALID_ARG_TYPE, ERR_INVALID_ARG_VALUE,
 *   ERR_FEATURE_UNAVAILABLE_ON_PLATFORM
 * @throws {RangeError} ERR_OUT_OF_RANGE, ERR_SOCKET_BAD_PORT
 * @throws {Error} ERR_SOCKET_DGRAM_NOT_RUNNING, or that of bind(2)
 */
function sendMany(socket, lookup, blockList, packets, settings, callback) {
  if (settings !== undefined && !isTarget(settings)) {
    callback = settings;
    settings = undefined;
  }
  const family = socket.type === 'udp6' ? 6 : 4;
  const batch = readPackets(packets, settings, callback, family,
                            isConnected(socket), isNumeric);
  if (batch.settings !== null) {
    throw requiresAddon('Settings of sends', sendMany);
  }
  expandColumns(batch);
  const total = batch.list.length / batch.width;
  const isReady = isBound(socket) || bindNow(socket, lookup);
  const progress = callback &&
    new Progress(socket, callback, total, !isReady);
  const complete = progress && ((error) => progress.complete(error));
  // The datagrams of earlier calls of send() go first.
  if (isReady && lookup.pending === 0) {
    lookup.run(() => sendAll(socket, batch, complete));
  } else {
    sendAll(socket, batch, complete);
  }
  return isReady ? total - countBlocked(batch, family, blockList) : 0;
}

module.exports = {
  cancelAll, cancelWaiting, endWaiting, isBinding, sendMany,
};
