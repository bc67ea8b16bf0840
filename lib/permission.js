'use strict';

/**
 * Node's permission model (--permission) guards the network from Node 25 on, in
 * the C++ class that this package replaces. So it is asked here: without
 * --allow-net, bind(), connect() and send() fail as they do with node:dgram.
 */

const { accessDenied } = require('./errors');

const { process } = globalThis;

// Undefined where there is no permission model, or it is off.
// eslint-disable-next-line n/no-unsupported-features/node-builtins
const { permission } = process;

const guarded =
  permission !== undefined && parseInt(process.versions.node, 10) >= 25;

/**
 * @param {string} [resource] the address in question
 * @returns {Error|undefined} ERR_ACCESS_DENIED
 */
function denial(resource) {
  return guarded && !permission.has('net') ? accessDenied(resource) : undefined;
}

/**
 * @param {Function} method of a handle
 * @param {number} at which argument the address is
 * @returns {Function} the method, which returns the denial as its error
 */
function guard(method, at) {
  return function(...args) {
    return denial(args[at]) ?? method.apply(this, args);
  };
}

/** Guards the methods of a handle that reach for the network. */
function guardHandle(handle) {
  if (!guarded) return;
  handle.bind = guard(handle.bind, 0);
  handle.connect = guard(handle.connect, 0);
  handle.open = guard(handle.open, 0);
  handle.send = guard(handle.send, 4);
}

module.exports = { denial, guardHandle };
