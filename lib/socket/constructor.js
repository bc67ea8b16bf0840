'use strict';

/** The constructor of Socket, and createSocket(). */

const dc = require('node:diagnostics_channel');
const EventEmitter = require('node:events');
const errors = require('../errors/errors');
const {
  validateAbortSignal, validateBoolean, validateUint32,
} = require('../errors/validators');
const { ReceiveInfo } = require('../batch/receive-info');
const { createHandle } = require('../handle/handle');
const { requireFeature } = require('../handle/require-feature');
// The default of the option, for programs that use dgram through register.js.
const { sharedBuffers: SHARED_BUFFERS } = require('../load/settings');
const {
  NodeSocket, asyncIdKey, isInNodesPlace,
} = require('../node/node-internals');
const { isBlockList } = require('./block-lists');
const { throwOnError } = require('./common');
const { readOpenOptions } = require('./open-options');
const { bitsOf, readReceiveInfo } = require('./receive-info');
const { createState, kState } = require('./state');

const createdChannel = dc.channel('udp.socket');

/**
 * @param {'udp4'|'udp6'|'udp'|object} type or options: type, reuseAddr,
 *   reusePort, ipv6Only, recvBufferSize, sendBufferSize (bytes), lookup,
 *   signal, receiveBlockList, sendBlockList; this package's: sharedBuffers and
 *   closeWhenCollected (boolean), those of open-options.js, receiveInfo, and
 *   lookupCache
 * @param {function(Buffer, object)} [listener] for 'message'
 * @throws {TypeError} ERR_SOCKET_BAD_TYPE, ERR_INVALID_ARG_TYPE
 * @throws {RangeError} ERR_OUT_OF_RANGE
 * @since Node 0.1.99
 */
function Socket(type, listener) {
  EventEmitter.call(this);
  let options;
  let openOptions;
  let receiveInfo;
  let lookupCache;
  if (type !== null && typeof type === 'object') {
    options = type;
    type = options.type;
    checkOptions(options);
    openOptions = readOpenOptions(options, checkAvailable, Socket);
    receiveInfo = readReceiveInfo(options, checkAvailable, Socket);
    ({ lookupCache } = options);
    if (lookupCache !== undefined) lookupCache = readLookupCache(lookupCache);
  }

  const handle = createHandle(type, options?.lookup, lookupCache,
                              options?.closeWhenCollected);
  handle.owner = this;
  if (options?.sharedBuffers ?? SHARED_BUFFERS) handle.sharedBuffers = true;
  if (options?.receiveBlockList) {
    handle.receiveBlockList = options.receiveBlockList;
  }

  this[asyncIdKey(handle)] = handle.getAsyncId();
  this.type = type;
  if (typeof listener === 'function') this.on('message', listener);

  this[kState] = createState(handle, options);
  if (openOptions !== undefined) setOpenOptions(this[kState], openOptions);
  if (receiveInfo !== undefined) setReceiveInfo(handle, receiveInfo);

  if (options?.signal !== undefined) closeOnAbort(this, options.signal);
  if (createdChannel.hasSubscribers) createdChannel.publish({ socket: this });
}
Object.setPrototypeOf(Socket.prototype, NodeSocket.prototype);
Object.setPrototypeOf(Socket, EventEmitter);

Object.defineProperty(Socket, Symbol.hasInstance, {
  __proto__: null, value: isInstance, configurable: true, writable: true,
});

/**
 * While register.js has replaced Node's class by this one, the sockets of every
 * copy of this package, and earlier ones of node:dgram, are instances of it.
 */
function isInstance(value) {
  const Class = this === Socket && isInNodesPlace(Socket) ? NodeSocket : this;
  return Reflect.apply(Function.prototype[Symbol.hasInstance], Class, [value]);
}

/** Loaded by the first socket with the option: most programs have none. */
function readLookupCache(given) {
  return require('../handle/lookup-cache').readLookupCache(given, Socket);
}

function checkAvailable(name) {
  requireFeature(name, `the option ${name}`, Socket);
}

function setOpenOptions(state, openOptions) {
  const { handle } = state;
  const status = handle.setOpenOptions(...openOptions);
  if (status < 0) handle.close();
  throwOnError(status, 'setsockopt', setOpenOptions);
  state.openOptions = openOptions;
}

function setReceiveInfo(handle, names) {
  const bits = bitsOf(names);
  const status = handle.setReceiveInfo(bits);
  if (status < 0) handle.close();
  throwOnError(status, 'setsockopt', setReceiveInfo);
  handle.receiveInfo = new ReceiveInfo(names, bits);
}

function checkOptions(options) {
  for (const name of ['recvBufferSize', 'sendBufferSize']) {
    if (options[name]) {
      validateUint32(options[name], `options.${name}`, checkOptions);
    }
  }
  for (const name of ['receiveBlockList', 'sendBlockList']) {
    const list = options[name];
    if (list && !isBlockList(list)) {
      // "an net" is Node's wording.
      throw errors.invalidArgType(`options.${name}`,
                                  'an net.BlockList', list, checkOptions);
    }
  }
  if (options.type === 'udp' && options.ipv6Only) {
    throw errors.invalidArgValue('options.ipv6Only', options.ipv6Only,
                                 "must not be set for the type 'udp'",
                                 checkOptions);
  }
  for (const name of ['closeWhenCollected', 'sharedBuffers']) {
    if (options[name] !== undefined) {
      validateBoolean(options[name], `options.${name}`, checkOptions);
    }
  }
}

function closeOnAbort(socket, signal) {
  validateAbortSignal(signal, 'options.signal', closeOnAbort);
  const onAborted = () => {
    if (socket[kState].handle) socket.close();
  };
  if (signal.aborted) {
    onAborted();
    return;
  }
  const listening = EventEmitter.addAbortListener(signal, onAborted);
  socket.once('close', listening[Symbol.dispose]);
}

/**
 * @param {'udp4'|'udp6'|'udp'|object} type or options, see Socket
 * @param {function(Buffer, object)} [listener] for 'message'
 * @returns {Socket}
 * @throws {TypeError|RangeError} see Socket
 * @since Node 0.1.99; options: 0.11.13
 */
function createSocket(type, listener) {
  return new Socket(type, listener);
}

module.exports = { Socket, createSocket };
