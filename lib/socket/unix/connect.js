'use strict';

/** connect() and connectSync() of a Unix socket. */

const outbox = require('../../batch/outbox');
const errors = require('../../errors/errors');
const { emitIfOpen, healthCheck } = require('../common');
const { CONNECTED, DISCONNECTED, kState } = require('../state');
const { checkPath } = require('./path');

// Programs may replace the global.
const { process } = globalThis;

/** @returns {Error|null} the error of the system call */
function connectHandle(socket, path) {
  const state = socket[kState];
  if (state.connectState !== DISCONNECTED) {
    throw errors.isConnected(connectHandle);
  }
  outbox.flushDue();
  const status = state.handle.connect(path);
  if (status) {
    return errors.hostPortException(status, 'connect', path, undefined,
                                    connectHandle);
  }
  state.connectState = CONNECTED;
  return null;
}

function failConnect(socket, error, callback) {
  if (typeof callback === 'function') callback(error);
  else if (socket[kState].handle) socket.emit('error', error);
}

module.exports = {
  /**
   * Connects the socket to a peer before it returns; 'connect' follows in the
   * next tick. If the peer is closed and another one takes its name, the next
   * send connects to that.
   * @param {string} path
   * @param {function(Error?)} [callback] called once on 'connect', or with the
   *   error; without a callback the error is emitted
   * @throws {Error} ERR_SOCKET_DGRAM_NOT_RUNNING, ERR_SOCKET_DGRAM_IS_CONNECTED
   * @throws {TypeError} ERR_INVALID_ARG_TYPE, ERR_INVALID_ARG_VALUE
   * @since 0.1.0
   */
  connect(path, callback) {
    healthCheck(this);
    const error = connectHandle(this, checkPath(path, 'path'));
    if (error !== null) {
      process.nextTick(failConnect, this, error, callback);
      return;
    }
    if (typeof callback === 'function') this.once('connect', callback);
    process.nextTick(emitIfOpen, this, 'connect');
  },

  /**
   * connect() whose error is thrown.
   * @param {string} path
   * @throws {Error} also the system error of connect(2)
   * @since 0.1.0
   */
  connectSync(path) {
    healthCheck(this);
    const error = connectHandle(this, checkPath(path, 'path'));
    if (error !== null) throw error;
    process.nextTick(emitIfOpen, this, 'connect');
  },
};
