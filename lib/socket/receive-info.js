'use strict';

/**
 * The option `receiveInfo` of createSocket(): what `rinfo` and 'batch' have in
 * addition. Used by the fallback as well, which has no addon.
 */

const errors = require('../errors/errors');
const { validateString } = require('../errors/validators');

/** What the C core reads: DGRAM_INFO_* in src/core/batch.h. */
const BITS = {
  LOCAL_ADDRESS: 1, INTERFACE: 2, TOS: 4, TTL: 8, TIMESTAMP: 16,
};

/** The names, and the bits that each needs. */
const NAMES = new Map([
  ['localAddress', BITS.LOCAL_ADDRESS],
  ['interface', BITS.INTERFACE],
  ['interfaceIndex', BITS.INTERFACE],
  ['tos', BITS.TOS],
  ['ttl', BITS.TTL],
  ['timestamp', BITS.TIMESTAMP],
]);

/**
 * Checks the value of the option.
 * @param {*} receiveInfo
 * @param {Map<string, number>} known the names that this type of socket has
 * @param {Function} above where the stack begins, see errors.js
 * @returns {Set<string>} the names
 * @throws {TypeError} ERR_INVALID_ARG_TYPE, ERR_INVALID_ARG_VALUE
 */
function readNames(receiveInfo, known, above) {
  if (!Array.isArray(receiveInfo)) {
    throw errors.invalidArgType('options.receiveInfo', 'an instance of Array',
                                receiveInfo, above);
  }
  const names = new Set();
  for (let i = 0; i < receiveInfo.length; i++) {
    const name = receiveInfo[i];
    const place = `options.receiveInfo[${i}]`;
    validateString(name, place, above);
    if (!known.has(name)) {
      const list = [...known.keys()].map((one) => `'${one}'`).join(', ');
      throw errors.invalidArgValue(place, name, `must be one of: ${list}`,
                                   above);
    }
    names.add(name);
  }
  return names;
}

/**
 * @param {object} options of createSocket()
 * @param {function(string)} checkAvailable throws if this process does not have
 *   the option
 * @param {Function} above where the stack begins, see errors.js
 * @returns {Set<string>|undefined} the names; undefined if there are none
 * @throws {TypeError} ERR_INVALID_ARG_TYPE, ERR_INVALID_ARG_VALUE
 */
function readReceiveInfo({ receiveInfo }, checkAvailable, above) {
  if (receiveInfo === undefined) return undefined;
  const names = readNames(receiveInfo, NAMES, above);
  if (names.size === 0) return undefined;
  checkAvailable('receiveInfo');
  return names;
}

/** @returns {number} the bits that the C core needs for these names */
function bitsOf(names) {
  let bits = 0;
  for (const name of names) bits |= NAMES.get(name);
  return bits;
}

/** @returns {Array<string>} the names that a ReceiveInfo was created with */
function namesOf(receiveInfo) {
  return [...NAMES.keys()].filter((name) => receiveInfo[name]);
}

module.exports = { BITS, bitsOf, namesOf, readNames, readReceiveInfo };
