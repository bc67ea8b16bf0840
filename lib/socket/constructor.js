'use strict';

/** The constructor of Socket, and createSocket(). */

const dc = require('node:diagnostics_channel');
const EventEmitter = require('node:events');
const errors = require('../errors/errors');
const { validateBoolean, validateUint32 } = require('../errors/validators');
const { ReceiveInfo } = require('../batch/receive-info');
const { createHandle } = require('../handle/create');
const { requireFeature } = require('../handle/require-feature');
// The default of the option, for programs that use dgram through register.js.
const { sharedBuffers: SHARED_BUFFERS } = require('../load/settings');
const {
  NodeSocket, asyncIdKey, isInNodesPlace,
} = require('../node/node-internals');
const { closeOnAbort } = require('./abort');
const { isBlockList } = require('./block-lists');
const { emitIfOpen, throwOnError } = require('./common');
const { readOpenOptions } = require('./open-options');
const { startReceiving } = require('./receive');
const { bitsOf, readReceiveInfo } = require('./receive-info');
const { createState, kState } = require('./state');

// Programs may replace the global.
const { process } = globalThis;

const createdChannel = dc.channel('udp.socket');

/**
 * @param {'udp4'|'udp6'|'udp'|'unix_dgram'|object} type 'unix_dgram': the
 *   result is a UnixSocket, see unix/socket.js. Or options: type, reuseAddr,
 *   reusePort, ipv6Only, recvBufferSize, sendBufferSize (bytes), lookup,
 *   signal, receiveBlockList, sendBlockList; this package's: sharedBuffers,
 *   reuseBatch and closeWhenCollected (boolean), sendHighWaterMark (bytes),
 *   those of open-options.js, receiveInfo, lookupCache, from, and its handle
 * @param {function(Buffer, object)} [listener] for 'message'
 * @throws {TypeError} ERR_SOCKET_BAD_TYPE, ERR_INVALID_ARG_TYPE
 * @throws {RangeError} ERR_OUT_OF_RANGE
 * @throws {Error} with `from`: a system error
 * @since Node 0.1.99
 */
function Socket(type, listener) {
  EventEmitter.call(this);
  let options;
  let openOptions;
  let receiveInfo;
  let ticket;
  let lookupCache;
  if (type !== null && typeof type === 'object') {
    options = type;
    type = options.type;
    checkOptions(options);
    if (options.from !== undefined) {
      ticket = tickets().readTicket(options, Socket);
      ({ type } = ticket);
    }
  }
  if (type === 'unix_dgram') return openUnix(options, listener);
  if (options !== undefined) {
    openOptions = readOpenOptions(options, checkAvailable, Socket);
    receiveInfo = readReceiveInfo(options, checkAvailable, Socket);
    ({ lookupCache } = options);
    if (lookupCache !== undefined) lookupCache = readLookupCache(lookupCache);
  }

  const handle = ticket === undefined ?
    createHandle(type, options?.lookup, lookupCache,
                 options?.closeWhenCollected) :
    tickets().openTicket(ticket, options, lookupCache, Socket);
  handle.owner = this;
  if (options?.sharedBuffers ?? ticket?.sharedBuffers ?? SHARED_BUFFERS) {
    handle.sharedBuffers = true;
  }
  if (options?.reuseBatch ?? ticket?.reuseBatch) handle.reuseBatch = true;
  if (options?.receiveBlockList) {
    handle.receiveBlockList = options.receiveBlockList;
  }

  this[asyncIdKey(handle)] = handle.getAsyncId();
  this.type = type;
  if (typeof listener === 'function') this.on('message', listener);

  this[kState] = createState(handle, options);
  if (options?.sendHighWaterMark !== undefined) {
    handle.sendHighWaterMark = options.sendHighWaterMark;
    handle.setSendHighWaterMark(options.sendHighWaterMark);
  }
  if (openOptions !== undefined) setOpenOptions(this[kState], openOptions);
  if (receiveInfo !== undefined) setReceiveInfo(handle, receiveInfo);
  if (ticket !== undefined) resume(this, ticket);

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

// Loaded by the first such socket: most programs have none.
let UnixSocket;

/** A class of its own, with the methods of Socket that apply. */
function openUnix(options, listener) {
  UnixSocket ??= require('./unix/socket').extend(Socket);
  return new UnixSocket(options, listener, Socket);
}

/** Loaded by the first socket with the option: most programs have none. */
function readLookupCache(given) {
  return require('../handle/lookup-cache').readLookupCache(given, Socket);
}

/** Loaded by the first socket with the option `from`. */
function tickets() {
  return require('./ticket');
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

/** The descriptor is bound; it may be connected. */
function resume(socket, ticket) {
  tickets().restoreState(socket, ticket);
  startReceiving(socket, Socket);
  process.nextTick(emitIfOpen, socket, 'listening');
}

function checkBufferSize(size, name) {
  if (size) validateUint32(size, name, checkOptions);
}

function checkBlockList(list, name) {
  if (list && !isBlockList(list)) {
    // "an net" is Node's wording.
    throw errors.invalidArgType(name, 'an net.BlockList', list, checkOptions);
  }
}

function checkFlag(value, name) {
  if (value !== undefined) validateBoolean(value, name, checkOptions);
}

function checkOptions(options) {
  checkBufferSize(options.recvBufferSize, 'options.recvBufferSize');
  checkBufferSize(options.sendBufferSize, 'options.sendBufferSize');
  checkBlockList(options.receiveBlockList, 'options.receiveBlockList');
  checkBlockList(options.sendBlockList, 'options.sendBlockList');
  if (options.sendHighWaterMark !== undefined) {
    validateUint32(options.sendHighWaterMark, 'options.sendHighWaterMark',
                   checkOptions);
  }
  if (options.type === 'udp' && options.ipv6Only) {
    throw errors.invalidArgValue('options.ipv6Only', options.ipv6Only,
                                 "must not be set for the type 'udp'",
                                 checkOptions);
  }
  checkFlag(options.closeWhenCollected, 'options.closeWhenCollected');
  checkFlag(options.reuseBatch, 'options.reuseBatch');
  checkFlag(options.sharedBuffers, 'options.sharedBuffers');
}

/**
 * @param {'udp4'|'udp6'|'udp'|'unix_dgram'|object} type or options, see Socket
 * @param {function(Buffer, object)} [listener] for 'message'
 * @returns {Socket}
 * @throws {TypeError|RangeError} see Socket
 * @since Node 0.1.99; options: 0.11.13
 */
function createSocket(type, listener) {
  return new Socket(type, listener);
}

module.exports = { Socket, createSocket };
