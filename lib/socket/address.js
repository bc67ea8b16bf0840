'use strict';

/** address() and remoteAddress(). */

const errors = require('../errors/errors');
const { healthCheck, throwOnError } = require('./common');
const { Socket } = require('./constructor');
const { CONNECTED, kState } = require('./state');

/**
 * The local address.
 * @returns {{address: string, family: 'IPv4'|'IPv6', port: number}}
 * @throws {Error} ERR_SOCKET_DGRAM_NOT_RUNNING; EBADF while unbound
 * @since Node 0.1.99
 */
Socket.prototype.address = function() {
  healthCheck(this);
  const out = {};
  throwOnError(this[kState].handle.getsockname(out), 'getsockname');
  return out;
};

/**
 * The address that the socket is connected to.
 * @returns {{address: string, family: 'IPv4'|'IPv6', port: number}}
 * @throws {Error} ERR_SOCKET_DGRAM_NOT_RUNNING, ERR_SOCKET_DGRAM_NOT_CONNECTED
 * @since Node 12.0
 */
Socket.prototype.remoteAddress = function() {
  healthCheck(this);
  const state = this[kState];
  if (state.connectState !== CONNECTED) throw errors.notConnected();
  const out = {};
  throwOnError(state.handle.getpeername(out), 'getpeername');
  return out;
};
