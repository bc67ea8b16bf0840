'use strict';

/**
 * The kernel's buffer sizes, and the datagrams that wait for room in them.
 * Pending connected datagrams of this tick are sent first.
 */

const errors = require('../errors/errors');
const { bufferSizeError } = require('../node/buffer-size-error');
const { afterSends } = require('./common');
const { Socket } = require('./constructor');
const { RECV_BUFFER, SEND_BUFFER } = require('./state');

/**
 * Sets a buffer size, or reads it if `size` is 0.
 * @returns {number} bytes, as the kernel counts them
 */
function bufferSize(socket, size, which) {
  if (size >>> 0 !== size) throw errors.badBufferSize(bufferSize);
  const context = {};
  const result = afterSends(socket).bufferSize(size, which, context);
  if (result === undefined) throw bufferSizeError(context, bufferSize);
  return result;
}

/**
 * SO_RCVBUF.
 * @param {number} size bytes; Linux doubles it
 * @throws {TypeError} ERR_SOCKET_BAD_BUFFER_SIZE
 * @throws {Error} ERR_SOCKET_BUFFER_SIZE: EBADF while unbound
 * @since Node 8.7
 */
Socket.prototype.setRecvBufferSize = function(size) {
  bufferSize(this, size, RECV_BUFFER);
};

/**
 * SO_SNDBUF.
 * @param {number} size bytes; Linux doubles it
 * @throws {TypeError} ERR_SOCKET_BAD_BUFFER_SIZE
 * @throws {Error} ERR_SOCKET_BUFFER_SIZE: EBADF while unbound
 * @since Node 8.7
 */
Socket.prototype.setSendBufferSize = function(size) {
  bufferSize(this, size, SEND_BUFFER);
};

/**
 * @returns {number} bytes
 * @throws {Error} ERR_SOCKET_BUFFER_SIZE: EBADF while unbound
 * @since Node 8.7
 */
Socket.prototype.getRecvBufferSize = function() {
  return bufferSize(this, 0, RECV_BUFFER);
};

/**
 * @returns {number} bytes
 * @throws {Error} ERR_SOCKET_BUFFER_SIZE: EBADF while unbound
 * @since Node 8.7
 */
Socket.prototype.getSendBufferSize = function() {
  return bufferSize(this, 0, SEND_BUFFER);
};

/**
 * @returns {number} bytes queued until the socket is writable
 * @since Node 18.8
 */
Socket.prototype.getSendQueueSize = function() {
  return afterSends(this).getSendQueueSize();
};

/**
 * @returns {number} datagrams queued until the socket is writable
 * @since Node 18.8
 */
Socket.prototype.getSendQueueCount = function() {
  return afterSends(this).getSendQueueCount();
};
