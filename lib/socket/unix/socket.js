'use strict';

/**
 * Unix datagram sockets, an addition of this package: createSocket() with the
 * type 'unix_dgram'. A class with the methods and events of Socket, and names
 * in the place of addresses and ports. It has the state of Socket, so methods
 * like close(), ref() and stats() are inherited; bind() and connect() need no
 * lookup and have done their work when they return.
 */

const EventEmitter = require('node:events');
const errors = require('../../errors/errors');
const { requireOfTransport } = require('../../handle/require-feature');
const { UnixHandle } = require('../../handle/unix-handle');
const { sharedBuffers: SHARED_BUFFERS } = require('../../load/settings');
const { asyncIdKey } = require('../../node/node-internals');
const { closeOnAbort } = require('../abort');
const { addMethods } = require('../common');
const { createState, kState } = require('../state');
const { readUnixOptions } = require('./options');
const bindMethods = require('./bind');
const connectMethods = require('./connect');
const sendMethods = require('./send');

/** @throws {Error} EMFILE or ENOMEM, if the C core has no memory */
function createHandle(info, { closeWhenCollected, sendHighWaterMark }) {
  const handle = new UnixHandle(closeWhenCollected);
  if (sendHighWaterMark !== undefined) {
    handle.setSendHighWaterMark(sendHighWaterMark);
  }
  handle.receiveInfo = info;
  if (info.bits !== 0) handle.setReceiveInfo(info.bits);
  return handle;
}

/**
 * @param {object} [options] of createSocket(): recvBufferSize, sendBufferSize,
 *   sendHighWaterMark (bytes), signal, sharedBuffers, reuseBatch,
 *   closeWhenCollected; receiveInfo: ['credentials', 'timestamp']; unlink
 *   (default true): the file that bind() has made is removed on close
 * @param {function(Buffer, object)} [listener] for 'message'
 * @param {Function} [above] see errors.js
 * @throws {TypeError} ERR_INVALID_ARG_TYPE, ERR_INVALID_ARG_VALUE,
 *   ERR_FEATURE_UNAVAILABLE_ON_PLATFORM
 * @since 0.1.0
 */
function UnixSocket(options = {}, listener = undefined, above = UnixSocket) {
  EventEmitter.call(this);
  const { unlink, info } = readUnixOptions(options, above);
  requireOfTransport('unixDgram', 'Unix datagram sockets', above);
  const handle = createHandle(info, options);
  handle.owner = this;
  if (options.sharedBuffers ?? SHARED_BUFFERS) handle.sharedBuffers = true;
  if (options.reuseBatch) handle.reuseBatch = true;
  this[asyncIdKey(handle)] = handle.getAsyncId();
  this.type = 'unix_dgram';
  if (typeof listener === 'function') this.on('message', listener);
  const { recvBufferSize, sendBufferSize } = options;
  this[kState] = createState(handle, { recvBufferSize, sendBufferSize });
  this[kState].unlink = unlink;
  if (options.signal !== undefined) closeOnAbort(this, options.signal);
}

/** Methods of Socket that are about IP, or not for these sockets. */
const UDP_ONLY = [
  'setBroadcast', 'setTTL', 'setMulticastTTL', 'setMulticastLoopback',
  'setMulticastInterface', 'addMembership', 'dropMembership',
  'addSourceSpecificMembership', 'dropSourceSpecificMembership',
  'setTypeOfService', 'getTypeOfService', 'setDontFragment', 'getPathMTU',
  'setPacingRate', 'detach',
];

function refuse(name) {
  return function refused() {
    throw errors.errnoException(errors.errno('ENOTSUP'), name, refused);
  };
}

addMethods(UnixSocket.prototype, {
  ...Object.fromEntries(UDP_ONLY.map((name) => [name, refuse(name)])),
  ...bindMethods,
  ...connectMethods,
  ...sendMethods,
});

/**
 * @param {Function} Socket the class to extend
 * @returns {Function} UnixSocket
 */
function extend(Socket) {
  Object.setPrototypeOf(UnixSocket.prototype, Socket.prototype);
  Object.setPrototypeOf(UnixSocket, Socket);
  return UnixSocket;
}

module.exports = { extend };
