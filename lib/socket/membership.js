'use strict';

/**
 * Joins and leaves multicast groups. In addition to Node's, an interface can be
 * `{ interface: 'eth0' }`, `{ interface: 2 }` (its index), or '*': all that are
 * up and can receive multicast datagrams at the time of the call. On Linux
 * (MCAST_JOIN_GROUP, RFC 3678).
 */

const errors = require('../errors/errors');
const { validateString } = require('../errors/validators');
const { requireFeature } = require('../handle/require-feature');
const { afterSends, healthCheck, throwOnError } = require('./common');
const { Socket } = require('./constructor');
const { readInterface } = require('./membership-interface');
const { optionException } = require('./open-options');
const { kState } = require('./state');

/**
 * @param {string} multicastAddress the group
 * @param {string|object} [interfaceAddress] default: chosen by the system. '*'
 *   succeeds if the socket is a member on one interface afterwards
 * @throws {TypeError} ERR_MISSING_ARGS; with `{ interface }` or '*'
 *   ERR_INVALID_ARG_TYPE, ERR_FEATURE_UNAVAILABLE_ON_PLATFORM
 * @throws {RangeError} ERR_OUT_OF_RANGE
 * @throws {Error} ERR_SOCKET_DGRAM_NOT_RUNNING, or a system error
 * @since Node 0.6.9
 */
Socket.prototype.addMembership = function(multicastAddress,
                                          interfaceAddress) {
  setMembership(this, 'addMembership', multicastAddress, interfaceAddress);
};

/**
 * Arguments and errors as addMembership(). The system leaves all groups of a
 * socket that is closed.
 * @since Node 0.6.9
 */
Socket.prototype.dropMembership = function(multicastAddress,
                                           interfaceAddress) {
  setMembership(this, 'dropMembership', multicastAddress, interfaceAddress);
};

/**
 * Converts a group as Node 22 and later do: any value becomes text, and one
 * that cannot is not an address. Node 18 and 20 throw the error of the
 * conversion.
 */
function toGroup(value) {
  try {
    return `${value}`;
  } catch {
    return '';
  }
}

/**
 * Converts an interface; null and undefined mean the default one. An error of
 * the conversion is thrown.
 */
function toInterface(value) {
  return value == null ? value : `${value}`;
}

/** @throws {Error} also that of an option of createSocket(), see there */
function throwOnStatus(socket, status, method, above) {
  if (!status) return;
  const error = optionException(socket[kState], status, above);
  if (error !== undefined) throw error;
  throwOnError(status, method, above);
}

function setMembership(socket, method, group, interfaceAddress) {
  healthCheck(socket, setMembership);
  if (!group) throw errors.missingArg('multicastAddress', setMembership);
  // The conversions below may close the socket: EBADF.
  const { handle } = socket[kState];
  const where = readInterface(interfaceAddress, setMembership);
  const groupText = toGroup(group);
  const interfaceText = where === null ? toInterface(interfaceAddress) : null;
  afterSends(socket);
  const status = where === null ?
    handle[method](groupText, interfaceText) :
    setOnInterface(handle, method, groupText, null, where);
  throwOnStatus(socket, status, method, setMembership);
}

/** @returns {number} 0 or a negative UV_ code */
function setOnInterface(handle, method, group, source, where) {
  requireFeature('membershipInterface', `the interface of ${method}()`,
                 setOnInterface);
  const isJoin = method.startsWith('add');
  return handle.setGroup(isJoin, group, source, where.interface,
                         handle.family !== 4);
}

/**
 * Joins a group for datagrams from one source only (RFC 4607).
 * @param {string} sourceAddress
 * @param {string} groupAddress
 * @param {string|object} [interfaceAddress] as for addMembership()
 * @throws {TypeError} ERR_INVALID_ARG_TYPE,
 *   ERR_FEATURE_UNAVAILABLE_ON_PLATFORM
 * @throws {RangeError} ERR_OUT_OF_RANGE
 * @throws {Error} ERR_SOCKET_DGRAM_NOT_RUNNING, or a system error
 * @since Node 13.1, 12.16
 */
Socket.prototype.addSourceSpecificMembership = function(sourceAddress,
                                                        groupAddress,
                                                        interfaceAddress) {
  setSourceMembership(this, 'addSourceSpecificMembership', sourceAddress,
                      groupAddress, interfaceAddress);
};

/**
 * Arguments and errors as addSourceSpecificMembership().
 * @since Node 13.1, 12.16
 */
Socket.prototype.dropSourceSpecificMembership = function(sourceAddress,
                                                         groupAddress,
                                                         interfaceAddress) {
  setSourceMembership(this, 'dropSourceSpecificMembership', sourceAddress,
                      groupAddress, interfaceAddress);
};

function setSourceMembership(socket, method, source, group, interfaceAddress) {
  healthCheck(socket, setSourceMembership);
  validateString(source, 'sourceAddress', setSourceMembership);
  validateString(group, 'groupAddress', setSourceMembership);
  const { handle } = socket[kState];
  const where = readInterface(interfaceAddress, setSourceMembership);
  const interfaceText = where === null ? toInterface(interfaceAddress) : null;
  afterSends(socket);
  const status = where === null ?
    handle[method](source, group, interfaceText) :
    setOnInterface(handle, method, group, source, where);
  throwOnStatus(socket, status, method, setSourceMembership);
}
