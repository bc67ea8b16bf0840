'use strict';

/**
 * Time limits of the tests. An emulator is several times slower than an
 * ordinary machine; DGRAM_TEST_TIME_FACTOR multiplies every limit.
 */

const factor = Number(process.env.DGRAM_TEST_TIME_FACTOR || 1);
if (!(factor > 0)) {
  throw new Error('DGRAM_TEST_TIME_FACTOR must be a number above 0, not ' +
    process.env.DGRAM_TEST_TIME_FACTOR);
}

/**
 * @param {number} milliseconds limit on an ordinary machine
 * @returns {number} the limit here
 */
function scaled(milliseconds) {
  return milliseconds * factor;
}

module.exports = { scaled };
