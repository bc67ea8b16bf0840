'use strict';

/**
 * What this package borrows from Node's own dgram, all of it reached through
 * public objects: the symbols under which Node's other modules look into a
 * socket, and a built-in handle where only a built-in one will do.
 */

const nodeDgram = require('node:dgram');
const binding = require('../load/binding');

// Node's class, whatever register.js of any copy put in its place.
const { Socket: NodeSocket } = require('./thread').record;

/**
 * The key of a socket's state. Node's child_process reads it, and so do tools
 * and Node's own tests. ref() is the shortest method that uses it, and a
 * stand-in for the socket lets us see which key is asked for.
 */
function findStateSymbol() {
  let found;
  NodeSocket.prototype.ref.call(new Proxy({}, {
    __proto__: null,
    get(target, key) {
      if (typeof key === 'symbol') found = key;
      return { handle: null };
    },
  }));
  return found;
}

const kState = findStateSymbol();
let kAsyncId;

/**
 * The key under which async_hooks keeps the id of a resource. One made to find
 * it would be seen by those who look for open handles.
 * @param {AsyncResource} resource any
 * @returns {symbol}
 */
function asyncIdKey(resource) {
  kAsyncId ??= Object.getOwnPropertySymbols(resource)
    .find((symbol) => symbol.description === 'async_id_symbol');
  return kAsyncId;
}

/** True once register.js has put this class in the place of Node's. */
function isInNodesPlace(Socket) {
  return nodeDgram.Socket === Socket;
}

/** True for a UDP handle of Node's own; others crash its IPC. */
function isBuiltinHandle(handle) {
  const known = builtinHandle('udp4', -1);
  known.close();
  return handle instanceof known.constructor;
}

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

module.exports = {
  NodeSocket, asyncIdKey, builtinHandle, isBuiltinHandle, isInNodesPlace,
  kState,
};
