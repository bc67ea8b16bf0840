'use strict';

/**
 * Reaches into node:dgram and node:async_hooks, on all supported versions
 * (Node 18 to 26), through public objects only:
 *
 *  - `kState`, the symbol of a socket's state, which Node's other modules read
 *  - `async_id_symbol`, the symbol of an async id
 *  - UDPWrap, the built-in handle, the only kind that Node's IPC accepts
 */

const nodeDgram = require('node:dgram');
const binding = require('../load/binding');

const { findStateSymbol } = require('./state-symbol');

// Node's class, also after register.js of any copy has replaced it.
const { Socket: NodeSocket } = require('./thread').record;

const kState = findStateSymbol();
let kAsyncId;

/**
 * The symbol under which async_hooks stores the id of a resource. Creating a
 * resource to find it would be visible to tools that list open handles.
 * @param {AsyncResource} resource any resource
 * @returns {symbol}
 */
function asyncIdKey(resource) {
  kAsyncId ??= Object.getOwnPropertySymbols(resource)
    .find((symbol) => symbol.description === 'async_id_symbol');
  return kAsyncId;
}

/** @returns {boolean} whether register.js has replaced Node's class by this */
function isInNodesPlace(Socket) {
  return nodeDgram.Socket === Socket;
}

/** @returns {boolean} whether it is a UDPWrap; others crash Node's IPC */
function isBuiltinHandle(handle) {
  const known = builtinHandle('udp4', -1);
  known.close();
  return handle instanceof known.constructor;
}

/**
 * Creates a built-in UDP handle that owns `fd`, for child.send() and
 * process.send(). It is idle and does not keep the process alive.
 * @param {string} type 'udp4' or 'udp6'
 * @param {number} fd negative: without a descriptor
 * @returns {object} Node's UDPWrap; without a descriptor if it has not accepted
 *   `fd`, which is closed then
 * @throws {Error} ERR_ACCESS_DENIED of Node 25 and later; `fd` is closed
 */
function builtinHandle(type, fd) {
  let isOwned = fd < 0;
  try {
    const { handle } = new NodeSocket(type)[kState];
    handle.unref();
    if (!isOwned) isOwned = handle.open(fd) === 0;
    return handle;
  } finally {
    if (!isOwned) binding.closeFd(fd);
  }
}

module.exports = {
  NodeSocket, asyncIdKey, builtinHandle, isBuiltinHandle, isInNodesPlace,
  kState,
};
