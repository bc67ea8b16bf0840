'use strict';

/**
 * Reaches into the class of node:dgram, on all supported versions (Node 18 to
 * 26).
 */

const { Socket } = require('./thread').record;

/**
 * The symbol of a socket's state, read by Node's child_process, by tools and by
 * Node's tests. ref() is the shortest method that uses it. It is called on a
 * Proxy that records the key.
 * @returns {symbol|undefined} undefined if this is not Node's class
 */
function findStateSymbol() {
  let found;
  Socket.prototype.ref.call(new Proxy({}, {
    __proto__: null,
    get(target, key) {
      if (typeof key === 'symbol') found = key;
      return { handle: null };
    },
  }));
  return found;
}

module.exports = { findStateSymbol };
