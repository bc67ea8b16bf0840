'use strict';

/**
 * Socket options that node:dgram does not have: type of service,
 * fragmentation, path MTU and pacing. Pending connected datagrams of this tick
 * are sent before an option changes.
 *
 * The methods throw ERR_FEATURE_UNAVAILABLE_ON_PLATFORM on systems other than
 * Linux, ERR_SOCKET_DGRAM_NOT_RUNNING on a closed socket, and the system error
 * EBADF on an unbound one.
 */

const errors = require('../errors/errors');
const { validateInt32, validateNumber } = require('../errors/validators');
const { requireFeature } = require('../handle/require-feature');
const {
  addMethods, afterSends, healthCheck, throwOnError,
} = require('./common');
const { Socket } = require('./constructor');
const { CONNECTED, kState } = require('./state');

/** Arguments of handle.setFragment(): dgram_fragment_t. */
const FRAGMENT = new Map([[false, 0], [true, 1], ['probe', 2]]);

/** The handle, for a method that sets an option; checks first. */
function prepare(socket, feature, method) {
  healthCheck(socket, prepare);
  requireFeature(feature, `${method}()`, prepare);
  return afterSends(socket);
}

/** @returns {number} status, unless it is a UV_ code */
function resultOrThrow(status, method) {
  if (status < 0) throwOnError(status, method, resultOrThrow);
  return status;
}

addMethods(Socket.prototype, {
  /**
   * IP_TOS, and IPV6_TCLASS of a udp6 socket: DSCP and ECN of the datagrams
   * sent from now on. A udp6 socket uses the value for IPv4 peers, too. On
   * Linux, IP_TOS also changes SO_PRIORITY (ip(7)).
   * @param {number} tos 0 to 255, the whole byte: DSCP << 2 | ECN
   * @returns {Socket} this
   * @throws {TypeError} ERR_INVALID_ARG_TYPE
   * @throws {RangeError} ERR_OUT_OF_RANGE
   * @since 0.1.0; named and validated as in net.Socket of Node 24.21
   */
  setTypeOfService(tos) {
    const handle = prepare(this, 'typeOfService', 'setTypeOfService');
    if (Number.isNaN(tos)) {
      throw errors.invalidArgType('tos', 'of type number', tos);
    }
    validateInt32(tos, 'tos', 0, 255);
    throwOnError(handle.setTypeOfService(tos), 'setTypeOfService');
    return this;
  },

  /**
   * @returns {number} 0 to 255: IPV6_TCLASS of a udp6 socket, else IP_TOS
   * @since 0.1.0
   */
  getTypeOfService() {
    const handle = prepare(this, 'typeOfService', 'getTypeOfService');
    return resultOrThrow(handle.getTypeOfService(), 'getTypeOfService');
  },

  /**
   * IP_MTU_DISCOVER and IPV6_MTU_DISCOVER (ip(7), ipv6(7)).
   * @param {boolean|'probe'} mode true: the DF flag is set, and sends longer
   *   than the path MTU fail with EMSGSIZE. 'probe': the same, but only the MTU
   *   of the interface limits sends. false: DF is not set, routers may fragment
   * @returns {Socket} this
   * @throws {TypeError} ERR_INVALID_ARG_VALUE
   * @since 0.1.0
   */
  setDontFragment(mode) {
    const handle = prepare(this, 'dontFragment', 'setDontFragment');
    const value = FRAGMENT.get(mode);
    if (value === undefined) {
      throw errors.invalidArgValue('mode', mode,
                                   "must be one of: true, false, 'probe'");
    }
    throwOnError(handle.setFragment(value), 'setDontFragment');
    return this;
  },

  /**
   * SO_MAX_PACING_RATE (socket(7)): the fq queueing discipline of the outgoing
   * interface spaces the datagrams of the socket; others ignore it.
   * @param {number} bytesPerSecond with headers, an integer from 1; Infinity:
   *   no limit
   * @returns {Socket} this
   * @throws {TypeError} ERR_INVALID_ARG_TYPE
   * @throws {RangeError} ERR_OUT_OF_RANGE
   * @since 0.1.0
   */
  setPacingRate(bytesPerSecond) {
    const handle = prepare(this, 'pacingRate', 'setPacingRate');
    validateNumber(bytesPerSecond, 'bytesPerSecond');
    if (bytesPerSecond !== Infinity && !(bytesPerSecond >= 1 &&
        Number.isSafeInteger(bytesPerSecond))) {
      throw errors.outOfRange(
        'bytesPerSecond', `an integer >= 1 && <= ${Number.MAX_SAFE_INTEGER}, ` +
        'or Infinity', bytesPerSecond);
    }
    throwOnError(handle.setPacingRate(bytesPerSecond), 'setPacingRate');
    return this;
  },

  /**
   * IP_MTU, IPV6_MTU: the MTU of the path to the connected peer, as the kernel
   * knows it. It learns a lower one from an ICMP error.
   * @returns {number} bytes, with the headers of IP and UDP
   * @throws {Error} ERR_SOCKET_DGRAM_NOT_CONNECTED
   * @since 0.1.0
   */
  getPathMTU() {
    const handle = prepare(this, 'pathMTU', 'getPathMTU');
    if (this[kState].connectState !== CONNECTED) throw errors.notConnected();
    return resultOrThrow(handle.getPathMTU(), 'getPathMTU');
  },
});
