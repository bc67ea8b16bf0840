'use strict';

/**
 * The interface of a membership: an address (as in Node), `{ interface }` with
 * a name or an index, or '*'. Used by the fallback as well, which has no addon.
 */

const errors = require('../errors/errors');

const INDEX_MAX = 0x7fffffff;

/** All interfaces that are up and can receive multicast datagrams. */
const ALL = '*';

/**
 * @param {*} value the argument `interfaceAddress`
 * @param {Function} above where the stack begins, see errors.js
 * @returns {{interface: string|number|undefined}|null} undefined: all
 *   interfaces; null: `value` is an address or undefined, as in Node
 * @throws {TypeError} ERR_INVALID_ARG_TYPE
 * @throws {RangeError} ERR_OUT_OF_RANGE
 */
function readInterface(value, above) {
  if (value === ALL) return { interface: undefined };
  // Node converts an object to a string. A plain one is no address then.
  if (value === null || typeof value !== 'object') return null;
  const { interface: given } = value;
  if (given === undefined) return null;
  checkInterface(given, 'options.interface', above);
  return { interface: given };
}

/**
 * @param {*} value the name or the index of an interface
 * @param {string} name of the argument
 * @param {Function} above where the stack begins, see errors.js
 * @throws {TypeError} ERR_INVALID_ARG_TYPE
 * @throws {RangeError} ERR_OUT_OF_RANGE
 */
function checkInterface(value, name, above) {
  if (typeof value === 'string') return;
  if (typeof value !== 'number') {
    throw errors.invalidArgType(name, 'one of type string or number', value,
                                above);
  }
  if (!Number.isInteger(value)) {
    throw errors.outOfRange(name, 'an integer', value, above);
  }
  if (value < 1 || value > INDEX_MAX) {
    throw errors.outOfRange(name, `>= 1 && <= ${INDEX_MAX}`, value, above);
  }
}

module.exports = { checkInterface, readInterface };
