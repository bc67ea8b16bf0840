'use strict';

/**
 * Reaches into node:child_process, on all supported versions (Node 18 to 26):
 * `_send` of a child and of `process`, the write methods of the channel's
 * handle, and process._getActiveHandles(). Children are found through the
 * diagnostics channel 'child_process' since Node 20, and through the prototype
 * of ChildProcess before.
 *
 * child.send(message, socket) and process.send(message, socket) accept built-in
 * handles only. Node assumes that every instance of dgram.Socket has one, and
 * crashes otherwise. So one of our sockets is replaced by a stand-in with the
 * class and the fields that child_process reads. Its built-in handle owns a
 * duplicate of the descriptor.
 *
 * The channels are hooked once per thread, for the sockets of every copy of
 * this package. Each copy adds an exporter to the thread's record. It receives
 * the socket and returns the stand-in, or undefined for a foreign socket.
 */

const dc = require('node:diagnostics_channel');
const nodeDgram = require('node:dgram');
const { errno } = require('../errors/errors');
const binding = require('../load/binding');
const { builtinHandle, isBuiltinHandle, kState } = require('./node-internals');
const { record } = require('./thread');

const { process } = globalThis;

const { FAMILY_UNIX } = binding.layout;

/** Makes the exporter of a copy: for sockets whose handle is a `UDP`. */
function exporterOf(UDP) {
  return (socket) => {
    const handle = socket[kState]?.handle;
    if (!(handle instanceof UDP)) return undefined;
    // Node has no handle for a Unix socket, and rejects a plain object.
    return handle.family === FAMILY_UNIX ? {} : exportSocket(socket, handle);
  };
}

function exportSocket(socket, handle) {
  // child_process compares with the current class, which register.js may have
  // replaced.
  const stand = Object.create(nodeDgram.Socket.prototype);
  // The receiver may have node:dgram, whose sockets have one family.
  const type = socket.type === 'udp' ?
    `udp${handle.family === 4 ? 4 : 6}` :
    socket.type;
  stand.type = type;
  stand[kState] = { handle: exportHandle(handle, type) };
  return stand;
}

function exportHandle(handle, type) {
  // It was created while the socket was unbound, and has no descriptor.
  if (handle.exported?.fd < 0) {
    handle.exported.close();
    handle.exported = null;
  }
  handle.exported ??= builtinHandle(type, handle.share());
  return handle.exported;
}

function isObject(value) {
  return typeof value === 'object' && value !== null;
}

/**
 * @param {*} socket passed to send() by the program
 * @returns {*} a value that Node accepts in its place
 */
function makeSendable(socket) {
  if (!isObject(socket)) return socket;
  for (const exporter of record.exporters) {
    const stand = exporter(socket);
    if (stand !== undefined) return stand;
  }
  const handle = socket[kState]?.handle;
  // Node rejects a plain object with ERR_INVALID_HANDLE_TYPE.
  return !isObject(handle) || isBuiltinHandle(handle) ? socket : {};
}

/** Wraps `_send`, which all messages pass through. */
function wrapSend(send) {
  return function _send(message, handle, options, callback) {
    const departure = record.departures?.get(handle);
    if (departure !== undefined) {
      return departure.send(this, send, [message, handle, options, callback]);
    }
    return send.call(this, message, makeSendable(handle), options, callback);
  };
}

function hookTarget(target) {
  target._send = wrapSend(target._send);
}

/**
 * Wraps the write methods of the channel's handle, one level below `_send`: for
 * a frozen `process`.
 */
function hookChannel(channel) {
  for (const name of ['writeUtf8String', 'writeBuffer']) {
    const write = channel[name];
    channel[name] = function(request, data, handle) {
      if (!isObject(handle) || handle.owner?.[kState] === undefined) {
        return write.call(this, request, data, handle);
      }
      const sendable = makeSendable(handle.owner)[kState]?.handle;
      return sendable === undefined ?
        errno('EINVAL') :
        write.call(this, request, data, sendable);
    };
  }
}

/** Node's handle of the channel. It is listed as active only while ref'd. */
function findChannelHandle() {
  const { channel } = process;
  channel.refCounted();
  const found = process._getActiveHandles().find((handle) =>
    handle.fd === channel.fd && typeof handle.writeUtf8String === 'function');
  channel.unrefCounted();
  return found;
}

function hookOwnChannel() {
  if (!process.connected) return;
  const descriptor = Object.getOwnPropertyDescriptor(process, '_send');
  if (descriptor?.writable) hookTarget(process);
  else hookChannel(findChannelHandle());
}

/** Node assigns `_send` to a child when it sets up the channel. */
function hookFuture(target) {
  Object.defineProperty(target, '_send', {
    __proto__: null,
    configurable: true,
    get() { return undefined; },
    set(send) {
      Object.defineProperty(this, '_send', {
        __proto__: null,
        value: wrapSend(send),
        configurable: true,
        enumerable: true,
        writable: true,
      });
    },
  });
}

/** Children that this thread has started already. */
function hookChildren() {
  for (const child of process._getActiveHandles?.() ?? []) {
    if (typeof child?._send === 'function' && child !== process) {
      hookTarget(child);
    }
  }
}

/** Children started later: each one, or their prototype. */
function hookFutureChildren() {
  // Since Node 20 a diagnostics channel reports them; child_process is not
  // loaded for it.
  if (parseInt(process.versions.node, 10) >= 20) {
    dc.subscribe('child_process', ({ process: child }) => hookFuture(child));
  } else {
    hookFuture(require('node:child_process').ChildProcess.prototype);
  }
}

/**
 * Adds the exporter of this copy, and hooks the channels of this thread.
 * @param {Function} UDP the handle class of this copy
 */
function install(UDP) {
  record.exporters.push(exporterOf(UDP));
  if (record.sendsThroughExporters) return;
  record.sendsThroughExporters = true;
  hookOwnChannel();
  hookChildren();
  hookFutureChildren();
}

module.exports = { install };
