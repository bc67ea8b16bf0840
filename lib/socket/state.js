'use strict';

/**
 * The state of a socket. It goes from unbound to binding to bound, and is
 * closed once `handle` is null. Apart from that it is disconnected, connecting
 * or connected.
 */

const { kState } = require('../node/node-internals');

const UNBOUND = 0;
const BINDING = 1;
const BOUND = 2;

const DISCONNECTED = 0;
const CONNECTING = 1;
const CONNECTED = 2;

/** Which buffer `handle.bufferSize()` reads or sets. */
const RECV_BUFFER = true;
const SEND_BUFFER = false;

/**
 * The value of `socket[kState]`. Node's child_process, tools and Node's own
 * tests read `handle`, `receiving`, `bindState` and `queue`.
 * @param {UDP} handle
 * @param {object} [options] of createSocket()
 */
function createState(handle, options) {
  return {
    handle, // null: closed
    receiving: false,
    bindState: UNBOUND,
    connectState: DISCONNECTED,
    queue: undefined, // QueuedCall[] while calls wait for bind()
    onBound: undefined, // the 'listening' listener of bind()'s callback
    bindError: undefined, // null or an Error during bindImplicitly()
    reuseAddr: options?.reuseAddr,
    reusePort: options?.reusePort,
    ipv6Only: options?.ipv6Only,
    openOptions: undefined, // values of readOpenOptions(), see open-options.js
    recvBufferSize: options?.recvBufferSize, // bytes
    sendBufferSize: options?.sendBufferSize, // bytes
    receiveBlockList: options?.receiveBlockList || undefined,
    sendBlockList: options?.sendBlockList || undefined,
  };
}

/** The states of sockets that detach() has closed. */
const detached = new WeakSet();

module.exports = {
  BINDING,
  BOUND,
  CONNECTED,
  CONNECTING,
  DISCONNECTED,
  RECV_BUFFER,
  SEND_BUFFER,
  UNBOUND,
  createState,
  detached,
  kState,
};
