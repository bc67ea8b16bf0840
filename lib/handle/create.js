'use strict';

/** Creates handles: for a new socket, or for a descriptor that exists. */

const binding = require('../load/binding');
const errors = require('../errors/errors');
const { validateFunction } = require('../errors/validators');
const { BOTH } = require('../batch/loopback');
const { UDP } = require('./handle');
const { createLookup } = require('./lookup');
const { inheritMethods, setMethods, updateFamily } = require('./methods');

// Without them a socket would neither receive nor complete a send.
require('./hooks');

/** Unknown until it is needed. */
let hasIPv6;

/**
 * @param {string} type 'udp4', 'udp6' or 'udp'
 * @returns {4|6|46} 4 for 'udp' if the system has no IPv6
 */
function familyOf(type) {
  if (type !== 'udp') return type === 'udp6' ? 6 : 4;
  hasIPv6 ??= binding.hasIPv6();
  return hasIPv6 ? BOTH : 4;
}

/**
 * @param {string} type 'udp4', 'udp6' or 'udp'
 * @param {Function} [lookup] instead of dns.lookup()
 * @param {{ttl: number, max: number}} [lookupCache] see lookup-cache.js
 * @param {boolean} [isWeak] closes it when it is collected: see table.js
 * @returns {UDP}
 * @throws {TypeError} ERR_SOCKET_BAD_TYPE, ERR_INVALID_ARG_TYPE
 */
function createHandle(type, lookup, lookupCache, isWeak) {
  if (lookup !== undefined) validateFunction(lookup, 'lookup', createHandle);
  if (type !== 'udp4' && type !== 'udp6' && type !== 'udp') {
    throw errors.badType(createHandle);
  }
  const family = familyOf(type);
  let resolve = createLookup(family, lookup);
  if (lookupCache !== undefined) {
    resolve =
      require('./lookup-cache').withCache(resolve, family, lookupCache);
  }
  const handle = new UDP('UDPWRAP', isWeak);
  setMethods(handle, family, resolve);
  return handle;
}

/**
 * Creates a handle for a descriptor that another one has left.
 * @param {string} token of leave()
 * @param {...*} args of createHandle()
 * @returns {UDP|number} the handle, or a negative UV_ code
 */
function takeHandle(token, ...args) {
  const handle = createHandle(...args);
  let status;
  try {
    status = handle.take(token); // throws if access to the network is denied
  } finally {
    if (status !== 0) handle.close();
  }
  if (status !== 0) return status;
  updateFamily(handle);
  return handle;
}

/**
 * Takes over a socket that Node's own code created: a cluster's primary, or a
 * parent process. The new handle uses a duplicate of the descriptor. The
 * original stays open and idle until the new handle closes, because closing it
 * notifies the primary.
 * @param {object} foreign a built-in UDP handle
 * @param {UDP} old the handle that is replaced; the new one takes its lookup
 * @returns {UDP|number} the new handle, or a negative UV_ code
 */
function adoptHandle(foreign, old) {
  const handle = new UDP();
  const status = handle.adopt(foreign.fd);
  if (status < 0) {
    handle.close();
    return status;
  }
  inheritMethods(handle, old);
  handle.foreign = foreign;
  // Node's own lists of active handles contain the original only.
  for (const name of ['ref', 'unref']) {
    handle[name] = () => {
      foreign[name]();
      UDP.prototype[name].call(handle);
    };
  }
  return handle;
}

module.exports = { adoptHandle, createHandle, takeHandle };
