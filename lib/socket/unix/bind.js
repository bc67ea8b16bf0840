'use strict';

/** bind() and bindSync() of a Unix socket. */

const errors = require('../../errors/errors');
const { validateInt32 } = require('../../errors/validators');
const { emitIfOpen, healthCheck } = require('../common');
const { failBind, onceBound } = require('../bind-outcome');
const { startReceiving } = require('../receive');
const { BINDING, UNBOUND, kState } = require('../state');
const { checkPath } = require('./path');

// Programs may replace the global.
const { process } = globalThis;

const FD_MAX = 0x7fffffff;

/**
 * @param {*} target path, { path } or { fd }: a descriptor that another program
 *   has bound, as systemd passes it
 * @returns {{path: string, fd: number|undefined}} path '': the kernel chooses
 */
function readTarget(target, above) {
  const { path, fd } =
    target !== null && typeof target === 'object' ? target : { path: target };
  if (path === undefined && fd !== undefined) {
    // 0 is a socket in a service with StandardInput=socket.
    validateInt32(fd, 'fd', 0, FD_MAX, above);
    return { path: '', fd };
  }
  return {
    path: path === undefined ? '' : checkPath(path, 'path', above),
    fd: undefined,
  };
}

/** @returns {Error|null} the error of the system call */
function bindHandle(state, { path, fd }, above) {
  const { handle } = state;
  const status = fd === undefined ?
    handle.bind(path, state.unlink) :
    handle.open(fd);
  if (!status) return null;
  return fd === undefined ?
    errors.hostPortException(status, 'bind', path, undefined, above) :
    errors.errnoException(status, 'open', above);
}

function emitOutcome(socket, error) {
  if (!socket[kState].handle) return;
  if (error === undefined) socket.emit('listening');
  else socket.emit('error', error);
}

function fail(socket, error) {
  if (socket[kState].handle) failBind(socket, error);
}

module.exports = {
  /**
   * Binds the socket to a name before it returns; 'listening' follows in the
   * next tick, or 'error'.
   * @param {string|{path: string}|{fd: number}|Function} [target] default: an
   *   abstract name that the kernel chooses; `fd`: a Unix datagram socket
   * @param {function()} [callback] called once on 'listening'
   * @returns {Socket} this
   * @throws {Error} ERR_SOCKET_DGRAM_NOT_RUNNING, ERR_SOCKET_ALREADY_BOUND
   * @throws {TypeError} ERR_INVALID_ARG_TYPE, ERR_INVALID_ARG_VALUE
   * @throws {RangeError} ERR_OUT_OF_RANGE
   * @since 0.1.0
   */
  bind(target, callback) {
    healthCheck(this);
    const state = this[kState];
    if (typeof target === 'function') {
      callback = target;
      target = undefined;
    }
    const place = readTarget(target, bindHandle);
    // Reading it may have run code of the program.
    healthCheck(this);
    if (state.bindState !== UNBOUND) throw errors.alreadyBound();
    state.bindState = BINDING;
    if (typeof callback === 'function') onceBound(this, callback);
    const error = bindHandle(state, place, bindHandle);
    if (error !== null) process.nextTick(fail, this, error);
    else process.nextTick(emitOutcome, this, startReceiving(this));
    return this;
  },

  /**
   * bind() whose error is thrown.
   * @param {string|{path: string}|{fd: number}} [target]
   * @returns {{path: string, family: 'unix'}} as address()
   * @throws {Error} also the system error of bind(2)
   * @since 0.1.0
   */
  bindSync(target) {
    healthCheck(this);
    const state = this[kState];
    const place = readTarget(target, bindHandle);
    healthCheck(this);
    if (state.bindState !== UNBOUND) throw errors.alreadyBound();
    const error = bindHandle(state, place, bindHandle);
    if (error !== null) throw error;
    const failure = startReceiving(this);
    if (failure !== undefined) throw failure;
    process.nextTick(emitIfOpen, this, 'listening');
    return this.address();
  },
};
