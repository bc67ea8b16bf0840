'use strict';

/** The criteria of a soak. Pure functions, see verdict.test.js. */

const { median } = require('simple-statistics');

const MIB = 1024 * 1024;

/**
 * Allowed growth from the end of the warm-up to the end of the run, however
 * long it is. A leak of 16 bytes a datagram is many times this after ten
 * minutes. The resident set also varies with malloc's and V8's own reserves.
 */
const BOUNDS = {
  rss: 24 * MIB, heap: 2 * MIB, descriptors: 0,
  // Of the process that sockets move to.
  childRss: 24 * MIB, childHeap: 2 * MIB, childDescriptors: 0,
};

/** Also checked in a short run. */
const COUNTED = ['descriptors', 'childDescriptors'];

/**
 * Warming up takes a quarter of a run, and at least two minutes: malloc has an
 * arena per thread, and they fill up one after the other.
 */
const WARM_UP = 0.25;
const WARM_UP_SECONDS = 120;

/** Fewer samples show no trend. */
const SAMPLES = 6;

/** Theil-Sen slope: robust against 29% of outliers. Per second. */
function slopeOf(samples, key) {
  const slopes = samples.flatMap((from, i) => samples.slice(i + 1).map((to) =>
    (to[key] - from[key]) / (to.seconds - from.seconds)));
  return slopes.length > 0 ? median(slopes) : 0;
}

/** The samples after the warm-up; or all samples if these are too few. */
function settledOf(samples) {
  const { seconds } = samples.at(-1);
  const from = Math.max(seconds * WARM_UP, WARM_UP_SECONDS);
  const settled = samples.filter((sample) => sample.seconds >= from);
  return settled.length < SAMPLES ? { settled: samples, enough: false } :
    { settled, enough: true };
}

/** @returns {{start, end, most, growth}} */
function trend(settled, key) {
  const [first, last] = [settled[0], settled.at(-1)];
  return {
    start: first[key],
    end: last[key],
    most: Math.max(...settled.map((sample) => sample[key])),
    growth: slopeOf(settled, key) * (last.seconds - first.seconds),
  };
}

/**
 * @param {object[]} samples from subject.js
 * @returns {{trends: object, judged: boolean,
 *   checks: {name: string, faults: string[]}[]}} `judged`: whether the run was
 *   long enough to check memory
 */
function judge(samples) {
  const { settled, enough } = settledOf(samples);
  const trends = {};
  const checks = [];
  for (const [key, bound] of Object.entries(BOUNDS)) {
    if (samples[0][key] === undefined) continue; // no socket moves
    trends[key] = trend(settled, key);
    const { growth } = trends[key];
    if (!enough && !COUNTED.includes(key)) continue;
    checks.push({
      name: `${key} flat`,
      faults: growth > bound ? [`grew by ${growth}, limit ${bound}`] : [],
    });
  }
  const { totals, stats } = samples.at(-1);
  for (const { name, rounds, faults } of totals) {
    checks.push({
      name,
      faults: rounds > 0 ? [...new Set(faults)] : ['it never ran'],
    });
  }
  // The sockets were native, not the built-in's.
  const opened = totals.reduce((sum, entry) => sum + (entry.opened ?? 0), 0);
  checks.push({
    name: 'sockets are native',
    faults: stats.sockets > opened && stats.received > 0 && stats.sent > 0 ?
      [] :
      [`the addon reports ${JSON.stringify(stats)}`],
  });
  return { trends, judged: enough, checks };
}

module.exports = { BOUNDS, judge };
