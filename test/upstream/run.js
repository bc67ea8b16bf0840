#!/usr/bin/env node
'use strict';

/**
 * Runs Node's own tests of dgram, unmodified, on dgram-native, and proves that
 * it was dgram-native that they ran on. See usage below.
 */

const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { spawnSync } = require('node:child_process');
const { parseArgs } = require('node:util');
const { caseRunner } = require('./run-case');
const { findSuite } = require('./sources');
const { killAll } = require('./run-one');
const { progress, succeeded, summarize, writeJson } = require('./report');
const { selectCases } = require('./select');

const REPOSITORY = path.join(__dirname, '..', '..');
const CACHE = path.join(REPOSITORY, '.cache', 'upstream');
const REGISTER = path.join(REPOSITORY, 'lib', 'register.js');

const USAGE = `\
Runs Node's own tests of dgram on dgram-native.

  npm run test:upstream -- [options]

  --source PATH     directory with Node's test/, or a .tar.gz or .tar.xz of its
                    sources; also NODE_SOURCE. Otherwise the cache, Node's
                    release server or Debian's source package
  --transport NAME  uv or linux (default: as dgram-native chooses)
  --filter TEXT     only files whose path contains TEXT
  --jobs N          files at a time (default: the number of processors)
  --timeout SECONDS for one run of one file (default: 120)
  --no-baseline     do not run each file on node:dgram first: quicker, but the
                    number of sockets is then not proven
  --repeat N        run each file N times on dgram-native (default: 1); one
                    failure is enough
  --retry           try a failed file again; if it passes it is called flaky,
                    and still counts as failed
  --report FILE     where the JSON report goes (default: .cache/upstream/)
  --help
`;

function readOptions(args) {
  const { values } = parseArgs({
    args,
    options: {
      'source': { type: 'string' },
      'transport': { type: 'string' },
      'filter': { type: 'string' },
      'jobs': { type: 'string' },
      'timeout': { type: 'string' },
      'no-baseline': { type: 'boolean' },
      'repeat': { type: 'string' },
      'retry': { type: 'boolean' },
      'report': { type: 'string' },
      'help': { type: 'boolean' },
    },
  });
  const number = (name, fallback) => {
    if (values[name] === undefined) return fallback;
    const value = Number(values[name]);
    if (!(value > 0)) throw new Error(`--${name} must be a number above 0`);
    return value;
  };
  const { transport = process.env.DGRAM_NATIVE_TRANSPORT } = values;
  if (transport && !['uv', 'linux'].includes(transport))
    throw new Error(`--transport must be uv or linux, not ${transport}`);
  const name = ['report', process.versions.node, transport || 'default',
                ...(values.filter ? ['filtered'] : [])].join('-');
  return {
    help: values.help === true,
    source: values.source ?? process.env.NODE_SOURCE,
    transport,
    filter: values.filter,
    jobs: Math.ceil(number('jobs', os.cpus().length)),
    timeout: number('timeout', 120) * 1000,
    baseline: !values['no-baseline'],
    repeat: number('repeat', 1),
    retry: values.retry === true,
    file: path.resolve(values.report ?? path.join(CACHE, `${name}.json`)),
  };
}

/** Else every single file would fail, for one and the same reason. */
function demandLoadable() {
  const { status, stderr } = spawnSync(process.execPath, [
    '--require', REGISTER, '--eval', '',
  ], {
    encoding: 'utf8',
    env: { ...process.env, DGRAM_NATIVE_FALLBACK: '0' },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  if (status !== 0)
    throw new Error(`lib/register.js does not load; run npm run build\n${stderr}`);
}

/** Runs the parallel cases in `jobs` slots, then the others one by one. */
async function runAll(cases, jobs, runCase, done) {
  const reports = [];
  const drain = async (queue, slot) => {
    for (let one = queue.shift(); one; one = queue.shift()) {
      const report = await runCase(one, slot);
      reports.push(report);
      done(report);
    }
  };
  const beside = cases.filter(({ parallel }) => parallel);
  const slots = Array.from({ length: jobs }, (unused, slot) => slot);
  await Promise.all(slots.map((slot) => drain(beside, slot)));
  await drain(cases.filter(({ parallel }) => !parallel), 0);
  return reports.sort((a, b) => (a.case.file < b.case.file ? -1 : 1));
}

async function main() {
  const options = readOptions(process.argv.slice(2));
  if (options.help) {
    process.stdout.write(USAGE);
    return;
  }
  demandLoadable();
  const suite = await findSuite({
    source: options.source,
    cache: CACHE,
    log: (text) => process.stdout.write(`${text}\n`),
  });
  const cases = selectCases(path.join(suite.root, 'test'), options.filter);
  // The real path: tests compare it with what process.cwd() gives them.
  const scratch = fs.mkdtempSync(
    path.join(fs.realpathSync(os.tmpdir()), 'dgram-upstream-'));
  const cleanUp = () => {
    killAll();
    fs.rmSync(scratch, { recursive: true, force: true, maxRetries: 3 });
  };
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
    process.once(signal, () => {
      cleanUp();
      process.exit(128 + os.constants.signals[signal]);
    });
  }

  try {
    const runCase = caseRunner({
      ...options, root: suite.root, scratch, register: REGISTER,
    });
    const reports = await runAll(cases, options.jobs, runCase,
                                 progress(process.stdout, cases.length));
    const run = {
      node: process.versions.node,
      suite: suite.version ?? 'unknown',
      origin: suite.origin,
      transports: [...new Set(
        reports.flatMap(({ ours }) => ours.evidence.transports))],
      baseline: options.baseline,
      date: new Date().toISOString(),
      file: options.file,
    };
    writeJson(run, reports);
    summarize(process.stdout, run, reports);
    process.exitCode = succeeded(reports) ? 0 : 1;
  } finally {
    cleanUp();
  }
}

main().catch((error) => {
  process.stderr.write(`${error.message}\n`);
  // The figures are the last line in any case, for those who read only that.
  process.stdout.write('0 passed, 0 failed, 0 skipped\n');
  process.exitCode = 2;
});
