'use strict';

/** The options of a fallback socket. */

const errors = require('../errors/errors');
const { validateBoolean } = require('../errors/validators');

const { process } = globalThis;

/** Those that node:dgram ignores on versions that do not support them. */
const NEWER = ['reusePort', 'receiveBlockList', 'sendBlockList'];

const REMEDY = 'Omit it if dgram.transport is \'node\', or make the addon ' +
  'load; see docs/installing.md of dgram-native.';

function isFamily(type) {
  return type === 'udp4' || type === 'udp6';
}

/**
 * @param {object} options
 * @param {Function} above where the stack begins, see errors.js
 * @throws {TypeError} ERR_INVALID_ARG_TYPE, ERR_FEATURE_UNAVAILABLE_ON_PLATFORM
 */
function checkOptions({ sharedBuffers }, above) {
  if (sharedBuffers === undefined) return;
  validateBoolean(sharedBuffers, 'options.sharedBuffers', above);
  if (sharedBuffers) {
    throw errors.featureUnavailable(
      'The option sharedBuffers requires the compiled addon, and ' +
      `dgram.transport is 'node'. ${REMEDY}`, above);
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
