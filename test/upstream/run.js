#!/usr/bin/env node
'use strict';

/**
 * Runs Node's own dgram tests, unmodified, on dgram-native as published, and
 * proves that they used dgram-native. See usage below.
 */

const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { spawnSync } = require('node:child_process');
const { parseArgs } = require('node:util');
const { caseRunner } = require('./run-case');
const { everyNode, namedNode, runningNode } = require('./node');
const { findSuites } = require('./sources');
const { install } = require('./install');
const { killAll } = require('./run-one');
const { progress, succeeded, summarize, total, writeJson } =
  require('./report');
const { selectCases } = require('./select');

const REPOSITORY = path.join(__dirname, '..', '..');
const CACHE = path.join(REPOSITORY, '.cache', 'upstream');

const USAGE = `\
Runs Node's own tests of dgram on the packed files of dgram-native.

  npm run test:upstream -- [options]

  --all             every supported Node, each with its own suite, instead of
                    the one that runs this. The binaries are those of
                    npm run test:matrix
  --node NAME       this Node: a path, or a version; may be given again
  --transport NAME  uv or linux (default: as dgram-native chooses). May be given
                    again: the run on node:dgram then serves both
  --source PATH     directory with Node's test/, or a .tar.gz or .tar.xz of its
                    sources; also NODE_SOURCE. Otherwise the cache, Node's
                    release server or Debian's source package
  --filter TEXT     only files whose path contains TEXT
  --jobs N          files at a time (default: the number of processors)
  --timeout SECONDS for one run of one file (default: 120)
  --no-baseline     do not run each file on node:dgram first: quicker, but the
                    number of sockets is then not proven
  --repeat N        run each file N times on dgram-native (default: 1); one
                    failure is enough
  --retry           try a failed file again; if it passes it is called flaky,
                    and still counts as failed
  --tries N         run a failed file up to N times, until it passes (default:
                    1). It has a note then. For sanitizers: files with a limit
                    of five seconds of their own fail in a slow process
  --reports PATH    directory of the JSON reports (default: .cache/upstream)
  --fetch           only get the suites and the Nodes
  --help
`;

function readOptions(args) {
  const { values } = parseArgs({
    args,
    options: {
      'all': { type: 'boolean' },
      'node': { type: 'string', multiple: true },
      'source': { type: 'string' },
      'transport': { type: 'string', multiple: true },
      'filter': { type: 'string' },
      'jobs': { type: 'string' },
      'timeout': { type: 'string' },
      'no-baseline': { type: 'boolean' },
      'repeat': { type: 'string' },
      'retry': { type: 'boolean' },
      'tries': { type: 'string' },
      'reports': { type: 'string' },
      'fetch': { type: 'boolean' },
      'help': { type: 'boolean' },
    },
  });
  const number = (name, fallback) => {
    if (values[name] === undefined) return fallback;
    const value = Number(values[name]);
    if (!(value > 0)) throw new Error(`--${name} must be a number above 0`);
    return value;
  };
  // An empty variable is none.
  const transports = values.transport ??
    [process.env.DGRAM_NATIVE_TRANSPORT || undefined];
  for (const name of transports) {
    if (name !== undefined && !['uv', 'linux'].includes(name))
      throw new Error(`--transport must be uv or linux, not ${name}`);
  }
  return {
    help: values.help === true,
    all: values.all === true,
    nodes: values.node,
    fetch: values.fetch === true,
    source: values.source ?? process.env.NODE_SOURCE,
    transports,
    filter: values.filter,
    jobs: Math.ceil(number('jobs', os.cpus().length)),
    timeout: number('timeout', 120) * 1000,
    baseline: !values['no-baseline'],
    repeat: number('repeat', 1),
    retry: values.retry === true,
    tries: number('tries', 1),
    reports: path.resolve(values.reports ?? CACHE),
  };
}

function chooseNodes({ all, nodes }) {
  if (all) return everyNode();
  return nodes?.map(namedNode) ?? [runningNode()];
}

