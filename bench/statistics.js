'use strict';

const { max, median, min } = require('simple-statistics');

/**
 * @param {number[]} values of one figure, one per round
 * @returns {{median: number, min: number, max: number, values: number[]}}
 */
function summarize(values) {
  return { median: median(values), min: min(values), max: max(values), values };
}

/**
 * How many times better than the control.
 * @param {object} own see summarize()
 * @param {object} control
 * @param {'lower'|'higher'} better
 * @param {boolean} [paired] the values of a round were measured together: the
 *   median of the rounds' ratios, instead of the ratio of the medians
 * @returns {number|undefined} above 1 is better
 */
function ratio(own, control, better, paired = false) {
  if (!own || !control || !better || !own.median) return undefined;
  const times = (mine, other) =>
    better === 'lower' ? other / mine : mine / other;
  return paired ?
    median(own.values.map((value, i) => times(value, control.values[i]))) :
    times(own.median, control.median);
}

module.exports = { ratio, summarize };
