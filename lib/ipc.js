'use strict';

/**
 * child.send(message, socket) and process.send(message, socket). Node's IPC
 * channel takes built-in handles only, so a socket of ours goes through as a
 * stand-in: the class and the fields that child_process looks at, with a
 * built-in handle on a duplicate of the descriptor.
 */

const dc = require('node:diagnostics_channel');
const nodeDgram = require('node:dgram');
const { builtinHandle, kState } = require('./borrowed');
const { UDP } = require('./handle');

function standIn(socket) {
  const { handle } = socket[kState];
  // The class that child_process compares with, whoever's it is just now.
  const stand = Object.create(nodeDgram.Socket.prototype);
  stand.type = socket.type;
  stand[kState] = { handle: handle && exportHandle(handle, socket.type) };
  return stand;
}

function exportHandle(handle, type) {
  if (!(handle instanceof UDP)) return handle;
  // An unbound socket's has no descriptor, and is of no use to it later.
  if (handle.exported?.fd < 0) {
    handle.exported.close();
    handle.exported = null;
  }
  handle.exported ??= builtinHandle(type, handle.share());
  return handle.exported;
}

/** Puts `_send`, which all messages go through, behind the stand-in. */
function wrapSend(send, isOurs) {
  return function _send(message, handle, options, callback) {
    const given = isOurs(handle) ? standIn(handle) : handle;
    return send.call(this, message, given, options, callback);
  };
}

/**
 * Calls `prepare` with every child process of the future, before its channel is
 * set up, or with the prototype of them all.
 */
function withChildren(prepare) {
  // Node 20 announces them, which saves loading child_process.
  if (parseInt(process.versions.node, 10) >= 20) {
    dc.subscribe('child_process', ({ process: child }) => prepare(child));
  } else {
    prepare(require('node:child_process').ChildProcess.prototype);
  }
}

/**
 * Teaches the channels of this process, and those of its future children.
 * @param {Function} Socket our class
 */
function install(Socket) {
  const isOurs = (handle) =>
    handle instanceof Socket && handle[kState]?.handle instanceof UDP;
  if (typeof process._send === 'function') {
    process._send = wrapSend(process._send, isOurs);
  }
  withChildren((target) => {
    // A child gets its `_send` when its channel is set up, by assignment.
    Object.defineProperty(target, '_send', {
      configurable: true,
      get() { return undefined; },
      set(send) {
        Object.defineProperty(this, '_send', {
          value: wrapSend(send, isOurs),
          configurable: true,
          enumerable: true,
          writable: true,
        });
      },
    });
  });
}

module.exports = { install };
