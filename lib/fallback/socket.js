'use strict';

/**
 * The Socket class if there is no addon: that of node:dgram, with sendMany()
 * and the 'batch' event on top. Both work as in socket/ and batch/, but without
 * their speed: each datagram is sent by itself, and each batch has one.
 */

const EventEmitter = require('node:events');
const { createLookup } = require('../handle/lookup');
const { readLookupCache, withCache } = require('../handle/lookup-cache');
const { record } = require('../node/thread');
const { toBatch } = require('./batch');
const { checkOptions, isFamily, toNodeOptions } = require('./options');
const flow = require('./flow');
const { cancelAll, cancelWaiting, endWaiting, isBinding, sendMany } =
  require('./send-many');
const { send } = require('./send');
const { isOpen } = require('./state');
const { ImmediateLookup } = require('./immediate-lookup');
const {
  methods, needDrain, requiresAddon, stats,
} = require('./unavailable');

// Programs replace these.
const { process } = globalThis;
const NodeSocket = record.Socket;
const { listenerCount } = EventEmitter.prototype;

/** The arguments of sendMany() that belong to the socket. */
const sendContexts = new WeakMap();

/**
 * @param {'udp4'|'udp6'|object} type or options, as for node:dgram
 * @param {function(Buffer, object)} [listener] for 'message'
 * @throws {TypeError} ERR_FEATURE_UNAVAILABLE_ON_PLATFORM for an option that
 *   requires the addon or a newer Node; and what node:dgram throws
 */
function Socket(type, listener) {
  const isObject = type !== null && typeof type === 'object';
  const given = isObject ? type : { type };
  if (isObject) checkOptions(given, Socket);
  if (given.type === 'unix_dgram') {
    throw requiresAddon('The socket type unix_dgram', Socket);
  }
  if (given.type === 'udp') throw requiresAddon("The type 'udp'", Socket);
  // node:dgram throws the error for any other type.
  if (!isFamily(given.type)) {
    return construct(this, new.target, [type, listener]);
  }
  const family = given.type === 'udp6' ? 6 : 4;
  const lookup = new ImmediateLookup(createResolve(family, given));
  const { options, checkSupported } = toNodeOptions(given, lookup);
  const socket = construct(this, new.target, [options, listener]);
  sendContexts.set(socket, [lookup, given.sendBlockList || undefined]);
  checkSupported(socket, Socket);
  return socket;
}
Object.setPrototypeOf(Socket.prototype, NodeSocket.prototype);
Object.setPrototypeOf(Socket, EventEmitter);

function createResolve(family, { lookup, lookupCache }) {
  const resolve = createLookup(family, lookup);
  return lookupCache === undefined ?
    resolve :
    withCache(resolve, family, readLookupCache(lookupCache, Socket));
}

/** Node's Socket is a function that may be called; Deno's is a class. */
function construct(receiver, target, args) {
  if (target !== undefined) return Reflect.construct(NodeSocket, args, target);
  Reflect.apply(NodeSocket, receiver, args);
  return receiver;
}

/**
 * @param {'udp4'|'udp6'|object} type or options, see Socket
 * @param {function(Buffer, object)} [listener] for 'message'
 * @returns {Socket}
 */
function createSocket(type, listener) {
  return new Socket(type, listener);
}

function emitAsNode(socket, ...event) {
  return Reflect.apply(NodeSocket.prototype.emit, socket, event);
}

function isDatagram(message, rinfo) {
  return message instanceof Uint8Array && typeof rinfo?.address === 'string';
}

/**
 * Emits 'batch' before 'message', and defers 'listening' of sendMany(). Other
 * events may end calls of sendMany().
 */
function emit(event, value, rinfo) {
  if (event === 'message') {
    if (listenerCount.call(this, 'batch') > 0 && isDatagram(value, rinfo)) {
      return emitDatagram(this, value, rinfo);
    }
  } else if (isBinding(this)) {
    return emitWhileBinding(this, event, value);
  } else if (event === 'listening') {
    flow.stopIfPaused(this);
    endWaiting(this);
  } else if (event === 'error') {
    cancelWaiting(this, value);
  } else if (event === 'close') {
    cancelAll(this);
  }
  return Reflect.apply(NodeSocket.prototype.emit, this, arguments);
}

function emitDatagram(socket, message, rinfo) {
  const isShared = listenerCount.call(socket, 'message') > 0;
  const batch = toBatch(socket.type, message, rinfo, isShared);
  if (!isShared) return socket.emit('batch', batch);
  try {
    socket.emit('batch', batch);
  } catch (error) {
    deferMessage(socket, message, rinfo);
    throw error;
  }
  if (deferred.has(socket)) deferMessage(socket, message, rinfo);
  else emitMessage(socket, message, rinfo);
  return true;
}

/** By socket: messages to emit in the next tick, as [message, rinfo]. */
const deferred = new WeakMap();

/**
 * A listener of 'batch' threw. If the program handles the error, the message
 * still follows, and later ones do not overtake it.
 */
function deferMessage(socket, message, rinfo) {
  const queue = deferred.get(socket);
  if (queue !== undefined) {
    queue.push([message, rinfo]);
    return;
  }
  deferred.set(socket, [[message, rinfo]]);
  process.nextTick(emitDeferred, socket);
}

function emitDeferred(socket) {
  const queue = deferred.get(socket);
  try {
    while (queue.length > 0) emitMessage(socket, ...queue.shift());
  } finally {
    if (queue.length > 0) process.nextTick(emitDeferred, socket);
    else deferred.delete(socket);
  }
}

/** Unless a listener of 'batch' has closed the socket. */
function emitMessage(socket, message, rinfo) {
  if (isOpen(socket)) emitAsNode(socket, 'message', message, rinfo);
}

/** sendMany() binds synchronously: 'listening' follows, an error is thrown. */
function emitWhileBinding(socket, event, value) {
  if (event === 'error') throw value;
  if (event !== 'listening') return emitAsNode(socket, event, value);
  flow.stopIfPaused(socket);
  process.nextTick(() => {
    if (isOpen(socket)) emitAsNode(socket, event);
  });
  return true;
}

// Methods of the class of node:dgram are enumerable; these are additions.
const additions = {
  ...methods,
  ...flow.methods,
  emit,
  send,
  sendMany(packets, settings, callback) {
    return sendMany(this, ...sendContexts.get(this), packets, settings,
                    callback);
  },
};
for (const name of Reflect.ownKeys(additions)) {
  Object.defineProperty(Socket.prototype, name, {
    __proto__: null,
    value: additions[name],
    configurable: true,
    writable: true,
  });
}
Object.defineProperty(Socket.prototype, 'writableNeedDrain', {
  __proto__: null, configurable: true, get: needDrain,
});

module.exports = { Socket, createSocket, stats };
