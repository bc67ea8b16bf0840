'use strict';

/** The state of a socket of node:dgram, read through its public methods. */

const { record } = require('../node/thread');

const { address, remoteAddress } = record.Socket.prototype;

const NOT_RUNNING = 'ERR_SOCKET_DGRAM_NOT_RUNNING';
const NOT_CONNECTED = 'ERR_SOCKET_DGRAM_NOT_CONNECTED';

/** @returns {boolean} false once it was closed */
function isOpen(socket) {
  try {
    address.call(socket);
    return true;
  } catch ({ code }) {
    return code !== NOT_RUNNING; // or it is unbound
  }
}

function isBound(socket) {
  try {
    address.call(socket);
    return true;
  } catch {
    return false;
  }
}

/** @throws {Error} ERR_SOCKET_DGRAM_NOT_RUNNING */
function isConnected(socket) {
  try {
    remoteAddress.call(socket);
    return true;
  } catch (error) {
    if (error.code === NOT_CONNECTED) return false;
    throw error;
  }
}

module.exports = { isBound, isConnected, isOpen };
