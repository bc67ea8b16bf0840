'use strict';

/**
 * Options of createSocket() that the C core sets when the descriptor is
 * created, before bind(2). Used by the fallback as well, which has no addon.
 */

const errors = require('../errors/errors');
const {
  validateBoolean, validateString, validateUint32,
} = require('../errors/validators');
const { readSteering } = require('./steering');

/** The name of an interface; the kernel checks the rest. */
function validateDevice(value, name, above) {
  validateString(value, name, above);
  if (value === '' || value.includes('\0')) {
    throw errors.invalidArgValue(name, value, 'must be the name of a network ' +
      'interface', above);
  }
}

/** The clocks of `txtime`, with their ids on Linux (clock_gettime(2)). */
const CLOCKS = { __proto__: null, monotonic: 1, tai: 11 };

function validateClock(value, name, above) {
  validateString(value, name, above);
  if (CLOCKS[value] === undefined) {
    throw errors.invalidArgValue(
      name, value, "must be one of: 'monotonic', 'tai'", above);
  }
}

/** In the order of the first arguments of handle.setOpenOptions(). */
const VALIDATORS = {
  device: validateDevice, // SO_BINDTODEVICE
  multicastAll: validateBoolean, // IP_MULTICAST_ALL, IPV6_MULTICAST_ALL
  freebind: validateBoolean, // IP_FREEBIND
  transparent: validateBoolean, // IP_TRANSPARENT
  priority: validateUint32, // SO_PRIORITY
  mark: validateUint32, // SO_MARK
  icmpErrors: validateBoolean, // IP_RECVERR, IPV6_RECVERR
  txtime: validateClock, // SO_TXTIME
};

const NAMES = Object.keys(VALIDATORS);

/** Each by its name: a loop over NAMES takes 0.2 µs of each createSocket(). */
function valuesOf({
  device, multicastAll, freebind, transparent, priority, mark, icmpErrors,
  txtime,
}) {
  return [
    device, multicastAll, freebind, transparent, priority, mark, icmpErrors,
    txtime,
  ];
}

/** Whether it is as if the option was not given, on any platform. */
function isDefault(name, value) {
  return name === 'icmpErrors' && !value;
}

/**
 * @param {object} options of createSocket()
 * @param {function(string)} checkAvailable throws if this process does not have
 *   the option
 * @param {Function} above where the stack begins, see errors.js
 * @returns {Array|undefined} the arguments of handle.setOpenOptions():
 *   undefined for those not given; undefined if none was given
 * @throws {TypeError} ERR_INVALID_ARG_TYPE, ERR_INVALID_ARG_VALUE
 * @throws {RangeError} ERR_OUT_OF_RANGE
 */
function readOpenOptions(options, checkAvailable, above) {
  const given = valuesOf(options);
  let values;
  for (let i = 0; i < given.length; i++) {
    const value = given[i];
    if (value === undefined) continue;
    const name = NAMES[i];
    VALIDATORS[name](value, `options.${name}`, above);
    if (isDefault(name, value)) continue;
    checkAvailable(name);
    values ??= new Array(NAMES.length).fill(undefined);
    values[i] = name === 'txtime' ? CLOCKS[value] : value;
  }
  const steering = readSteering(options, checkAvailable, above);
  if (steering === undefined) return values;
  return [...values ?? new Array(NAMES.length).fill(undefined), ...steering];
}

/**
 * The error of an option that could not be set while the descriptor was
 * created, instead of that of bind(2).
 * @param {object} state of the socket
 * @param {number} status a negative UV_ code
 * @param {Function} [above] see errors.js
 * @returns {Error|undefined} undefined if something else has failed
 */
function optionException({ openOptions, handle }, status,
                         above = optionException) {
  if (openOptions === undefined && !handle?.receiveInfo) return undefined;
  // A conversion in the call may have closed the socket.
  const option = handle?.failedOption?.();
  if (typeof option !== 'string') return undefined;
  const error = errors.errnoException(status, 'setsockopt', above);
  error.option = option;
  return error;
}

module.exports = { NAMES, optionException, readOpenOptions };
