'use strict';

/**
 * bind() to a socket that exists already: a handle, a file descriptor, or the
 * handle that a cluster's primary has bound.
 */

const binding = require('../load/binding');
const cluster = require('../node/cluster');
const errors = require('../errors/errors');
const { isIP } = require('../handle/lookup');
const { adoptHandle } = require('../handle/create');
const { UDP } = require('../handle/handle');
const { inheritMethods, updateFamily } = require('../handle/methods');
const { throwOnError } = require('./common');
const { optionException } = require('./open-options');
const {
  failBind, startListening, startListeningLater,
} = require('./bind-outcome');
const { kState } = require('./state');

/**
 * Replaces the socket's own handle with a foreign one.
 * @param {Socket} socket
 * @param {object} foreign a UDP of this package, a built-in handle, or an
 *   object with the methods of one
 * @returns {number} 0, or a negative UV_ code if nothing was changed
 */
function replaceHandle(socket, foreign) {
  const state = socket[kState];
  const old = state.handle;
  let handle = foreign;
  if (foreign instanceof UDP) {
    // The C core must not report what the new owner does not read.
    if (old.receiveInfo === null) foreign.setReceiveInfo(0);
    inheritMethods(foreign, old);
  } else if (typeof foreign.fd === 'number') {
    // A built-in handle. Without a descriptor its fd is a UV_ code.
    handle = foreign.fd < 0 ? foreign.fd : adoptHandle(foreign, old);
    if (typeof handle === 'number') return handle;
  } else {
    handle.lookup = old.lookup;
    handle.paused = old.paused;
  }
  const status = setOpenOptions(state, old.receiveInfo, handle);
  if (status < 0) {
    if (handle !== foreign) {
      handle.foreign = null; // the caller's, which stays open
      handle.close();
    }
    return status;
  }
  if (!old.hasRef() && typeof handle.unref === 'function') handle.unref();
  handle.owner = socket;
  foreign.owner = socket;
  old.close();
  state.handle = handle;
  return 0;
}

/** @returns {number} 0 or a negative UV_ code */
function setOpenOptions({ openOptions }, receiveInfo, handle) {
  if (openOptions === undefined && receiveInfo === null) return 0;
  // An object that only has the methods of a built-in handle.
  if (typeof handle.setOpenOptions !== 'function') {
    return errors.errno('ENOTSUP');
  }
  const status = openOptions === undefined ?
    0 :
    handle.setOpenOptions(...openOptions);
  return status < 0 || receiveInfo === null ?
    status :
    handle.setReceiveInfo(receiveInfo.bits);
}

/**
 * The primary's sockets are those of node:dgram, which have one family. One of
 * IPv6 exchanges datagrams with IPv4 hosts, too.
 */
function toBuiltin({ type, [kState]: { handle } }, address) {
  if (type !== 'udp') return { address, addressType: type };
  if (handle.family === 4) return { address, addressType: 'udp4' };
  return {
    address: isIP(address) === 4 ? `::ffff:${address}` : address,
    addressType: 'udp6',
  };
}

/**
 * Asks a cluster's primary to bind.
 * @param {Socket} socket
 * @param {object} request address, port, fd, flags
 * @param {function(number)} fail called with a UV_ code
 */
function bindThroughPrimary(socket, request, fail) {
  const state = socket[kState];
  const given = { ...request, ...toBuiltin(socket, request.address) };
  cluster.requestHandle(socket, given, (error, foreign) => {
    if (error) {
      if (state.handle) fail(error);
    } else if (!state.handle) {
      foreign.close();
    } else {
      const status = replaceHandle(socket, foreign);
      if (status < 0) {
        foreign.close();
        fail(status);
      } else {
        startListeningLater(socket);
      }
    }
  });
}

/**
 * @param {Socket} socket
 * @param {object} foreign see replaceHandle()
 */
function bindHandle(socket, foreign) {
  const status = replaceHandle(socket, foreign);
  if (status < 0) {
    failBind(socket, errors.errnoException(status, 'open'));
  } else {
    startListening(socket, bindHandle);
  }
}

/**
 * @param {Socket} socket
 * @param {number} fd an open file descriptor
 * @param {boolean} exclusive true: not shared with a cluster's other workers
 * @throws {TypeError} ERR_INVALID_FD_TYPE
 * @throws {Error} a system error of open
 */
function bindDescriptor(socket, fd, exclusive) {
  if (cluster.sharesPorts(exclusive)) {
    const request = { address: null, port: null, fd, flags: null };
    bindThroughPrimary(socket, request, (status) => {
      failBind(socket, errors.errnoException(status, 'open'));
    });
    return;
  }
  const type = binding.guessHandleType(fd);
  if (type !== 'UDP') throw errors.invalidFdType(type, bindDescriptor);
  const state = socket[kState];
  const status = state.handle.open(fd);
  if (status) {
    const error = optionException(state, status, bindDescriptor);
    if (error !== undefined) throw error;
    throwOnError(status, 'open', bindDescriptor);
  }
  updateFamily(state.handle);
  startListening(socket, bindDescriptor);
}

module.exports = { bindDescriptor, bindHandle, bindThroughPrimary };
