#!/usr/bin/env node
'use strict';

/**
 * Runs Node's own dgram benchmarks, unmodified, with node:dgram and with
 * dgram-native in turn, case by case. See the usage below.
 */

const fs = require('node:fs');
const path = require('node:path');
const { fork } = require('node:child_process');
const { parseArgs } = require('node:util');
const Table = require('cli-table3');
const { geometricMean } = require('simple-statistics');
const packed = require('../../test/support/package');
const { findSuite } = require('../../test/upstream/sources');
const { cpus } = require('../processes');
const { ratio, summarize } = require('../statistics');
const { format } = require('../table');

const REPOSITORY = path.join(__dirname, '..', '..');
const CACHE = path.join(REPOSITORY, '.cache', 'upstream');
const PATIENCE = 60000;

const USAGE = `\
Runs Node's own benchmark/dgram with node:dgram and with dgram-native in turn.

  npm run bench:upstream -- [options]

  --quick          one round of 0.4 s per case: under 2 minutes instead of 8
  --rounds N       runs of each case (default: 3, --quick: 1)
  --seconds N      length of a timed case (default: 0.7, --quick: 0.4)
  --filter TEXT    only cases whose name contains TEXT
  --source PATH    directory or archive of Node's sources; also NODE_SOURCE
  --json FILE      write the figures to FILE
  --help
`;

const children = new Set();

function readOptions(args) {
  const { values } = parseArgs({
    args,
    options: {
      quick: { type: 'boolean' },
      rounds: { type: 'string' },
      seconds: { type: 'string' },
      filter: { type: 'string', default: '' },
      source: { type: 'string', default: process.env.NODE_SOURCE },
      json: { type: 'string' },
      help: { type: 'boolean' },
    },
  });
  const number = (name, full, quick) => {
    const value = Number(values[name] ?? (values.quick ? quick : full));
    if (!(value > 0)) {
      throw new Error(
        `--${name} ${values[name]}: expected a number above 0`);
    }
    return value;
  };
  return {
    ...values,
    rounds: Math.ceil(number('rounds', 3, 1)),
    seconds: number('seconds', 0.7, 0.4),
  };
}

/** The first message of a child process; undefined if it ends without one. */
function firstMessage(file, args, options = {}) {
  return new Promise((resolve, reject) => {
    const child = fork(file, args, {
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'], ...options,
    });
    let errors = '';
    children.add(child);
    const timer = setTimeout(() => child.kill('SIGKILL'), PATIENCE);
    let answer;
    child.stderr.on('data', (text) => { errors += text; });
    child.on('message', (message) => { answer ??= message; });
    child.once('error', reject);
    child.once('close', (status) => {
      clearTimeout(timer);
      children.delete(child);
      if (answer !== undefined || status === 0) resolve(answer);
      else reject(new Error(`${path.basename(file)}: ${errors.trim()}`));
    });
  });
}

async function findCases(root, filter) {
  const directory = path.join(root, 'benchmark', 'dgram');
  const cases = [];
  for (const name of fs.readdirSync(directory).sort()) {
    if (!name.endsWith('.js')) continue;
    const file = path.join(directory, name);
    const configs = await firstMessage(path.join(__dirname, 'list.js'), [file]);
    for (const config of configs) {
      const shown = Object.entries(config)
        .filter(([key]) => !['dur', 'num', 'n'].includes(key))
        .map(([key, value]) => `${key}=${value}`).join(' ');
      cases.push({ name: `${path.basename(name, '.js')} ${shown}`,
        file, config });
    }
  }
  return cases.filter(({ name }) => name.includes(filter));
}

/**
 * @returns {Promise<number|undefined>} its rate, in the unit of that benchmark;
 *   undefined for parameters that measure nothing (some of bind-params)
 */
