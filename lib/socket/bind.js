'use strict';

/** bind() and bindSync(). */

const binding = require('../load/binding');
const cluster = require('../node/cluster');
const errors = require('../errors/errors');
const { validateObject, validatePort } = require('../errors/validators');
const {
  bindDescriptor, bindHandle, bindThroughPrimary,
} = require('./bind-handle');
const { checkLiteral, emitIfOpen, healthCheck } = require('./common');
const { Socket } = require('./constructor');
const { optionException } = require('./open-options');
const { failBind, onceBound, startListeningLater } = require('./bind-outcome');
const { startReceiving } = require('./receive');
const { BINDING, UNBOUND, kState } = require('./state');

// Programs may replace the global.
const { process } = globalThis;

function bindFlags(state) {
  const { flags } = binding;
  return (state.reuseAddr ? flags.REUSEADDR : 0) |
    (state.ipv6Only ? flags.IPV6ONLY : 0) |
    (state.reusePort ? flags.REUSEPORT : 0);
}

function anyAddress(socket) {
  return socket[kState].handle.family === 4 ? '0.0.0.0' : '::';
}

function bindAddress(socket, port, address, exclusive) {
  const state = socket[kState];
  state.handle.lookup(address || anyAddress(socket), (error, ip) => {
    if (!state.handle) return;
    if (error) {
      failBind(socket, error);
      return;
    }
    const fail = (status) => {
      failBind(socket, bindException(state, status, ip, port, fail));
    };
    const flags = bindFlags(state);
    if (cluster.sharesPorts(exclusive || isExclusive(state))) {
      bindThroughPrimary(socket, { address: ip, port, fd: -1, flags }, fail);
      return;
    }
    // A program's own lookup may return any value that converts to an address.
    const status = state.handle.bind(`${ip}`, port || 0, flags);
    if (status) fail(status);
    else startListeningLater(socket);
  });
}

/** The cluster's primary has no way to set the options before it binds. */
function isExclusive({ reusePort, openOptions }) {
  return reusePort || openOptions !== undefined;
}

function bindException(state, status, address, port, above) {
  return optionException(state, status, above) ??
    errors.hostPortException(status, 'bind', address, port, above);
}

function isDescriptor(fd) {
  return (fd | 0) === fd && fd > 0;
}

/**
 * bind([port[, address]][, callback]) or bind(options[, callback]), where
 * options are port, address, exclusive and fd. Binds after a lookup of
 * `address`, then emits 'listening'; if that fails, emits 'error'.
 * @param {number|object|Function} [port] default 0: the system chooses one.
 *   Taken modulo 2^16, as in Node
 * @param {string|Function} [address] default: all addresses
 * @returns {Socket} this
 * @throws {Error} ERR_SOCKET_DGRAM_NOT_RUNNING, ERR_SOCKET_ALREADY_BOUND,
 *   ERR_SOCKET_BUFFER_SIZE
 * @throws {TypeError} ERR_INVALID_FD_TYPE
 * @since Node 0.1.99; options: 0.11.14
 */
Socket.prototype.bind = function(port, address /* , callback */) {
  healthCheck(this);
  const state = this[kState];
  if (state.bindState !== UNBOUND) throw errors.alreadyBound();
  state.bindState = BINDING;

  const callback = arguments.length && arguments[arguments.length - 1];
  if (typeof callback === 'function') onceBound(this, callback);

  if (port === null || typeof port !== 'object') {
    bindAddress(this, port, typeof address === 'function' ? '' : address,
                false);
  } else if (typeof port.recvStart === 'function') {
    bindHandle(this, port);
  } else if (isDescriptor(port.fd)) {
    bindDescriptor(this, port.fd, !!port.exclusive || isExclusive(state));
  } else {
    bindAddress(this, port.port, port.address, !!port.exclusive);
  }
  return this;
};

/**
 * Binds before it returns, and emits 'listening' in the next tick. In a cluster
 * the worker binds by itself: the primary is not involved.
 * @param {{port?: number|string, address?: string}} [options] `address` is
 *   numeric; default: all addresses
 * @returns {{address: string, family: string, port: number}} as address()
 * @throws {Error} ERR_SOCKET_DGRAM_NOT_RUNNING, ERR_SOCKET_ALREADY_BOUND,
 *   ERR_SOCKET_BUFFER_SIZE, or the system error of bind(2)
 * @throws {TypeError} ERR_INVALID_ARG_TYPE, ERR_INVALID_ARG_VALUE
 * @throws {RangeError} ERR_SOCKET_BAD_PORT
 * @since Node 26.4, 24.19; here on every Node
 */
Socket.prototype.bindSync = function(options = {}) {
  healthCheck(this);
  validateObject(options, 'options');
  const state = this[kState];
  if (state.bindState !== UNBOUND) throw errors.alreadyBound();

  const port = validatePort(options.port ?? 0, 'options.port');
  let { address } = options;
  if (address) checkLiteral('options.address', address, 'bindSync');
  else address = anyAddress(this);

  state.bindState = BINDING;
  const status = state.handle.bind(address, port, bindFlags(state));
  if (status) {
    state.bindState = UNBOUND;
    throw bindException(state, status, address, port, bindException);
  }
  const error = startReceiving(this);
  if (error !== undefined) throw error;
  process.nextTick(emitIfOpen, this, 'listening');
  return this.address();
};
