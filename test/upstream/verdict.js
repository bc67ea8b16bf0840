'use strict';

/**
 * Combines two runs of a file, on the built-in and on dgram-native.
 */

const path = require('node:path');
const exemptions = require('./exempt');

/**
 * @typedef {import('./run-one').Outcome} Outcome
 * @typedef {object} Verdict
 * @property {'passed'|'failed'|'skipped'|'exempt'|'builtin fails too'} result
 * @property {string} [reason]
 *
 * @typedef {object} Expected
 * @property {string} [transport]  the requested transport
 * @property {string} package  directory of the sockets' class
 */

/** @param {Outcome} outcome */
function howItEnded({ code, signal, timedOut, ms }) {
  if (timedOut) return `still running after ${Math.round(ms / 1000)} s`;
  return signal ? `killed by ${signal}` : `exit code ${code}`;
}

/**
 * The reason why the sockets of a run are not proven to be native, if any.
 *
 * The strictest rule that every file of the suites of Node 18 to 24 satisfies:
 * as many constructed and as many completed sockets as with the built-in, none
 * of them the built-in's, and a socket of the C core for each completed one.
 * The C core may have opened more: a constructor that throws late (a bad
 * `signal`) already has its handle, and a handle received from another process
 * is adopted by a new one.
 *
 * @param {Outcome} ours
 * @param {Outcome} [baseline]  the same file on the built-in; without it the
 *   expected number of sockets is unknown
 * @param {Expected} expected
 * @returns {string|undefined}
 */
function whyUnproven(ours, baseline, { transport, package: directory }) {
  const { evidence } = ours;
  if (evidence.processes === 0) return 'the witness was not loaded';
  if (evidence.blind.length > 0)
    return `a child process ran without the preload: ${evidence.blind[0]}`;
  if (evidence.blindThreads > 0)
    return `${evidence.blindThreads} worker thread(s) ran without the preload`;
  if (evidence.builtin > 0) {
    return `${evidence.builtin} socket(s) of the built-in, created at ` +
      evidence.origins[0];
  }
  const foreign = evidence.files
    .find((file) => !file.startsWith(directory + path.sep));
  if (foreign) return `sockets of ${foreign}, not of the package under test`;
  if (evidence.unbacked > 0)
    return `${evidence.unbacked} socket(s) that the C core did not open`;
  if (transport && evidence.transports.some((name) => name !== transport))
    return `ran on the transport ${evidence.transports}, not on ${transport}`;
  if (!baseline) return undefined;

  const expected = baseline.evidence;
  if (evidence.ours !== expected.builtin || evidence.made !== expected.made) {
    return `${evidence.ours} sockets constructed (${evidence.made} completed)` +
      ` where the built-in had ${expected.builtin} (${expected.made})`;
  }
  return undefined;
}

/**
 * @param {string} file  path below test/
 * @param {Outcome} ours
 * @param {Outcome|undefined} baseline
 * @param {Expected} expected
 * @returns {Verdict}
 */
function judge(file, ours, baseline, expected) {
  const exemption = exemptions[file];
  const failed = (reason) => ({ result: 'failed', reason });

  if (file.startsWith('known_issues/') && !ours.ok && !ours.timedOut &&
      (!baseline || !baseline.ok)) {
    const doubt = whyUnproven(ours, baseline, expected);
    return doubt ? failed(doubt) :
      { result: 'passed', reason: 'known issue of Node, also in dgram-native' };
  }
  if (baseline && !baseline.ok) {
    return {
      result: 'builtin fails too',
      reason: `node:dgram: ${howItEnded(baseline)}, twice; ` +
        `dgram-native: ${howItEnded(ours)}`,
    };
  }
  if (!ours.ok) return failed(howItEnded(ours));
  if (ours.skipped !== undefined) {
    if (baseline && baseline.skipped === undefined)
      return failed(`skipped, but not with the built-in: ${ours.skipped}`);
    return { result: 'skipped', reason: ours.skipped };
  }
  if (exemption) return { result: 'exempt', reason: exemption };

  const doubt = whyUnproven(ours, baseline, expected);
  if (doubt) return failed(doubt);
  if (ours.evidence.made === 0) return failed('created no socket');
  return { result: 'passed' };
}

module.exports = { howItEnded, judge };
