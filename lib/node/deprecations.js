'use strict';

/**
 * Reaches into the prototype of Node's dgram.Socket, on Node 18 to 24.
 *
 * Node deprecated its underscored members (DEP0112) and removed them in version
 * 25. Our prototype gets Node's own property descriptors, on every version that
 * has them. They would be inherited, but programs look for own properties.
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
