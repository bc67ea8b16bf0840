'use strict';

/**
 * Runs one file of the suite, first on the built-in, then on dgram-native: once
 * for each requested transport, with one run on the built-in for all.
 */

const fs = require('node:fs');
const path = require('node:path');
const { judge } = require('./verdict');
const { runOne } = require('./run-one');

/** Serial number of the last run in this process. */
let serial = 0;

/**
 * @typedef {object} CaseReport
 * @property {import('./select').Case} case
 * @property {string} result  result of the Verdict, or 'flaky'
 * @property {string} [reason]
 * @property {import('./run-one').Outcome} ours
 * @property {import('./run-one').Outcome} [baseline]
 * @property {boolean} baselineFlaky  the built-in needed a second attempt
 */

/**
 * @param {object} options
 * @param {import('./node').NodeUnderTest} options.node
 * @param {string} options.root  directory that holds test/
 * @param {string} options.scratch  directory for everything temporary
 * @param {string} options.package  directory of the package under test
 * @param {string} options.register  its preload
 * @param {number} options.timeout  milliseconds per run
 * @param {boolean} options.baseline  whether to run on the built-in first
 * @param {number} options.repeat  how often a file runs on dgram-native; one
 *   failure is enough
 * @param {boolean} options.retry  whether to run a failed file once more; if it
 *   passes then, its result is 'flaky', never 'passed'
 * @param {number} options.tries  how often a failed file runs on dgram-native
 *   until it passes; it has a note then
 * @param {(string|undefined)[]} options.transports  a file runs once on each
 * @returns {(one: import('./select').Case, slot: number) =>
 *   Promise<CaseReport[]>}  one report for each of `transports`
 */
function caseRunner(options) {
  const { node, root, timeout, register, package: directory } = options;

  async function run(one, slot, how) {
    const number = serial++;
    const scratch = path.join(options.scratch, String(number));
    fs.mkdirSync(scratch);
    try {
      return await runOne(one, {
        node, root, timeout, slot, scratch, serial: number, ...how,
      });
    } finally {
      fs.rmSync(scratch, { recursive: true, force: true, maxRetries: 3 });
    }
  }

  async function runOnOurs(one, slot, baseline, transport) {
    const attempt = async () => {
      const ours = await run(one, slot, { register, transport });
      return {
        ours,
        ...judge(one.file, ours, baseline, { transport, package: directory }),
      };
    };

    const report = await attempt();
    for (let n = 1; n < options.repeat && report.result !== 'failed'; n++)
      Object.assign(report, await attempt());
    for (let n = 1; n < options.tries && report.result === 'failed'; n++) {
      const earlier = report.reason;
      delete report.reason;
      Object.assign(report, await attempt());
      if (report.result === 'passed')
        report.reason = `passed on try ${n + 1}; before: ${earlier}`;
    }
    if (report.result === 'failed' && options.retry) {
      const again = await attempt();
      if (again.result !== 'failed') report.result = 'flaky';
    }
    return report;
  }

  return async function runCase(one, slot) {
    const first = options.baseline ? await run(one, slot, {}) : undefined;
    const baseline = first && !first.ok ? await run(one, slot, {}) : first;
    const reports = [];
    for (const transport of options.transports) {
      reports.push({
        case: one,
        ...await runOnOurs(one, slot, baseline, transport),
        baseline,
        baselineFlaky: Boolean(baseline?.ok && !first.ok),
      });
    }
    return reports;
  };
}

module.exports = { caseRunner };
