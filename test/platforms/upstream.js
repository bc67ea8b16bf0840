'use strict';

/** Node's own suite on a platform: test/upstream/run.js, and its report. */

const fs = require('node:fs');
const path = require('node:path');

const { toStep } = require('./report');
const { root, runOrThrow } = require('./support');

const RUNNER = path.join(root, 'test', 'upstream', 'run.js');

let fetching;

/** Downloads the suite once: a platform may have no network. */
function fetchSuite() {
  fetching ??= runOrThrow(process.execPath, [RUNNER, '--fetch']);
  return fetching;
}

/** The failures of a file, and whether it fails with node:dgram too. */
function readFiles(folder) {
  const reports = fs.existsSync(folder) ? fs.readdirSync(folder)
    .filter((name) => /^report-.*\.json$/.test(name)) : [];
  return reports.flatMap((name) =>
    JSON.parse(fs.readFileSync(path.join(folder, name), 'utf8')).files);
}

/**
 * @param {object} options
 * @param {string} options.platform
 * @param {(command: string[], label: string) => Promise<object>} options.start
 *   runs a command there; resolves to the result of run()
 * @param {string} options.reports folder for the reports
 * @param {string} [options.inside] its name there
 * @param {string} [options.node] the Node that runs the suite
 * @returns {Promise<import('./report').Step>} a test is a file of the suite
 */
async function upstreamStep({
  platform, start, reports, inside = reports,
  node = process.execPath,
}) {
  const started = Date.now();
  await fetchSuite();
  const ended = await start(
    [node, RUNNER, '--reports', inside, '--timeout', '300', '--tries', '3'],
    'upstream');
  const files = readFiles(reports);
  const of = (...results) =>
    files.filter(({ result }) => results.includes(result));
  const failed = of('failed', 'flaky', 'builtin fails too')
    .map(({ file, reason, ours }) =>
      ({ test: file, error: `${reason ?? ''}\n${ours.output ?? ''}` }));
  if (files.length === 0) {
    failed.push({
      test: '(the suite has no report)', error: ended.output.slice(-4000),
    });
  }
  const control =
    new Set(of('builtin fails too').map(({ file }) => file));
  return toStep(platform, "Node's suite", {
    passed: of('passed').map(({ file }) => file),
    failed,
    pending: of('skipped', 'exempt').length,
  }, control, (Date.now() - started) / 1000);
}

module.exports = { upstreamStep };
