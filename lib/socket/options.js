'use strict';

/**
 * Broadcast, TTL, and the outgoing side of multicast. Pending connected
 * datagrams of this tick are sent before an option changes.
 *
 * All methods throw the system error of setsockopt(2): EBADF while unbound. As
 * in Node, most do not check for a closed socket, and throw a plain TypeError.
 */

const { validateNumber, validateString } = require('../errors/validators');
const { afterSends, healthCheck, throwOnError } = require('./common');
const { Socket } = require('./constructor');

/**
 * SO_BROADCAST: allows datagrams to a broadcast address.
 * @param {*} arg converted to a boolean
 * @since Node 0.6.9
 */
Socket.prototype.setBroadcast = function(arg) {
  throwOnError(afterSends(this).setBroadcast(arg ? 1 : 0), 'setBroadcast');
};

/**
 * IP_TTL, IPV6_UNICAST_HOPS.
 * @param {number} ttl 1 to 255 hops
 * @returns {number} ttl
 * @throws {TypeError} ERR_INVALID_ARG_TYPE
 * @since Node 0.1.101
 */
Socket.prototype.setTTL = function(ttl) {
  validateNumber(ttl, 'ttl');
  throwOnError(afterSends(this).setTTL(ttl), 'setTTL');
  return ttl;
};

/**
 * IP_MULTICAST_TTL, IPV6_MULTICAST_HOPS.
 * @param {number} ttl 0 to 255 hops
 * @returns {number} ttl
 * @throws {TypeError} ERR_INVALID_ARG_TYPE
 * @since Node 0.3.8
 */
Socket.prototype.setMulticastTTL = function(ttl) {
  validateNumber(ttl, 'ttl');
  throwOnError(afterSends(this).setMulticastTTL(ttl), 'setMulticastTTL');
  return ttl;
};

/**
 * IP_MULTICAST_LOOP, IPV6_MULTICAST_LOOP.
 * @param {*} arg converted to a boolean
 * @returns {*} arg
 * @since Node 0.3.8
 */
Socket.prototype.setMulticastLoopback = function(arg) {
  throwOnError(afterSends(this).setMulticastLoopback(arg ? 1 : 0),
               'setMulticastLoopback');
  return arg;
};

/**
 * IP_MULTICAST_IF, IPV6_MULTICAST_IF: the interface of outgoing datagrams.
 * @param {string} interfaceAddress IPv4: one of its addresses; IPv6: `::%eth0`
 * @throws {Error} ERR_SOCKET_DGRAM_NOT_RUNNING
 * @throws {TypeError} ERR_INVALID_ARG_TYPE
 * @since Node 8.6
 */
Socket.prototype.setMulticastInterface = function(interfaceAddress) {
  healthCheck(this);
  validateString(interfaceAddress, 'interfaceAddress');
  throwOnError(afterSends(this).setMulticastInterface(interfaceAddress),
               'setMulticastInterface');
};
