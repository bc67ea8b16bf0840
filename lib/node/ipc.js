'use strict';

/**
 * child.send(message, socket) and process.send(message, socket). Node's IPC
 * channel takes built-in handles only, and takes every instance of
 * dgram.Socket for a holder of one: another handle crashes the process. So a
 * socket of ours goes through as a stand-in: the class and the fields that
 * child_process looks at, with a built-in handle on a duplicate of the
 * descriptor.
 *
 * The channels are hooked once a thread, for the sockets of every copy of this
 * package. Each copy adds an exporter to the thread's record: a function of the
 * socket, which returns the stand-in, or undefined for what is not its own.
 */

const dc = require('node:diagnostics_channel');
const nodeDgram = require('node:dgram');
const { builtinHandle, isBuiltinHandle, kState } = require('./node-internals');
const { UDP } = require('../handle/handle');
const { record } = require('./thread');

const { process } = globalThis;

/** UV_EINVAL, what writing a message returns that cannot be sent. */
const INVALID = require('../errors/errors').errno('EINVAL');

function exportSocket(socket) {
  const handle = socket[kState]?.handle;
  if (!(handle instanceof UDP)) return undefined;
  // The class that child_process compares with, whoever's it is just now.
  const stand = Object.create(nodeDgram.Socket.prototype);
  stand.type = socket.type;
  stand[kState] = { handle: exportHandle(handle, socket.type) };
  return stand;
}

function exportHandle(handle, type) {
  // An unbound socket's has no descriptor, and is of no use to it later.
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
 * @param {*} socket what a program sends along
 * @returns {*} what Node may be given in its place
 */
function makeSendable(socket) {
  if (!isObject(socket)) return socket;
  for (const exporter of record.exporters) {
    const stand = exporter(socket);
    if (stand !== undefined) return stand;
  }
  const handle = socket[kState]?.handle;
  // To a plain object Node says ERR_INVALID_HANDLE_TYPE.
  return !isObject(handle) || isBuiltinHandle(handle) ? socket : {};
}

/** Puts `_send`, which all messages go through, behind the stand-in. */
function wrapSend(send) {
  return function _send(message, handle, options, callback) {
    return send.call(this, message, makeSendable(handle), options, callback);
  };
}

function hookTarget(target) {
  target._send = wrapSend(target._send);
}

/**
 * The functions of Node's channel that write a message: below `_send`, for a
 * process that is frozen.
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
        INVALID :
        write.call(this, request, data, sendable);
    };
  }
}

/** Node's own handle of the channel. It is listed only while it is ref'd. */
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

/** A child gets its `_send` when its channel is set up, by assignment. */
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

/** The children that this thread has already. */
function hookChildren() {
  for (const child of process._getActiveHandles?.() ?? []) {
    if (typeof child?._send === 'function' && child !== process) {
      hookTarget(child);
    }
  }
}

/** Those to come, before their channel is set up, or their prototype. */
function hookFutureChildren() {
  // Node 20 announces them, which saves loading child_process.
  if (parseInt(process.versions.node, 10) >= 20) {
    dc.subscribe('child_process', ({ process: child }) => hookFuture(child));
  } else {
    hookFuture(require('node:child_process').ChildProcess.prototype);
  }
}

/** For the sockets of this copy; for all channels of this thread. */
function install() {
  record.exporters.push(exportSocket);
  if (record.sendsThroughExporters) return;
  record.sendsThroughExporters = true;
  hookOwnChannel();
  hookChildren();
  hookFutureChildren();
}

module.exports = { install };
