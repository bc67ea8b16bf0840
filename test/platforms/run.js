#!/usr/bin/env node
'use strict';

/**
 * Runs the tests on kernels, processors and systems other than this machine's,
 * in emulators. See usage below.
 */

const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { parseArgs } = require('node:util');
const Table = require('cli-table3');

const { allExplained, isFault, listsOf } = require('./report');
const { root } = require('./support');

const CACHE = path.join(root, '.cache', 'platforms');
const KINDS = ['kernels', 'qemu', 'windows', 'compile'];

const USAGE = `\
Runs the tests of test/api/ and test/native/ on other platforms, and failed files
once more with node:dgram there. Debian and root are required.

  npm run test:platforms -- [options] [NAME...]      default: all

  --list             the names of the platforms
  --quick            a shorter part
  --jobs N           platforms at a time (default: 1)
  --json FILE        write the results there
  --timeout MINUTES  for one run of mocha (default: 40)
  --help
`;

/** All platforms by name. A kind whose module is missing has none. */
function findPlatforms() {
  return Object.assign({}, ...KINDS
    .filter((kind) => fs.existsSync(path.join(__dirname, `${kind}.js`)))
    .map((kind) => require(`./${kind}`).platforms));
}

function readOptions() {
  const { values, positionals } = parseArgs({
    options: {
      list: { type: 'boolean' },
      quick: { type: 'boolean' },
      jobs: { type: 'string', default: '1' },
      json: { type: 'string' },
      timeout: { type: 'string', default: '40' },
      help: { type: 'boolean' },
    },
    allowPositionals: true,
  });
  const number = (name) => {
    const value = Number(values[name]);
    if (!(value > 0)) throw new Error(`--${name} must be a number above 0`);
    return value;
  };
  return {
    ...values,
    jobs: number('jobs'),
    timeout: number('timeout') * 60000,
    names: positionals,
  };
}

/**
 * @typedef {object} Context
 * @property {string} cache a folder that git ignores, for this platform
 * @property {(text: string) => void} log prints a line of progress
 * @property {number} timeout of one run of mocha, in milliseconds
 * @property {boolean} quick a shorter part
 */

/** An error of the platform itself is the failure of a step. */
async function runOne(name, platform, options) {
  const cache = path.join(CACHE, name);
  fs.mkdirSync(cache, { recursive: true });
  const log = (text) => process.stdout.write(`${name}: ${text}\n`);
  log(platform.title);
  try {
    const { how, steps } = await platform.run({
      cache, log, timeout: options.timeout, quick: options.quick === true,
    });
    return { name, how, steps, ok: allExplained(steps) };
  } catch (error) {
    const test = '(the platform could not be run)';
    const failure =
      { test, error: error.stack, reason: null, controlFailed: false };
    return {
      name, how: platform.title, ok: false,
      steps: [{
        title: 'start', passed: 0, failed: 1, pending: 0, seconds: 0,
        failures: [failure], unexpected: [],
      }],
    };
  }
}

/** @returns {Promise<object[]>} the results in the order of `names` */
async function runAll(names, platforms, options) {
  const results = [];
  let next = 0;
  const work = async () => {
    while (next < names.length) {
      const index = next++;
      const name = names[index];
      results[index] = await runOne(name, platforms[name], options);
      process.stdout.write(describePlatform(results[index]));
    }
  };
  await Promise.all(Array.from({ length: options.jobs }, work));
  return results;
}

function describeFailure({ test, error, reason, controlFailed }) {
  const cause = reason ??
    (controlFailed ? 'no reason in the list' : 'a fault');
  const control = controlFailed ? ', fails with node:dgram too' : '';
  const detail = isFault({ reason, controlFailed }) ?
    `\n      ${String(error).split('\n').slice(0, 12).join('\n      ')}` : '';
  return `  ${test}\n    ${cause}${control}${detail}\n`;
}

/** The failures of a platform by name, and the list's outdated entries. */
function describePlatform({ name, steps }) {
  let text = '';
  for (const { title, failures, unexpected = [] } of steps) {
    if (failures.length > 0) {
      text += `\n${name}, ${title}: ${failures.length} failed\n` +
        failures.map(describeFailure).join('');
    }
    for (const test of unexpected) {
      text += `\n${name}: passed, but listed in ` +
        `${listsOf(name).join(' or ')}: ${test}\n`;
    }
  }
  return text;
}

function table(results) {
  const rows = new Table({
    head: ['platform', 'step', 'passed', 'faults', "the platform's", 'skipped',
           'seconds'],
    style: { border: [], head: [] },
  });
  for (const { name, steps } of results) {
    for (const step of steps) {
      const faults = step.failures.filter(isFault).length;
      rows.push([name, step.title, step.passed, faults, step.failed - faults,
                 step.pending, step.seconds]);
    }
  }
  return String(rows);
}

function total(results) {
  const sum = { passed: 0, failed: 0, skipped: 0 };
  for (const { passed, failures, pending } of
    results.flatMap(({ steps }) => steps)) {
    sum.passed += passed;
    sum.failed += failures.filter(isFault).length;
    sum.skipped += pending;
  }
  return `platforms: ${sum.passed} passed, ${sum.failed} failed, ` +
    `${sum.skipped} skipped`;
}

async function main() {
  const options = readOptions();
  if (options.help) return void process.stdout.write(USAGE);
  const platforms = findPlatforms();
  if (options.list) {
    for (const [name, { title }] of Object.entries(platforms)) {
      process.stdout.write(`${name.padEnd(16)}${title}\n`);
    }
    return;
  }
  const names = options.names.length > 0 ?
    options.names : Object.keys(platforms);
  const unknown = names.filter((name) => !Object.hasOwn(platforms, name));
  if (unknown.length > 0) {
    throw new Error(`no such platform: ${unknown.join(', ')}; see --list`);
  }
  const results = await runAll(names, platforms, options);
  process.stdout.write(`\n${table(results)}\n${total(results)}\n`);
  if (options.json !== undefined) {
    const about = {
      date: new Date().toISOString(), node: process.version,
      host: `${os.type()} ${os.release()}`, quick: options.quick === true,
    };
    fs.writeFileSync(options.json,
                     `${JSON.stringify({ ...about, results }, null, 2)}\n`);
  }
  process.exitCode = results.every(({ ok }) => ok) ? 0 : 1;
}

main().catch((error) => {
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 1;
});
