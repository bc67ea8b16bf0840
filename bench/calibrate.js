'use strict';

/**
 * The time that a run spends on starting and ending its processes, measured on
 * this machine. The expected duration of a benchmark is computed from it.
 */

const { performance } = require('node:perf_hooks');
const { roleCommand } = require('./implementations');
const { Side } = require('./processes');

const PATIENCE = 20;

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

module.exports = { measureStart };
