'use strict';

/**
 * Steps that methods of several topics share: checks at the start, and errors
 * and events at the end.
 *
 * `above` is the function whose caller is the first frame of the error's stack;
 * see lib/errors/errors.js.
 */

const errors = require('../errors/errors');
const { validateString } = require('../errors/validators');
const outbox = require('../batch/outbox');
const { isIP } = require('../handle/lookup');
const { kState } = require('./state');

// Programs may replace the global.
const { process } = globalThis;

/**
 * @param {Socket} socket
 * @param {Function} [above]
 * @throws {Error} ERR_SOCKET_DGRAM_NOT_RUNNING if the socket is closed
 */
function healthCheck(socket, above = healthCheck) {
  if (!socket[kState].handle) throw errors.notRunning(above);
}

/**
 * Sends the pending connected datagrams of this tick and the deferred ones, so
 * that they leave before an option or a membership changes.
 * @returns {UDP|null} the handle; null if the socket is closed
 */
function afterSends(socket) {
  outbox.flushDue();
  return socket[kState].handle;
}

/**
 * @param {number} status 0, or a negative UV_ code
 * @param {string} syscall
 * @param {Function} [above]
 * @throws {Error} a system error, if `status` is not 0
 */
function throwOnError(status, syscall, above = throwOnError) {
  if (status) throw errors.errnoException(status, syscall, above);
}

/**
 * The address check of bindSync() and connectSync(), which cannot wait for DNS.
 * @param {string} name of the argument
 * @param {*} address
 * @param {string} caller the method, for the message
 * @throws {TypeError} ERR_INVALID_ARG_TYPE, ERR_INVALID_ARG_VALUE
 */
function checkLiteral(name, address, caller) {
  validateString(address, name, checkLiteral);
  if (isIP(address) === 0) {
    throw errors.invalidArgValue(
      name, address,
      `must be a numeric IP address; ${caller} does not perform DNS ` +
      'resolution', checkLiteral);
  }
}

/** Calls `callback`, if it is a function, in its own tick: it may throw. */
function callLater(callback, ...args) {
  if (typeof callback === 'function') process.nextTick(callback, ...args);
}

/** Emits `event` unless the socket has been closed. */
function emitIfOpen(socket, event) {
  if (socket[kState].handle) socket.emit(event);
}

/**
 * Adds methods that Node's class does not have. They are not enumerable: the
 * enumerable ones are those of Node.
 * @param {object} prototype
 * @param {Object<string, Function>} methods
 */
function addMethods(prototype, methods) {
  for (const [name, value] of Object.entries(methods)) {
    Object.defineProperty(prototype, name, {
      __proto__: null, value, configurable: true, writable: true,
    });
  }
}

module.exports = {
  addMethods,
  afterSends,
  callLater,
  checkLiteral,
  emitIfOpen,
  healthCheck,
  throwOnError,
};