/** Otherwise every file would fail for the same reason. */
function demandLoadable({ binary, version }, register) {
  const env = { ...process.env, DGRAM_NATIVE_FALLBACK: '0', NODE_OPTIONS: '' };
  delete env.DGRAM_NATIVE_BINDING;
  const { status, stderr } = spawnSync(binary, [
    '--require', register, '--eval', '',
  ], {
    encoding: 'utf8',
    env,
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  if (status === 0) return;
  throw new Error(`the package does not load in Node ${version}; ` +
    `run npm run build\n${stderr}`);
}

/**
 * One case on one Node, and a function that runs it.
 * @typedef {object} Item
 * @property {import('./select').Case} case
 * @property {import('./node').NodeUnderTest} node
 * @property {(slot: number) => Promise<CaseReport[]>} run
 */

/** The items of a Node. */
function itemsOf(node, suite, options) {
  const runCase = caseRunner({ ...options, node, root: suite.root });
  return selectCases(path.join(suite.root, 'test'), options.filter)
    .map((one) => ({
      case: one,
      node,
      run: async (slot) => (await runCase(one, slot)).map((report, index) => ({
        ...report, node, transport: options.transports[index],
      })),
    }));
}

/**
 * Runs the parallel cases in `jobs` slots, idle ones in as many additional
 * slots, then the others one by one: these use fixed ports, and some of them
 * skip themselves or fail after five seconds.
 */
async function runAll(items, jobs, done) {
  const reports = [];
  const drain = async (queue, slot) => {
    for (let one = queue.shift(); one; one = queue.shift()) {
      const results = await one.run(slot);
      reports.push(...results);
      results.forEach(done);
    }
  };
  const take = (test) => items.filter((item) => test(item.case));
  const idle = take((one) => one.parallel && one.idle);
  const beside = take((one) => one.parallel && !one.idle);
  const slots = Array.from({ length: 2 * jobs }, (unused, slot) => slot);
  await Promise.all(slots.map((slot) =>
    drain(slot < jobs ? beside : idle, slot)));
  await drain(take((one) => !one.parallel), 0);
  return reports.sort((a, b) => (a.case.file < b.case.file ? -1 : 1));
}

/** Writes and prints the results of one Node on one transport. */
function conclude(node, suite, transport, options, reports) {
  const own = reports.filter((report) => report.node === node &&
                                         report.transport === transport);
  const name = ['report', node.version, transport ?? 'default',
                ...(options.filter ? ['filtered'] : [])].join('-');
  const run = {
    node: node.version,
    suite: suite.version ?? 'unknown',
    origin: suite.origin,
    transports: [...new Set(
      own.flatMap(({ ours }) => ours.evidence.transports))],
    baseline: options.baseline,
    date: new Date().toISOString(),
    file: path.join(options.reports, `${name}.json`),
  };
  writeJson(run, own);
  summarize(process.stdout, run, own);
  return succeeded(own);
}

async function runSuites(nodes, suites, options) {
  const items = nodes
    .flatMap((node, index) => itemsOf(node, suites[index], options));
  const label = nodes.length * options.transports.length > 1;
  const reports = await runAll(
    items, options.jobs,
    progress(process.stdout, items.length * options.transports.length, label));
  const good = nodes.flatMap((node, index) =>
    options.transports.map((transport) =>
      conclude(node, suites[index], transport, options, reports)));
  if (good.length > 1) total(process.stdout, reports);
  return !good.includes(false);
}

async function main() {
  const options = readOptions(process.argv.slice(2));
  if (options.help) {
    process.stdout.write(USAGE);
    return;
  }
  const nodes = chooseNodes(options);
  const suites = await findSuites({
    nodes,
    source: options.source,
    cache: CACHE,
    log: (text) => process.stdout.write(`${text}\n`),
  });
  if (options.fetch) return;

  // The real path: tests compare it with process.cwd().
  const scratch = fs.mkdtempSync(
    path.join(fs.realpathSync(os.tmpdir()), 'dgram-upstream-'));
  const home = fs.mkdtempSync(path.join(CACHE, 'package-'));
  const cleanUp = () => {
    killAll();
    for (const directory of [scratch, home]) {
      fs.rmSync(directory, { recursive: true, force: true, maxRetries: 3 });
    }
  };
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
    process.once(signal, () => {
      cleanUp();
      process.exit(128 + os.constants.signals[signal]);
    });
  }

  try {
    const installed = install(path.join(home, 'dgram-native'));
    for (const node of nodes) demandLoadable(node, installed.register);
    const good = await runSuites(nodes, suites,
                                 { ...options, ...installed, scratch });
    process.exitCode = good ? 0 : 1;
  } finally {
    cleanUp();
  }
}

main().catch((error) => {
  process.stderr.write(`${error.message}\n`);
  // The figures are always the last line, for scripts/tally.js.
  process.stdout.write('0 passed, 0 failed, 0 skipped\n');
  process.exitCode = 2;
});
