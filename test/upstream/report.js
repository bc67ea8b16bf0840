'use strict';

/**
 * The output of a run: progress lines and a summary for people, a JSON file for
 * programs.
 */

const fs = require('node:fs');
const path = require('node:path');

/** @typedef {import('./run-case').CaseReport} CaseReport */

/** Number of output lines shown for a failed file; the JSON has more. */
const OUTPUT_LINES = 15;

/** A flaky file counts as failed. */
const FAILURES = ['failed', 'flaky'];

function socketsOf({ ours, baseline }) {
  const { evidence } = ours;
  const parts = [`${evidence.ours} ours`, `${evidence.native} native`,
                 `${evidence.builtin} built-in`];
  if (evidence.exported > 0) parts.push(`${evidence.exported} exported`);
  if (baseline) parts.push(`${baseline.evidence.builtin} expected`);
  return parts.join(', ');
}

function line(report) {
  const { result, reason, case: { file }, ours } = report;
  const seconds = (ours.ms / 1000).toFixed(1);
  return `${result.padEnd(7)} ${file} (${socketsOf(report)}; ${seconds} s)` +
    (reason ? `\n        ${reason}` : '');
}

/** Names the run of a line, if there are several. */
function labelOf({ node, transport }) {
  return `${node.version} ${transport ?? 'default'}: `;
}

/**
 * Shows one changing line on a terminal, otherwise a line for every file.
 * @param {NodeJS.WriteStream} stream
 * @param {number} expected  number of expected reports
 * @param {boolean} labelled  whether each line names its Node and transport
 * @returns {(report: CaseReport) => void}
 */
function progress(stream, expected, labelled) {
  let done = 0;
  let failed = 0;
  return (report) => {
    done += 1;
    const bad = FAILURES.includes(report.result);
    if (bad) failed += 1;
    const label = labelled ? labelOf(report) : '';
    if (!stream.isTTY) {
      stream.write(`[${done}/${expected}] ${label}${line(report)}\n`);
      return;
    }
    stream.write('\r\x1b[K');
    if (bad) stream.write(`${label}${line(report)}\n`);
    if (done < expected) {
      const status =
        `[${done}/${expected}] ${failed} failed  ${label}${report.case.file}`;
      stream.write(status.slice(0, stream.columns - 1));
    }
  };
}

function count(reports, ...results) {
  return reports.filter(({ result }) => results.includes(result)).length;
}

function section(stream, title, reports, describe) {
  if (reports.length === 0) return;
  stream.write(`\n${title}\n`);
  for (const report of reports) stream.write(`${describe(report)}\n`);
}

function lastLines(output) {
  return output.trim().split('\n').slice(-OUTPUT_LINES);
}

function table(stream, reports) {
  const rows = reports.map(({ case: { file, folder }, ours, baseline }) => ({
    folder, file, ours: ours.evidence, baseline: baseline?.evidence,
  }));
  const folders = [...new Set(rows.map(({ folder }) => folder))];
  const columns = ['folder', 'files', 'expected', 'ours', 'native', 'built-in',
                   'exported'];
  const sum = (chosen, read) =>
    chosen.reduce((total, row) => total + (read(row) ?? 0), 0);
  const body = [...folders, 'all'].map((folder) => {
    const chosen = rows.filter((row) => folder === 'all' ||
                                        row.folder === folder);
    return [
      folder,
      chosen.length,
      sum(chosen, (row) => row.baseline?.builtin),
      sum(chosen, (row) => row.ours.ours),
      sum(chosen, (row) => row.ours.native),
      sum(chosen, (row) => row.ours.builtin),
      sum(chosen, (row) => row.ours.exported),
    ];
  });
  stream.write('\nSockets\n');
  for (const [name, ...figures] of [columns, ...body]) {
    stream.write(`  ${name.padEnd(14)}` +
      `${figures.map((one) => String(one).padStart(9)).join('')}\n`);
  }
}

/**
 * @param {NodeJS.WritableStream} stream
 * @param {object} run  see writeJson()
 * @param {CaseReport[]} reports
 */
function summarize(stream, run, reports) {
  const having = (...results) =>
    reports.filter(({ result }) => results.includes(result));
  const brief = ({ case: { file }, reason }) => `  ${file}: ${reason}`;

  section(stream, 'Skipped', having('skipped'), brief);
  section(stream, 'Exempt', having('exempt'), brief);
  section(stream, 'Fails with node:dgram too', having('builtin fails too'),
          brief);
  section(stream, 'Needed two tries with node:dgram',
          reports.filter(({ baselineFlaky }) => baselineFlaky),
          ({ case: { file } }) => `  ${file}`);
  section(stream, 'Passed, with a note',
          having('passed').filter(({ reason }) => reason), brief);
  section(stream, 'Failed', having(...FAILURES), (report) =>
    [line(report), ...lastLines(report.ours.output)].join('\n        | '));
  if (reports.length > 0) table(stream, reports);

  stream.write([
    '',
    `Node ${run.node}, suite of Node ${run.suite} (${run.origin}), ` +
      `transport ${run.transports.join(' and ') || 'none'}`,
    run.baseline ?
      'Every file ran on node:dgram first; passed means that the same number ' +
        'of sockets\nwas made, all of them in the C core.' :
      'Without a baseline the expected number of sockets is unknown, so ' +
        'this run\nproves less.',
    `Report: ${run.file}`,
    `Also: ${count(reports, 'exempt')} exempt, ` +
      `${count(reports, 'builtin fails too')} failing with node:dgram too, ` +
      `${count(reports, 'flaky')} of the failed ones flaky`,
    '',
  ].join('\n'));
  stream.write(`${figures(reports)}\n`);
}

function figures(reports) {
  return `${count(reports, 'passed')} passed, ` +
    `${count(reports, ...FAILURES)} failed, ` +
    `${count(reports, 'skipped')} skipped`;
}

/**
 * The sum of several runs. Its form differs from the figures of one run, so
 * that adding up lines does not count files twice.
 * @param {NodeJS.WritableStream} stream
 * @param {CaseReport[]} reports
 */
function total(stream, reports) {
  stream.write(`\nAll runs: ${figures(reports)}\n`);
}

/**
 * @param {object} run  node, suite, origin, transports, baseline, date, file
 * @param {CaseReport[]} reports
 */
function writeJson(run, reports) {
  const outcome = (one, withOutput) => one && {
    code: one.code,
    signal: one.signal,
    timedOut: one.timedOut,
    skipped: one.skipped,
    ms: one.ms,
    evidence: one.evidence,
    output: withOutput ? one.output : undefined,
  };
  const files = reports.map((report) => ({
    file: report.case.file,
    result: report.result,
    reason: report.reason,
    flags: report.case.flags,
    env: report.case.env,
    baselineFlaky: report.baselineFlaky,
    ours: outcome(report.ours, !report.ours.ok),
    baseline: outcome(report.baseline, report.baseline?.ok === false),
  }));
  const totals = {};
  for (const { result } of files) totals[result] = (totals[result] ?? 0) + 1;
  fs.mkdirSync(path.dirname(run.file), { recursive: true });
  fs.writeFileSync(run.file,
                   `${JSON.stringify({ ...run, totals, files }, null, 2)}\n`);
}

/** @param {CaseReport[]} reports  whether a run succeeded */
function succeeded(reports) {
  return reports.length > 0 && count(reports, ...FAILURES) === 0 &&
    count(reports, 'passed') > 0;
}

module.exports = { progress, succeeded, summarize, total, writeJson };
