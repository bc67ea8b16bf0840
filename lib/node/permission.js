'use strict';

/**
 * Node's permission model (--permission) guards the network from Node 25 on, in
 * the C++ class that this package replaces. So it is asked here: without
 * --allow-net, bind(), connect() and send() fail as they do with node:dgram.
 */

const { accessDenied } = require('../errors/errors');

// Programs replace the global. The module node:process is no substitute: on
// Node 18 it creates process.stdin.
const { process } = globalThis;

// Undefined where there is no permission model, or it is off.
// eslint-disable-next-line n/no-unsupported-features/node-builtins
const { permission } = process;

/** Whether the network can be denied to this process, now or later. */
const isGuarded =
  permission !== undefined && parseInt(process.versions.node, 10) >= 25;

// Whoever replaces it later does not give permissions.
const has = permission?.has;

/** @returns {boolean} what may change: Node 26 has permission.drop() */
function isDenied() {
  return isGuarded && !Reflect.apply(has, permission, ['net']);
}

/**
 * A method of a handle that asks first. Of a denial it throws what Node's
 * throws, wherever that is: out of send(), or from the tick of a lookup.
 */
function guard(method) {
  return function guarded(...args) {
    if (isDenied()) throw accessDenied('', guarded);
    return method.apply(this, args);
  };
}

/** bind() returns it where a UV_ code would be, as Node's. */
function guardBind(bind) {
  return function guarded(address, ...rest) {
    if (isDenied()) return accessDenied(address, guarded);
    return bind.call(this, address, ...rest);
  };
}

/** Guards the methods of a handle that reach for the network. */
function guardHandle(handle) {
  if (!isGuarded) return;
  handle.bind = guardBind(handle.bind);
  for (const name of ['connect', 'open', 'send']) {
    handle[name] = guard(handle[name]);
  }
}

module.exports = { guardHandle, isDenied, isGuarded };
