'use strict';

/** Starts and stops receiving, and emits 'message'. */

const { prepare } = require('../batch/inbox');
const { withMtu } = require('../batch/mtu');
const { bufferSizeError } = require('../node/buffer-size-error');
const errors = require('../errors/errors');
const { defineDefaults } = require('../handle/defaults');
const { UDP } = require('../handle/handle');
const { BOUND, RECV_BUFFER, SEND_BUFFER, kState } = require('./state');

// Programs may replace the global.
const { process } = globalThis;

/** The kernel has no memory left, or no room for another epoll watch. */
const NO_ROOM = ['ENOMEM', 'ENOSPC'];

/**
 * The `onmessage` method of a handle.
 * @param {number} nread bytes, or a negative UV_ code of recvmsg(2)
 * @param {UDP} handle
 * @param {Buffer} message
 * @param {{address: string, family: string, port: number}} rinfo
 */
function onMessage(nread, handle, message, rinfo) {
  const socket = handle.owner;
  if (nread < 0) {
    const error = errors.errnoException(nread, 'recvmsg');
    socket.emit('error', withMtu(error, handle));
    return;
  }
  const { receiveBlockList } = socket[kState];
  if (receiveBlockList?.check(rinfo.address, rinfo.family?.toLowerCase())) {
    return;
  }
  rinfo.size = message.length;
  socket.emit('message', message, rinfo);
}

// Not a property of each handle: 10,000 idle sockets do not need a copy each.
defineDefaults(UDP.prototype, { onmessage: onMessage });

/**
 * Starts receiving on a socket that was just bound, and sets the buffer sizes
 * of its options.
 * @param {Socket} socket
 * @param {Function} [above] see common.js
 * @returns {Error|undefined} ERR_SOCKET_BUFFER_SIZE if the system refuses a
 *   buffer size
 */
function startReceiving(socket, above = startReceiving) {
  const state = socket[kState];
  const { handle } = state;
  if (handle.onmessage !== onMessage) handle.onmessage = onMessage;
  // A handle that was passed to bind() may be receiving.
  const status = handle.paused ? handle.recvStop() : handle.recvStart();
  state.receiving = !handle.paused;
  state.bindState = BOUND;
  if (expectsBatches(handle)) prepare();
  // Node ignores the status of recvStart(), and tests rely on that. The
  // exception is a socket that can never receive: it emits an error.
  if (status < 0 && NO_ROOM.includes(errors.codeName(status))) {
    emitErrorLater(socket, status);
  }
  return applyBufferSize(handle, state.recvBufferSize, RECV_BUFFER, above) ??
    applyBufferSize(handle, state.sendBufferSize, SEND_BUFFER, above);
}

function emitErrorLater(socket, status) {
  const error = errors.errnoException(status, 'recvmsg');
  process.nextTick(() => {
    if (socket[kState].handle) socket.emit('error', error);
  });
}

/** @param {Socket} socket bound and receiving */
function pauseReceiving(socket) {
  const state = socket[kState];
  state.handle.recvStop();
  state.receiving = false;
}

/** @param {Socket} socket bound and paused */
function resumeReceiving(socket) {
  const state = socket[kState];
  const status = state.handle.recvStart();
  state.receiving = true;
  if (status < 0) emitErrorLater(socket, status);
}

/** Most sockets without listeners only send. */
function expectsBatches(handle) {
  // A program may bind to an object that has the methods of a handle.
  return handle instanceof UDP &&
    (handle.hasListeners('message') || handle.hasListeners('batch'));
}

function applyBufferSize(handle, size, which, above) {
  if (!size) return undefined;
  const context = {};
  return handle.bufferSize(size, which, context) === undefined ?
    bufferSizeError(context, above) :
    undefined;
}

// A program may replace these methods.
const { close, recvStop } = UDP.prototype;

/**
 * Called before the handle is closed. Its own close() also stops receiving, so
 * recvStop(), which takes a system call, is called only if one of the two was
 * replaced.
 * @param {Socket} socket open
 */
function stopReceiving(socket) {
  const state = socket[kState];
  const { handle } = state;
  if (!state.receiving) return;
  if (handle.recvStop !== recvStop || handle.close !== close) {
    handle.recvStop();
  }
  state.receiving = false;
}

module.exports = {
  pauseReceiving, resumeReceiving, startReceiving, stopReceiving,
};
