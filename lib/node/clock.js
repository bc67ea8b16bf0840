'use strict';

/**
 * A clock that fake clocks do not stop: they replace the function, which is
 * read here when the package is loaded.
 */

const { hrtime } = globalThis.process;

/** @returns {number} milliseconds of a monotonic clock */
function now() {
  const [seconds, nanoseconds] = hrtime();
  return seconds * 1e3 + nanoseconds / 1e6;
}

module.exports = { now };
