'use strict';

/** address() and remoteAddress(). */

const errors = require('../errors/errors');
const { readName } = require('../handle/names');
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
  const { handle } = this[kState];
  const name = readName(handle, false);
  if (name !== undefined) return name;
  const out = {};
  throwOnError(handle.getsockname(out), 'getsockname');
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
  const name = readName(state.handle, true);
  if (name !== undefined) return name;
  const out = {};
  throwOnError(state.handle.getpeername(out), 'getpeername');
  return out;
};
