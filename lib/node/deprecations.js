'use strict';

/**
 * The underscored members of Socket that Node deprecated (DEP0112) and removed
 * in version 25: here on every Node that still has them, and Node's own. They
 * would be inherited, but programs find them on the prototype itself.
 */

const { NodeSocket } = require('./node-internals');

/** @param {Function} Socket our class */
function install(Socket) {
  const { prototype } = NodeSocket;
  for (const name of Object.getOwnPropertyNames(prototype)) {
    if (!name.startsWith('_')) continue;
    const descriptor = Object.getOwnPropertyDescriptor(prototype, name);
    Object.setPrototypeOf(descriptor, null);
    Object.defineProperty(Socket.prototype, name, descriptor);
  }
}

module.exports = { install };
