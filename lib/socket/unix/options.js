'use strict';

/** The options of createSocket() with the type 'unix_dgram'. */

const errors = require('../../errors/errors');
const { validateBoolean } = require('../../errors/validators');
const { BITS, UnixInfo } = require('../../batch/unix-info');
const { NAMES: OPEN_OPTIONS } = require('../open-options');
const { readNames } = require('../receive-info');

/** Names of `receiveInfo`, and what the C core reads for each. */
const NAMES = new Map([
  ['credentials', BITS.CREDENTIALS],
  ['timestamp', BITS.TIMESTAMP],
]);

/** Options that have no effect here. Silence could be dangerous. */
const UDP_ONLY = [
  ...OPEN_OPTIONS, 'reuseAddr', 'reusePort', 'ipv6Only', 'steering', 'workers',
  'receiveBlockList', 'sendBlockList', 'lookup', 'lookupCache', 'handle',
];

function checkUdpOptions(options, above) {
  for (const name of UDP_ONLY) {
    const value = options[name];
    if (value === undefined || value === false) continue;
    throw errors.invalidArgValue(
      `options.${name}`, value, 'must not be set for a Unix socket', above);
  }
}

function readReceiveInfo(receiveInfo, above) {
  const names = receiveInfo === undefined ?
    new Set() :
    readNames(receiveInfo, NAMES, above);
  let bits = 0;
  for (const name of names) bits |= NAMES.get(name);
  return new UnixInfo(names, bits);
}

function readUnlink(unlink, above) {
  if (unlink === undefined) return true;
  validateBoolean(unlink, 'options.unlink', above);
  return unlink;
}

/**
 * @param {object} options
 * @param {Function} above where the stack begins, see errors.js
 * @returns {{unlink: boolean, info: UnixInfo}}
 * @throws {TypeError} ERR_INVALID_ARG_TYPE, ERR_INVALID_ARG_VALUE
 */
function readUnixOptions(options, above) {
  checkUdpOptions(options, above);
  const { unlink, receiveInfo } = options;
  return {
    unlink: readUnlink(unlink, above),
    info: readReceiveInfo(receiveInfo, above),
  };
}

module.exports = { readUnixOptions };
