'use strict';

/**
 * The state of a socket. It goes from unbound to binding to bound, and is
 * closed once `handle` is null. Apart from that it is disconnected, connecting
 * or connected.
 */

const { defineDefaults } = require('../handle/defaults');
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
 */
class State {
  // Fields are defined, not assigned: setters on Object.prototype do not run.
  /** A UDP; null: closed. */
  handle;
  receiving = false;
  bindState = UNBOUND;
  connectState = DISCONNECTED;
  /** QueuedCall[] while calls wait for bind(). */
  queue = undefined;
  /** The 'listening' listener of bind()'s callback. */
  onBound = undefined;
  /** Null or an Error during bindImplicitly(). */
  bindError = undefined;

  /** @param {UDP} handle */
  constructor(handle) {
    this.handle = handle;
  }
}

// Options that most sockets do not have are on the prototype: 10,000 idle
// sockets do not need a copy each.
defineDefaults(State.prototype, {
  reuseAddr: undefined,
  reusePort: undefined,
  ipv6Only: undefined,
  /** Values of readOpenOptions(), see open-options.js. */
  openOptions: undefined,
  /** In bytes. */
  recvBufferSize: undefined,
  /** In bytes. */
  sendBufferSize: undefined,
  receiveBlockList: undefined,
  sendBlockList: undefined,
});

/**
 * @param {UDP} handle
 * @param {object} [options] of createSocket()
 * @returns {State}
 */
function createState(handle, options) {
  const state = new State(handle);
  if (options === undefined) return state;
  const {
    reuseAddr, reusePort, ipv6Only, recvBufferSize, sendBufferSize,
    receiveBlockList, sendBlockList,
  } = options;
  if (reuseAddr) state.reuseAddr = reuseAddr;
  if (reusePort) state.reusePort = reusePort;
  if (ipv6Only) state.ipv6Only = ipv6Only;
  if (recvBufferSize) state.recvBufferSize = recvBufferSize;
  if (sendBufferSize) state.sendBufferSize = sendBufferSize;
  if (receiveBlockList) state.receiveBlockList = receiveBlockList;
  if (sendBlockList) state.sendBlockList = sendBlockList;
  return state;
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
