'use strict';

/**
 * The options `steering` and `workers` of createSocket(): which of the sockets
 * that share a port receives a datagram. Used by the fallback as well, which
 * has no addon.
 */

const errors = require('../errors/errors');
const { validateInt32 } = require('../errors/validators');

// The limits of dgram_steering_t in src/platform/options.h.
const WORKERS_MAX = 65535;
const LENGTH_MAX = 20; // bytes of a QUIC connection id (RFC 9000)
const OFFSET_MAX = 65535;

/** For handle.setOpenOptions(): no key in the payload. */
const CPU = [0, 0];

function readKey(steering, above) {
  const { offset, length } = steering;
  validateInt32(offset, 'options.steering.offset', 0, OFFSET_MAX, above);
  validateInt32(length, 'options.steering.length', 1, LENGTH_MAX, above);
  return [length, offset];
}

/**
 * @param {object} options of createSocket()
 * @param {function(string)} checkAvailable throws if this process does not have
 *   the option
 * @param {Function} above where the stack begins, see errors.js
 * @returns {Array<number>|undefined} workers, length, offset: the last
 *   arguments of handle.setOpenOptions(); undefined without steering
 * @throws {TypeError} ERR_INVALID_ARG_TYPE, ERR_INVALID_ARG_VALUE
 * @throws {RangeError} ERR_OUT_OF_RANGE
 */
function readSteering(options, checkAvailable, above) {
  const { steering } = options;
  if (steering === undefined) return undefined;
  const isKey = typeof steering === 'object' && steering !== null;
  if (!isKey && steering !== 'cpu') {
    throw errors.invalidArgValue(
      'options.steering', steering,
      "must be 'cpu' or an object with offset and length", above);
  }
  const key = isKey ? readKey(steering, above) : CPU;
  const { workers, reusePort } = options;
  validateInt32(workers, 'options.workers', 1, WORKERS_MAX, above);
  if (!reusePort) {
    throw errors.invalidArgValue('options.reusePort', reusePort,
                                 'must be true for options.steering', above);
  }
  checkAvailable('steering');
  return [workers, ...key];
}

module.exports = { readSteering };
