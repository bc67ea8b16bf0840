'use strict';

/**
 * One file of the suite, first on the built-in, then on dgram-native.
 */

const fs = require('node:fs');
const path = require('node:path');
const { judge } = require('./verdict');
const { runOne } = require('./run-one');

/**
 * @typedef {object} CaseReport
 * @property {import('./select').Case} case
 * @property {string} result  of the Verdict, or 'flaky'
 * @property {string} [reason]
 * @property {import('./run-one').Outcome} ours
 * @property {import('./run-one').Outcome} [baseline]
 * @property {boolean} baselineFlaky  the built-in needed its second try
 */

/**
 * @param {object} options
 * @param {string} options.root  directory that holds test/
 * @param {string} options.scratch  directory for everything temporary
 * @param {string} options.register  the preload under test
 * @param {number} options.timeout  milliseconds a run
 * @param {boolean} options.baseline  whether to run on the built-in first
 * @param {number} options.repeat  how often a file runs on dgram-native; one
 *   failure is enough
 * @param {boolean} options.retry  whether to try a failed file once more; it
 *   is called flaky if that passes, never passed
 * @param {string} [options.transport]
 * @returns {(one: import('./select').Case, slot: number) =>
 *   Promise<CaseReport>}
 */
function caseRunner(options) {
  const { root, timeout, register, transport } = options;
  let serial = 0;

  async function run(one, slot, how) {
    const number = serial++;
    const scratch = path.join(options.scratch, String(number));
    fs.mkdirSync(scratch);
    try {
      return await runOne(one, {
        root, timeout, slot, scratch, serial: number, ...how,
      });
    } finally {
      fs.rmSync(scratch, { recursive: true, force: true, maxRetries: 3 });
    }
  }

  return async function runCase(one, slot) {
    const first = options.baseline ? await run(one, slot, {}) : undefined;
    const baseline = first && !first.ok ? await run(one, slot, {}) : first;
    const attempt = async () => {
      const ours = await run(one, slot, { register, transport });
      return { ours, ...judge(one.file, ours, baseline, transport) };
    };

    let report = await attempt();
    for (let n = 1; n < options.repeat && report.result !== 'failed'; n++)
      report = await attempt();
    if (report.result === 'failed' && options.retry) {
      const again = await attempt();
      if (again.result !== 'failed') report = { ...report, result: 'flaky' };
    }
    return {
      case: one,
      ...report,
      baseline,
      baselineFlaky: Boolean(baseline?.ok && !first.ok),
    };
  };
}

module.exports = { caseRunner };
