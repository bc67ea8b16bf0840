'use strict';

/**
 * Results of mocha on a platform: reads what reporter.js wrote, and decides
 * which failures are the platform's and which are faults of this package.
 */

const fs = require('node:fs');
const path = require('node:path');

const KNOWN = path.join(__dirname, 'known');

/**
 * @typedef {object} Failure
 * @property {string} test full title
 * @property {string} [file]
 * @property {string} [error]
 * @property {string|null} reason from the list of known failures
 * @property {boolean} controlFailed it also fails with node:dgram, there
 *
 * @typedef {object} Step
 * @property {string} title
 * @property {number} passed
 * @property {number} failed all failures, with those of the platform
 * @property {number} pending
 * @property {Failure[]} failures
 * @property {string[]} unexpected tests in the list of known failures that
 *   passed
 * @property {number} seconds
 */

/**
 * @param {string} file of reporter.js; none if mocha did not start
 * @returns {{ passed: string[], failed: object[], pending: number,
 *   running: object|null, ended: boolean }} `running` is the test during which
 *   the report stops
 */
function readReport(file) {
  const report =
    { passed: [], failed: [], pending: 0, running: null, ended: false };
  if (!fs.existsSync(file)) return report;
  for (const line of fs.readFileSync(file, 'utf8').split('\n')) {
    if (line === '') continue;
    const { event, ...test } = JSON.parse(line);
    if (event === 'test') report.running = test;
    else if (event !== 'start') report.running = null;
    if (event === 'pass') report.passed.push(test.test);
    if (event === 'fail') report.failed.push(test);
    if (event === 'pending') report.pending++;
    if (event === 'end') report.ended = true;
  }
  return report;
}

/**
 * A report of a process that ended. A crash, a killed process or a run without
 * a single test is a failure too.
 * @param {string} file of reporter.js
 * @param {{ code: number|null, signal?: string, timedOut?: boolean,
 *   output: string }} ended
 */
function concluded(file, { code, signal, timedOut, output }) {
  const report = readReport(file);
  const complete = report.ended &&
    report.passed.length + report.failed.length + report.pending > 0;
  if (complete && (code === 0 || report.failed.length > 0)) return report;
  const how = timedOut ? 'was killed after its time limit' :
    `exited with ${signal ?? code}`;
  const during = report.running ? ` during "${report.running.test}"` : '';
  report.failed.push({
    test: `(mocha ${how}${during})`,
    file: report.running?.file,
    error: output.slice(-4000),
  });
  return report;
}

/** Reports of several processes as one. */
function merged(reports) {
  return {
    passed: reports.flatMap(({ passed }) => passed),
    failed: reports.flatMap(({ failed }) => failed),
    pending: reports.reduce((sum, { pending }) => sum + pending, 0),
  };
}

/** Platforms that have the same failures have a list in common. */
const COMMON = { kernel: /^kernel-/, qemu: /^linux-/ };

/** @returns {string[]} the files below known/ that list its failures */
function listsOf(platform) {
  const common =
    Object.keys(COMMON).filter((name) => COMMON[name].test(platform));
  return [...common, platform].map((name) => `${name}.json`)
    .filter((name) => fs.existsSync(path.join(KNOWN, name)));
}

/**
 * The committed lists of a platform: `[{ "reason", "tests": [title] }]`.
 * @param {string} platform
 * @returns {Map<string, string>} reasons by full title
 */
function knownFailures(platform) {
  const entries = listsOf(platform).flatMap((name) =>
    JSON.parse(fs.readFileSync(path.join(KNOWN, name), 'utf8')));
  return new Map(entries.flatMap(({ reason, tests }) =>
    tests.map((test) => [test, reason])));
}

/**
 * @param {string} platform
 * @param {string} title
 * @param {object} ours from concluded() or merged()
 * @param {Set<string>} control titles that fail with node:dgram
 * @param {number} seconds
 * @returns {Step}
 */
function toStep(platform, title, ours, control, seconds) {
  const known = knownFailures(platform);
  const failures = ours.failed.map((failure) => ({
    ...failure,
    reason: known.get(failure.test) ?? null,
    controlFailed: control.has(failure.test),
  }));
  return {
    title,
    passed: ours.passed.length,
    failed: failures.length,
    pending: ours.pending,
    failures,
    unexpected: ours.passed.filter((test) => known.has(test)),
    seconds: Math.round(seconds),
  };
}

/** Whether a failure is a fault of this package, or of its tests. */
function isFault({ reason, controlFailed }) {
  return reason === null && !controlFailed;
}

/** Whether every failure of these steps is the platform's. */
function allExplained(steps) {
  return steps.every(({ passed, failures }) =>
    passed > 0 && !failures.some(isFault));
}

module.exports = {
  allExplained, concluded, isFault, knownFailures, listsOf, merged, readReport,
  toStep,
};
