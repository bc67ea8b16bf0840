'use strict';

/** The event 'icmp': a datagram of the socket has caused an ICMP error. */

const errors = require('../errors/errors');
const uncaught = require('../node/uncaught');

/**
 * @typedef {object} IcmpInfo
 * @property {string|undefined} address destination of the datagram; undefined
 *   if the kernel does not tell
 * @property {number} port
 * @property {'IPv4'|'IPv6'|undefined} family
 * @property {string|undefined} offender the host or router that sent the error
 * @property {number} type of ICMP (RFC 792) or ICMPv6 (RFC 4443)
 * @property {number} code
 * @property {number|undefined} mtu of the next hop in bytes, with EMSGSIZE
 */

/**
 * @param {UDP|undefined} handle undefined: it was closed in the meantime
 * @param {number} status the negative UV_ code
 * @param {IcmpInfo} info
 */
function emitIcmp(handle, status, info) {
  if (handle === undefined || handle.closed || !handle.hasListeners('icmp')) {
    return;
  }
  const { owner } = handle;
  const error =
    errors.hostPortException(status, 'icmp', info.address, info.port);
  if (info.mtu !== undefined) error.mtu = info.mtu;
  uncaught.run(handle, owner.emit, owner, 'icmp', error, info);
}

module.exports = { emitIcmp };
