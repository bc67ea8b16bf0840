'use strict';

/** connect(), connectSync() and disconnect(). */

const errors = require('../errors/errors');
const { validatePort, validateString } = require('../errors/validators');
const { flushDeferred } = require('../batch/answers');
const { LOOPBACK } = require('../batch/loopback');
const { isBlocked } = require('./block-lists');
const {
  afterSends, callLater, checkLiteral, emitIfOpen, healthCheck, throwOnError,
} = require('./common');
const { Socket } = require('./constructor');
const { bindImplicitly } = require('./bind-outcome');
const { enqueue } = require('./queue');
const {
  BOUND, CONNECTED, CONNECTING, DISCONNECTED, UNBOUND, kState,
} = require('./state');

// Programs may replace the global.
const { process } = globalThis;

/**
 * Connects after a lookup of `address`, then emits 'connect'. An unbound socket
 * is bound first.
 * @param {number|string} port
 * @param {string|Function} [address] default: the loopback address
 * @param {function(Error?)} [callback] called once on 'connect', or with the
 *   error; without a callback the error is emitted
 * @throws {Error} ERR_SOCKET_DGRAM_IS_CONNECTED, ERR_SOCKET_DGRAM_NOT_RUNNING
 * @throws {TypeError} ERR_INVALID_ARG_TYPE
 * @throws {RangeError} ERR_SOCKET_BAD_PORT
 * @since Node 12.0
 */
Socket.prototype.connect = function(port, address, callback) {
  port = validatePort(port, 'Port', false);
  if (typeof address === 'function') {
    callback = address;
    address = '';
  } else if (address === undefined) {
    address = '';
  }
  validateString(address, 'address');

  const state = this[kState];
  if (state.connectState !== DISCONNECTED) throw errors.isConnected();
  state.connectState = CONNECTING;

  const fail = (error) => {
    state.connectState = DISCONNECTED;
    callLater(callback, error);
  };
  if (state.bindState === UNBOUND) {
    const error = bindImplicitly(this);
    if (error !== undefined) {
      fail(error);
      return;
    }
  }
  const start = () => startConnect(this, port, address, callback);
  if (state.bindState === BOUND) start();
  else enqueue(this, start, fail);
};

function startConnect(socket, port, address, callback) {
  if (callback) socket.once('connect', callback);
  const state = socket[kState];
  state.handle.lookup(address, (lookupError, ip) => {
    if (!state.handle) return;
    const error = lookupError || connectHandle(state, ip, port, address);
    if (error) {
      state.connectState = DISCONNECTED;
      process.nextTick(failConnect, socket, error, callback);
      return;
    }
    state.connectState = CONNECTED;
    process.nextTick(() => socket.emit('connect'));
  });
}

/** @returns {Error|null} */
function connectHandle(state, ip, port, address) {
  if (isBlocked(state.sendBlockList, ip)) {
    return errors.ipBlocked(ip, connectHandle);
  }
  // A program's own lookup may return any value that converts to an address.
  const text = `${ip}`;
  flushDeferred();
  const status = state.handle.connect(text, port);
  return status ?
    errors.hostPortException(status, 'connect', address, port, connectHandle) :
    null;
}

function failConnect(socket, error, callback) {
  if (callback) {
    socket.removeListener('connect', callback);
    callback(error);
  } else {
    socket.emit('error', error);
  }
}

/**
 * Connects before it returns, and emits 'connect' in the next tick. An unbound
 * socket is bound first.
 * @param {number|string} port
 * @param {string} [address] numeric; default: the loopback address
 * @throws {Error} ERR_SOCKET_DGRAM_NOT_RUNNING, ERR_SOCKET_DGRAM_IS_CONNECTED,
 *   ERR_SOCKET_ALREADY_BOUND while a bind() is in progress, ERR_IP_BLOCKED, or
 *   the system error of connect(2)
 * @throws {TypeError} ERR_INVALID_ARG_TYPE, ERR_INVALID_ARG_VALUE
 * @throws {RangeError} ERR_SOCKET_BAD_PORT
 * @since Node 26.4, 24.19; here on every Node
 */
Socket.prototype.connectSync = function(port, address) {
  healthCheck(this);
  port = validatePort(port, 'Port', false);
  const state = this[kState];
  if (state.connectState !== DISCONNECTED) throw errors.isConnected();

  if (address == null || address === '') {
    address = LOOPBACK[this.type === 'udp6' ? 6 : 4];
  } else {
    checkLiteral('address', address, 'connectSync');
  }

  if (state.bindState === UNBOUND) this.bindSync();
  else if (state.bindState !== BOUND) throw errors.alreadyBound();

  const error = connectHandle(state, address, port, address);
  if (error) throw error;
  state.connectState = CONNECTED;
  process.nextTick(emitIfOpen, this, 'connect');
};

/**
 * Sends the pending datagrams of this tick first.
 * @throws {Error} ERR_SOCKET_DGRAM_NOT_CONNECTED
 * @since Node 12.0
 */
Socket.prototype.disconnect = function() {
  const state = this[kState];
  if (state.connectState !== CONNECTED) throw errors.notConnected();
  throwOnError(afterSends(this).disconnect(), 'connect');
  state.connectState = DISCONNECTED;
};
