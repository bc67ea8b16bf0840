'use strict';

/**
 * What this package borrows from Node's own dgram, all of it reached through
 * public objects: the symbols under which Node's other modules look into a
 * socket, and a built-in handle where only a built-in one will do.
 */

const { AsyncResource } = require('node:async_hooks');
const binding = require('./binding');

// The class as it was before register.js put ours in its place.
const NodeSocket = require('node:dgram').Socket;

/**
 * The key of a socket's state. Node's child_process reads it, and so do tools
 * and Node's own tests. ref() is the shortest method that uses it, and a
 * stand-in for the socket lets us see which key is asked for.
 */
function findStateSymbol() {
  let found;
  NodeSocket.prototype.ref.call(new Proxy({}, {
    get(target, key) {
      if (typeof key === 'symbol') found = key;
      return { handle: null };
    },
  }));
  return found;
}

/** The key under which async_hooks keeps the id of a resource. */
function findAsyncIdSymbol() {
  const probe = new AsyncResource('DGRAMPROBE', { requireManualDestroy: true });
  return Object.getOwnPropertySymbols(probe)
    .find((symbol) => symbol.description === 'async_id_symbol');
}

const kState = findStateSymbol();
const kAsyncId = findAsyncIdSymbol();

/**
 * A built-in UDP handle on `fd`, which it owns from now on. child.send() and
 * process.send() take no other. It is idle and does not keep the process alive.
 * @param {string} type 'udp4' or 'udp6'
 * @param {number} fd negative: a handle without a descriptor
 * @returns {object} Node's UDPWrap
 */
function builtinHandle(type, fd) {
  const { handle } = new NodeSocket(type)[kState];
  handle.unref();
  if (fd >= 0 && handle.open(fd) < 0) binding.closeFd(fd);
  return handle;
}

module.exports = { NodeSocket, builtinHandle, kAsyncId, kState };
