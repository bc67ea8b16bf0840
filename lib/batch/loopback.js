'use strict';

/** The destination of a send() or connect() without an address, by family. */
const LOOPBACK = { 4: '127.0.0.1', 6: '::1' };

module.exports = { LOOPBACK };
