'use strict';

/**
 * Argument checks with the rules and messages of Node's own. The last parameter
 * of most is `above`, see errors.js: the outermost function that the program
 * did not call itself.
 */

const errors = require('./errors');

/** @throws {TypeError} ERR_INVALID_ARG_TYPE */
function validateString(value, name, above = validateString) {
  if (typeof value !== 'string') {
    throw errors.invalidArgType(name, 'of type string', value, above);
  }
}

/** @throws {TypeError} ERR_INVALID_ARG_TYPE */
function validateNumber(value, name, above = validateNumber) {
  if (typeof value !== 'number') {
    throw errors.invalidArgType(name, 'of type number', value, above);
  }
}

/** @throws {TypeError} ERR_INVALID_ARG_TYPE */
function validateBoolean(value, name, above = validateBoolean) {
  if (typeof value !== 'boolean') {
    throw errors.invalidArgType(name, 'of type boolean', value, above);
  }
}

/** @throws {TypeError} ERR_INVALID_ARG_TYPE */
function validateFunction(value, name, above = validateFunction) {
  if (typeof value !== 'function') {
    throw errors.invalidArgType(name, 'of type function', value, above);
  }
}

/** @throws {TypeError} ERR_INVALID_ARG_TYPE */
function validateObject(value, name, above = validateObject) {
  if (value === null || typeof value !== 'object' || Array.isArray(value)) {
    throw errors.invalidArgType(name, 'of type object', value, above);
  }
}

/** @throws {TypeError|RangeError} ERR_INVALID_ARG_TYPE, ERR_OUT_OF_RANGE */
function validateUint32(value, name, above = validateUint32) {
  validateNumber(value, name, above);
  if (!Number.isInteger(value)) {
    throw errors.outOfRange(name, 'an integer', value, above);
  }
  if (value < 0 || value > 0xffffffff) {
    throw errors.outOfRange(name, '>= 0 && <= 4294967295', value, above);
  }
}

/**
 * @param {number} min
 * @param {number} max
 * @throws {TypeError|RangeError} ERR_INVALID_ARG_TYPE, ERR_OUT_OF_RANGE
 */
function validateInt32(value, name, min, max, above = validateInt32) {
  validateNumber(value, name, above);
  if (!Number.isInteger(value)) {
    throw errors.outOfRange(name, 'an integer', value, above);
  }
  if (value < min || value > max) {
    throw errors.outOfRange(name, `>= ${min} && <= ${max}`, value, above);
  }
}

/**
 * @param {*} port a number, or a string that converts to one ('0x7b', ' 12 ')
 * @param {string} name of the argument
 * @param {boolean} [allowZero=true]
 * @returns {number} the port
 * @throws {RangeError} ERR_SOCKET_BAD_PORT
 */
function validatePort(port, name, allowZero = true) {
  if (typeof port === 'number' && port > 0 && port === (port & 0xffff)) {
    return port; // most ports
  }
  return readPort(port, name, allowZero);
}

function readPort(port, name, allowZero) {
  if ((typeof port !== 'number' &&
       (typeof port !== 'string' || port.trim() === '')) ||
      +port !== (+port >>> 0) ||
      port > 0xffff ||
      (+port === 0 && !allowZero)) {
    throw errors.badPort(name, allowZero, port, validatePort);
  }
  return port | 0;
}

/** @throws {TypeError} ERR_INVALID_ARG_TYPE */
function validateAbortSignal(signal, name, above = validateAbortSignal) {
  if (signal === null || typeof signal !== 'object' || !('aborted' in signal)) {
    throw errors.invalidArgType(name, 'an instance of AbortSignal', signal,
                                above);
  }
}

module.exports = {
  validateAbortSignal,
  validateBoolean,
  validateFunction,
  validateInt32,
  validateNumber,
  validateObject,
  validatePort,
  validateString,
  validateUint32,
};
