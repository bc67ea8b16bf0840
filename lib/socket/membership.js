'use strict';

/** Joins and leaves multicast groups. */

const errors = require('../errors/errors');
const { validateString } = require('../errors/validators');
const { afterSends, healthCheck, throwOnError } = require('./common');
const { Socket } = require('./constructor');
const { kState } = require('./state');

/**
 * @param {string} multicastAddress the group
 * @param {string} [interfaceAddress] default: chosen by the system
 * @throws {TypeError} ERR_MISSING_ARGS
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

function setMembership(socket, method, group, interfaceAddress) {
  healthCheck(socket, setMembership);
  if (!group) throw errors.missingArg('multicastAddress', setMembership);
  const { handle } = socket[kState];
  const groupText = toGroup(group);
  const interfaceText = toInterface(interfaceAddress);
  afterSends(socket);
  throwOnError(handle[method](groupText, interfaceText), method, setMembership);
}

/**
 * Joins a group for datagrams from one source only (RFC 4607).
 * @param {string} sourceAddress
 * @param {string} groupAddress
 * @param {string} [interfaceAddress] default: chosen by the system
 * @throws {TypeError} ERR_INVALID_ARG_TYPE
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
  const interfaceText = toInterface(interfaceAddress);
  afterSends(socket);
  throwOnError(handle[method](source, group, interfaceText), method,
               setSourceMembership);
}