async function runCase({ file, config }, seconds, preload) {
  const own = { ...config, ...config.dur && { dur: seconds } };
  const args = Object.entries(own).map(([key, value]) => `${key}=${value}`);
  const pinned = cpus.length > 0 && {
    execPath: 'taskset',
    execArgv: ['-c', String(cpus[0]), process.execPath, ...preload],
  };
  const message = await firstMessage(file, args, {
    execArgv: preload,
    ...pinned,
    // Makes the benchmark file run this one case in its own process.
    env: {
      ...process.env, NODE_RUN_BENCHMARK_FN: '', DGRAM_NATIVE_FALLBACK: '0',
    },
  });
  return message?.rate;
}

const PRELOADS = { node: [], native: ['--require', packed.register] };
const ORDER = Object.keys(PRELOADS);

async function runAll(cases, { rounds, seconds }) {
  const rates = new Map(cases.map(({ name }) =>
    [name, { node: [], native: [] }]));
  const total = cases.length * rounds;
  let step = 0;
  for (let round = 0; round < rounds; round++) {
    for (const one of cases) {
      if (round > 0 && !rates.has(one.name)) continue;
      const order = (step + round) % 2 === 0 ? ORDER : [...ORDER].reverse();
      const own = rates.get(one.name);
      for (const name of order) {
        own[name].push(await runCase(one, seconds, PRELOADS[name]));
      }
      step++;
      if (own.node.includes(undefined) && own.native.includes(undefined)) {
        rates.delete(one.name);
        continue;
      }
      report(step, total, one, own);
    }
  }
  if (process.stderr.isTTY) process.stderr.write('\r\x1b[K');
  return rates;
}

function report(step, total, { name }, own) {
  const times = own.native.at(-1) / own.node.at(-1);
  const line = `${step}/${total} ${name}: ${format(times)}x`;
  process.stderr.write(process.stderr.isTTY ?
    `\r\x1b[K${line.slice(0, 79)}` : `${line}\n`);
}

function draw(results, mean) {
  const table = new Table({
    head: ['', 'node:dgram', 'dgram-native', 'x node:dgram, rate',
           'min–max'],
    colAligns: ['left', 'right', 'right', 'right', 'right'],
    style: { head: [], border: [], compact: true },
  });
  for (const { name, node, native, times } of results) {
    const each = native.values.map((value, i) => value / node.values[i]);
    table.push([name, format(node.median), format(native.median),
                `${format(times)}x`,
                `${format(Math.min(...each))}–${format(Math.max(...each))}`]);
  }
  const slower = results.filter(({ times }) => times < 1).length;
  return `${table.toString()}\n` +
    "Medians, in the unit of Node's benchmark (gigabits or operations per " +
    `second).\nGeometric mean: ${format(mean)}x. ` +
    `Slower: ${slower} of ${results.length} cases.\n`;
}

async function main() {
  const options = readOptions(process.argv.slice(2));
  if (options.help) {
    process.stdout.write(USAGE);
    return;
  }
  const suite = await findSuite({
    source: options.source, cache: CACHE, log: console.log,
  });
  const cases = await findCases(suite.root, options.filter);
  if (cases.length === 0) throw new Error(`no case contains ${options.filter}`);
  console.log(`Node ${process.versions.node}, ` +
    `benchmark/dgram of Node ${suite.version ?? 'unknown'}: ` +
    `${cases.length} cases, ${options.rounds} round(s)`);
  const rates = await runAll(cases, options);
  if (rates.size === 0) throw new Error('no case reported a rate');
  const results = [...rates].map(([name, own]) => {
    const [node, native] = ORDER.map((key) => summarize(own[key]));
    return { name, node, native, times: ratio(native, node, 'higher') };
  });
  const mean = geometricMean(results.map(({ times }) => times));
  process.stdout.write(draw(results, mean));
  if (options.json) {
    fs.writeFileSync(options.json, `${JSON.stringify({
      format: 1, date: new Date().toISOString(),
      node: process.versions.node, suite: suite.version,
      rounds: options.rounds, seconds: options.seconds,
      geometricMean: mean, results,
    }, null, 1)}\n`);
  }
}

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
  process.once(signal, () => {
    for (const child of children) child.kill('SIGKILL');
    process.exit(1);
  });
}

main().catch((error) => {
  console.error(error.message);
  process.exitCode = 2;
});
