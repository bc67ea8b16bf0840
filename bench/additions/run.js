#!/usr/bin/env node
'use strict';

/** Measures what each addition to node:dgram costs a program that uses it. */

const fs = require('node:fs');
const path = require('node:path');
const { spawnSync } = require('node:child_process');
const { parseArgs } = require('node:util');
const Table = require('cli-table3');

const { cases } = require('./cases');
const { findRuntimes } = require('../implementations');
const { describeMachine, findTrouble } = require('../machine');
const { wholeNumber } = require('../options');

const USAGE = `\
Measures the CPU time of each addition: the same work with it and without it, in
turn within one process. The figures contain both ends of the traffic.

  npm run bench:additions -- [options]

  --case TEXT    only cases whose name contains TEXT; repeatable
  --rounds N     rounds of each case (default: 200)
  --json FILE    write the figures to FILE
  --list         list the names of the cases
  --help
`;

function readOptions() {
  const { values } = parseArgs({
    options: {
      case: { type: 'string', multiple: true },
      rounds: { type: 'string' },
      json: { type: 'string' },
      list: { type: 'boolean' },
      help: { type: 'boolean' },
    },
  });
  return { ...values, rounds: wholeNumber(values.rounds, 'rounds') ?? 200 };
}

/** Each case has a process: no code was compiled for another one. */
function measure({ name }, rounds) {
  const args = [path.join(__dirname, 'measure.js'), name, rounds];
  const { status, stdout } = spawnSync(process.execPath, args, {
    encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'], timeout: 300000,
  });
  if (status !== 0) throw new Error(`the case '${name}' failed`);
  return { name, ...JSON.parse(stdout) };
}

const nanos = (value) =>
  Math.round(value).toLocaleString('en-US');

/** @param {'median'|'least'} figure */
function difference({ without, with: used }, figure) {
  const value = used[figure] - without[figure];
  return `${value > 0 ? '+' : ''}${nanos(value)}`;
}

function draw(results) {
  const table = new Table({
    head: ['addition', 'per', 'without it', 'ns', 'with it', 'ns',
           'more, median', 'more, least'],
    style: { border: [], head: [], compact: true },
  });
  for (const result of results) {
    const { without, with: used } = result;
    table.push([
      result.name, result.unit, without.title, nanos(without.median),
      used.title, nanos(used.median), difference(result, 'median'),
      difference(result, 'least'),
    ]);
  }
  return String(table);
}

function main() {
  const options = readOptions();
  if (options.help) return void process.stdout.write(USAGE);
  const chosen = cases.filter(({ name }) =>
    options.case?.some((text) => name.includes(text)) ?? true);
  if (options.list) {
    return void process.stdout.write(
      chosen.map(({ name }) => `${name}\n`).join(''));
  }
  if (chosen.length === 0) throw new Error('no such case; see --list');
  const machine = describeMachine(findRuntimes());
  const trouble = findTrouble(machine);
  if (trouble) process.stdout.write(`${trouble}\n`);
  const results = chosen.map((one, index) => {
    process.stdout.write(`${index + 1}/${chosen.length} ${one.name}\n`);
    return measure(one, options.rounds);
  });
  process.stdout.write(`\n${machine.cpu}, Linux ${machine.kernel}, Node ` +
    `${process.versions.node}, ${options.rounds} rounds\n${draw(results)}\n`);
  if (options.json !== undefined) {
    const date = new Date().toISOString();
    const report = { date, machine, rounds: options.rounds, results };
    fs.writeFileSync(options.json, `${JSON.stringify(report, null, 2)}\n`);
  }
}

try {
  main();
} catch (error) {
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 1;
}
