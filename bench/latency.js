'use strict';

const { build } = require('hdr-histogram-js');

// A minute, in nanoseconds. The clients count a request as lost before.
const HIGHEST = 60e9;

/**
 * @param {[number, number][]} latencies pairs of nanoseconds and count
 * @param {number} percent such as 99.9
 * @returns {number} nanoseconds
 */
function percentile(latencies, percent) {
  const histogram = build({
    lowestDiscernibleValue: 1,
    highestTrackableValue: HIGHEST,
    numberOfSignificantValueDigits: 3,
  });
  for (const [nanos, count] of latencies)
    histogram.recordValueWithCount(nanos, count);
  return histogram.getValueAtPercentile(percent);
}

module.exports = { percentile };
