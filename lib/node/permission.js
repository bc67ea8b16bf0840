'use strict';

/**
 * Reaches into Node's permission model: process.permission, on Node 25 and
 * later.
 *
 * With --permission Node restricts the network in the C++ class that this
 * package replaces, so the check is made here. Without --allow-net, bind(),
 * connect() and send() fail as with node:dgram.
 */

const { accessDenied } = require('../errors/errors');

// Read once, because programs replace the global. On Node 18 loading the module
// node:process would create process.stdin.
const { process } = globalThis;

// Undefined if Node has no permission model, or without --permission.
// eslint-disable-next-line n/no-unsupported-features/node-builtins
const { permission } = process;

/** Whether access to the network can be denied, now or later. */
const isGuarded =
  permission !== undefined && parseInt(process.versions.node, 10) >= 25;

// Read once: replacing the method later must not grant access.
const has = permission?.has;

/** @returns {boolean} not constant: Node 26 has permission.drop() */
function isDenied() {
  return isGuarded && !Reflect.apply(has, permission, ['net']);
}

/**
 * Wraps a handle method with the check. If access is denied it throws the error
 * of Node's handle, from the same place: within send(), or from the tick of a
 * lookup.
 */
function guard(method) {
  return function guarded(...args) {
    if (isDenied()) throw accessDenied('', guarded);
    return method.apply(this, args);
  };
}

/** bind() returns the error instead of a UV_ code, as Node's handle does. */
function guardBind(bind) {
  return function guarded(address, ...rest) {
    if (isDenied()) return accessDenied(address, guarded);
    return bind.call(this, address, ...rest);
  };
}

/** Wraps the handle methods that access the network. */
function guardHandle(handle) {
  if (!isGuarded) return;
  handle.bind = guardBind(handle.bind);
  for (const name of ['connect', 'open', 'send', 'take']) {
    handle[name] = guard(handle[name]);
  }
}

module.exports = { guardHandle, isDenied, isGuarded };
