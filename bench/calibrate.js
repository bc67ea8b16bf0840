'use strict';

/** Measurements before the first round. */

const { performance } = require('node:perf_hooks');
const { median } = require('simple-statistics');
const { CONTROL, implementations, roleCommand } =
  require('./implementations');
const { Side } = require('./processes');
const { fullLoad } = require('./scenarios/servers');

const PATIENCE = 20;
const RATE_RUNS = 3;

async function timeOf(command) {
  const start = performance.now();
  const side = new Side(command, { cpu: 0 });
  try {
    await side.next(PATIENCE);
  } finally {
    await side.stop();
  }
  return (performance.now() - start) / 1000;
}

/**
 * The time that a run spends on starting and ending its processes. The expected
 * duration of a benchmark is computed from it.
 *
 * @param {object} runtimes see implementations.js
 * @param {function} baselineCommand see baseline/build.js
 * @returns {Promise<Object<string, number>>} seconds by runtime, for the
 *   measured process and a peer
 */
async function measureStart(runtimes, baselineCommand) {
  const peer = await timeOf(baselineCommand('recv', {}));
  const seconds = { c: 2 * peer };
  for (const runtime of Object.keys(runtimes)) {
    if (runtime === 'c') continue;
    seconds[runtime] = peer + await timeOf(roleCommand(
      { runtime, module: 'node:dgram', api: 'dgram' }, runtimes, 'receive',
      {}));
  }
  return seconds;
}

/**
 * The scenarios at a fixed rate are relative to it.
 *
 * @param {(scenario: object, implementation: object) =>
 *   Promise<{figures: object}>} runOne
 * @returns {Promise<number>} requests per second that node:dgram answers under
 *   full load, the median of three runs
 */
async function measureHighestRate(runOne) {
  const control = implementations.find(({ name }) => name === CONTROL);
  const rates = [];
  for (let i = 0; i < RATE_RUNS; i++) {
    const { figures } = await runOne(fullLoad, control);
    rates.push(figures.requests * 1000);
  }
  return median(rates);
}

module.exports = { measureHighestRate, measureStart };
