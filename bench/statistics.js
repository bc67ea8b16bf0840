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
 * How many times better than the control, by the medians.
 * @returns {number|undefined} above 1 is better
 */
function ratio(own, control, better) {
  if (!own || !control || !better || !own.median) return undefined;
  return better === 'lower' ?
    control.median / own.median : own.median / control.median;
}

module.exports = { ratio, summarize };
