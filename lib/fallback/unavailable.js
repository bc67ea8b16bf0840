'use strict';

/** The additions that need the addon: they throw. */

const errors = require('../errors/errors');
const { readInterface } = require('../socket/membership-interface');
const { record } = require('../node/thread');

const REMEDY = 'Omit it if dgram.transport is \'node\', or make the addon ' +
  'load; see docs/installing.md of dgram-native.';

const NodeSocket = record.Socket;

/**
 * @param {string} what the option or method, for the message
 * @param {Function} above where the stack begins, see errors.js
 * @returns {TypeError} ERR_FEATURE_UNAVAILABLE_ON_PLATFORM
 */
function requiresAddon(what, above) {
  return errors.featureUnavailable(
    `${what} requires the compiled addon, and dgram.transport is 'node'. ` +
    REMEDY, above);
}

const methods = {};

for (const name of ['setTypeOfService', 'getTypeOfService', 'setDontFragment',
                    'getPathMTU', 'setPacingRate', 'stats', 'detach']) {
  methods[name] = function unavailable() {
    throw requiresAddon(`socket.${name}()`, unavailable);
  };
}

/** By method, the index of the argument `interfaceAddress`. */
const MEMBERSHIPS = {
  addMembership: 1,
  dropMembership: 1,
  addSourceSpecificMembership: 2,
  dropSourceSpecificMembership: 2,
};

for (const [name, index] of Object.entries(MEMBERSHIPS)) {
  methods[name] = function withAddress(...args) {
    if (readInterface(args[index], withAddress) !== null) {
      throw requiresAddon(`The interface of ${name}()`, withAddress);
    }
    return Reflect.apply(NodeSocket.prototype[name], this, args);
  };
}

/** dgram.stats() */
function stats() {
  throw requiresAddon('dgram.stats()', stats);
}

/** The getter of socket.writableNeedDrain. */
function needDrain() {
  // Tools read the properties of prototypes.
  if (this === null || !(this instanceof NodeSocket) || this.type === undefined)
    return undefined;
  throw requiresAddon('socket.writableNeedDrain', needDrain);
}

module.exports = { REMEDY, methods, needDrain, requiresAddon, stats };
