'use strict';

/** send(), sendto() and sendMany() of a Unix socket. */

const outbox = require('../../batch/outbox');
const errors = require('../../errors/errors');
const { validateFunction, validateNumber } = require('../../errors/validators');
const { isDenied } = require('../../node/permission');
const { callLater, healthCheck } = require('../common');
const { checkMessage, sliceMessage } = require('../outgoing-message');
const { CONNECTED, kState } = require('../state');
const { isLarge, sendLarge } = require('./large-message');
const { readPackets } = require('./packets');
const { checkPath } = require('./path');

/** The port of a destination, for the tables that it shares with UDP. */
const NO_PORT = 0;

function checkAccess(above) {
  if (isDenied()) throw errors.accessDenied('', above);
}

/** @param {string|null} path null: the connected peer */
function sendMessage(socket, message, path, callback) {
  if (typeof callback !== 'function') callback = undefined;
  healthCheck(socket, sendMessage);
  checkAccess(sendMessage);
  const { handle } = socket[kState];
  if (isLarge(message)) {
    sendLarge(handle, message, path, callback);
  } else if (path === null) {
    outbox.sendConnected(handle, message, callback, null);
  } else if (!outbox.sendNamed(handle, message, path, callback)) {
    failLater(socket, path, callback);
  }
}

/** The name is too long. */
function failLater(socket, path, callback) {
  if (callback === undefined) return;
  callLater(callback, errors.hostPortException(
    errors.errno('EINVAL'), 'send', path, undefined, failLater));
}

/** @returns {Packets} see packets.js */
function readArguments(socket, packets, callback) {
  if (callback !== undefined) validateFunction(callback, 'callback');
  const { handle, connectState } = socket[kState];
  try {
    return readPackets(packets, connectState === CONNECTED, (path) =>
      outbox.findDestination(handle.family, path, NO_PORT) >= 0);
  } catch (error) {
    throw errors.asThrownBy(error, readArguments);
  }
}

module.exports = {
  /**
   * Unconnected: send(msg[, offset, length], path[, callback]).
   * Connected: send(msg[, offset, length][, callback]).
   * If the peer's queue is full, the datagram waits.
   * @param {string|ArrayBufferView|Array<string|ArrayBufferView>} message its
   *   bytes are copied before send() returns
   * @param {...*} args `offset` and `length` count bytes; `callback` is called
   *   later, with (error) or (null, bytes). Errors without a callback are only
   *   counted in stats()
   * @throws {TypeError} ERR_INVALID_ARG_TYPE, ERR_INVALID_ARG_VALUE
   * @throws {RangeError} ERR_BUFFER_OUT_OF_BOUNDS
   * @throws {Error} ERR_SOCKET_DGRAM_IS_CONNECTED, ERR_SOCKET_DGRAM_NOT_RUNNING
   * @since 0.1.0
   */
  send(message, ...args) {
    if (typeof args[0] === 'number' && typeof args[1] === 'number') {
      message = sliceMessage(message, args[0], args[1]);
      args.splice(0, 2);
    } else {
      message = checkMessage(message);
    }
    const [path, callback] = args;
    if (this[kState].connectState !== CONNECTED) {
      sendMessage(this, message, checkPath(path, 'path'), callback);
    } else if (typeof path === 'function') {
      sendMessage(this, message, null, path);
    } else if (path == null) {
      sendMessage(this, message, null, callback);
    } else {
      throw errors.isConnected();
    }
  },

  /**
   * send() with all arguments.
   * @param {string|ArrayBufferView} message
   * @param {number} offset bytes
   * @param {number} length bytes
   * @param {string} path
   * @param {function(Error|null, number)} [callback]
   * @throws see send()
   * @since 0.1.0
   */
  sendto(message, offset, length, path, callback) {
    validateNumber(offset, 'offset');
    validateNumber(length, 'length');
    checkPath(path, 'path');
    this.send(message, offset, length, path, callback);
  },

  /**
   * Sends many datagrams with one call, at once and in order. All arguments are
   * checked before a datagram is sent.
   * @param {Array|object} packets [message, path, ...]; connected: [message,
   *   ...]; or columns, as in the 'batch' event: { count, data, offsets, sizes,
   *   paths }, where `paths` is a name or a list of names
   * @param {function(Error|null, number)} [callback] called once all datagrams
   *   were sent or failed: the first error, and the number of datagrams that
   *   the kernel accepted
   * @returns {number} datagrams that the kernel or its queue was given
   * @throws {TypeError} ERR_INVALID_ARG_TYPE, ERR_INVALID_ARG_VALUE
   * @throws {RangeError} ERR_OUT_OF_RANGE
   * @throws {Error} ERR_SOCKET_DGRAM_NOT_RUNNING, ERR_ACCESS_DENIED
   * @since 0.1.0
   */
  sendMany(packets, callback) {
    healthCheck(this);
    const { list, width } = readArguments(this, packets, callback);
    // Reading them may have run code of the program.
    healthCheck(this);
    checkAccess(sendMessage);
    const { handle } = this[kState];
    const count = list.length / width;
    const group = callback === undefined ?
      null :
      new outbox.SendGroup(callback, count, handle);
    if (count === 0) group?.countFinished(0);
    else outbox.sendMany(handle, list, width, null, group);
    return count;
  },
};
