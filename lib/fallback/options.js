'use strict';

/** The options of a fallback socket. */

const errors = require('../errors/errors');
const { validateBoolean, validateUint32 } = require('../errors/validators');
const { readOpenOptions } = require('../socket/open-options');
const { readReceiveInfo } = require('../socket/receive-info');
const { REMEDY, requiresAddon } = require('./unavailable');

const { process } = globalThis;

/** Those that node:dgram ignores on versions that do not support them. */
const NEWER = ['reusePort', 'receiveBlockList', 'sendBlockList'];

function isFamily(type) {
  return type === 'udp4' || type === 'udp6';
}

/**
 * @param {object} options
 * @param {Function} above where the stack begins, see errors.js
 * @throws {TypeError} ERR_INVALID_ARG_TYPE, ERR_INVALID_ARG_VALUE,
 *   ERR_FEATURE_UNAVAILABLE_ON_PLATFORM
 * @throws {RangeError} ERR_OUT_OF_RANGE
 */
function checkOptions(options, above) {
  const refuse = (name) => {
    throw requiresAddon(`The option ${name}`, above);
  };
  if (options.from !== undefined) refuse('from');
  readOpenOptions(options, refuse, above);
  readReceiveInfo(options, refuse, above);
  const { sendHighWaterMark } = options;
  if (sendHighWaterMark !== undefined) {
    validateUint32(sendHighWaterMark, 'options.sendHighWaterMark', above);
    refuse('sendHighWaterMark');
  }
  for (const name of ['closeWhenCollected', 'reuseBatch', 'sharedBuffers']) {
    const value = options[name];
    if (value === undefined) continue;
    validateBoolean(value, `options.${name}`, above);
    if (value) refuse(name);
  }
}

function unsupported(name, above) {
  return errors.featureUnavailable(
    `node:dgram of Node.js ${process.versions.node} does not support the ` +
    `option ${name}, and dgram.transport is 'node'. ${REMEDY}`, above);
}

/**
 * The options for the constructor of node:dgram, and a check that it has used
 * them: a block list must not be ignored silently.
 * @param {object} given
 * @param {ImmediateLookup} lookup
 * @returns {{options: object, checkSupported: function(Socket, Function)}}
 */
function toNodeOptions(given, { lookup }) {
  // With the prototype: options may be inherited.
  const options = { __proto__: given, ...given, lookup };
  const unread = new Set();
  for (const name of NEWER) {
    const value = given[name];
    if (!value) continue;
    unread.add(name);
    Object.defineProperty(options, name, {
      __proto__: null,
      enumerable: true,
      get() {
        unread.delete(name);
        return value;
      },
    });
  }
  const checkSupported = (socket, above) => {
    for (const name of unread) {
      socket.close();
      throw unsupported(name, above);
    }
  };
  return { options, checkSupported };
}

module.exports = { checkOptions, isFamily, toNodeOptions };
