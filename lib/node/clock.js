'use strict';

/**
 * A clock and timers that fake clocks do not stop: they replace the functions,
 * which are read here when the package is loaded.
 */

const { clearTimeout, setTimeout } = require('node:timers');

const { hrtime } = globalThis.process;

/** @returns {number} milliseconds of a monotonic clock */
function now() {
  const [seconds, nanoseconds] = hrtime();
  return seconds * 1e3 + nanoseconds / 1e6;
}

module.exports = { clearTimeout, now, setTimeout };
