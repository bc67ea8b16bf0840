'use strict';

/**
 * The family of a dual-stack socket, besides 4 and 6: DGRAM_FAMILY_BOTH of
 * src/core/address.h.
 */
const BOTH = 46;

/**
 * The destination of a send() or connect() without an address, by family. A
 * host without an IPv6 address has that of IPv4.
 */
const LOOPBACK = { 4: '127.0.0.1', 6: '::1', [BOTH]: '127.0.0.1' };

/** @returns {string} the name of a family in error messages */
function familyName(family) {
  return family === BOTH ? 'IP' : `IPv${family}`;
}

module.exports = { BOTH, LOOPBACK, familyName };
