'use strict';

// `npm run test:fuzz`: libFuzzer on every C function that reads foreign input.
// Targets run in parallel, one per core, with the committed corpus and the
// inputs found by earlier runs.
//
//   node test/fuzz/run.js [--seconds N] [--target NAME]... [--merge]
//
//   --seconds N     for each target (default 10)
//   --target NAME   only this one
//   --merge         afterwards, reduce test/fuzz/corpus to inputs that reach
//                   every edge reached so far

const { spawn } = require('node:child_process');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { parseArgs } = require('node:util');

const Table = require('cli-table3');

const { line } = require('../../scripts/tally');
const { build, cache, missing, root } = require('./build');
const { targets } = require('./targets');

/** Longer inputs reach nothing new. */
const LENGTH = 4096;
/** A committed seed is small. */
const SEED_LENGTH = 512;

const { values: options } = parseArgs({
  options: {
    merge: { type: 'boolean', default: false },
    seconds: { type: 'string', default: '10' },
    target: { type: 'string', multiple: true, default: Object.keys(targets) },
  },
});

function directory(...names) {
  const name = path.join(...names);
  fs.mkdirSync(name, { recursive: true });
  return name;
}

const corpusOf = (name) => directory(root, 'test', 'fuzz', 'corpus', name);
const grownOf = (name) => directory(cache, 'corpus', name);

/** Runs libFuzzer; resolves to its exit code and output. */
function start(binary, args) {
  const child = spawn(binary, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text) => { output += text; });
  }
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code, signal) => {
      resolve({ failed: code !== 0, code: signal ?? code, output });
    });
  });
}

function fuzz(name, binary) {
  const crashes = directory(cache, 'crashes');
  return start(binary, [
    `-max_total_time=${Number(options.seconds)}`,
    `-max_len=${LENGTH}`,
    '-timeout=20',
    '-print_final_stats=1',
    `-artifact_prefix=${path.join(crashes, `${name}-`)}`,
    grownOf(name), corpusOf(name),
  ]);
}

const last = (output, pattern) => [...output.matchAll(pattern)].at(-1)?.[1];

/** The figures in libFuzzer's output. */
function figures(output) {
  return {
    inputs: Number(last(output, /number_of_executed_units: (\d+)/g) ?? 0),
    edges: Number(last(output, /\bcov: (\d+)/g) ?? 0),
    features: Number(last(output, /\bft: (\d+)/g) ?? 0),
    corpus: last(output, /\bcorp: (\S+)/g) ?? '',
  };
}

/** The output without progress lines. */
function report(output) {
  return output.split('\n').filter((text) => !/^#\d+\s+[A-Z]+ /.test(text))
    .filter((text) => !/^\s*NEW_FUNC|# Uses: /.test(text)).join('\n');
}

/** Reduces the corpus to a small set of small inputs with the same coverage. */
async function merge(name, binary) {
  const corpus = corpusOf(name);
  const merged = directory(cache, 'merged', name);
  fs.rmSync(merged, { recursive: true });
  directory(merged);
  const { failed, output } = await start(binary, [
    '-set_cover_merge=1', '-use_counters=0', `-max_len=${SEED_LENGTH}`,
    merged, corpus, grownOf(name),
  ]);
  if (failed) throw new Error(output);
  fs.rmSync(corpus, { recursive: true });
  fs.cpSync(merged, corpus, { recursive: true });
}

async function runTarget(name) {
  const binary = build(name);
  const result = await fuzz(name, binary);
  const { inputs, edges, features, corpus } = figures(result.output);
  const failed = result.failed || inputs === 0;
  if (failed) console.error(`\n${name}\n${report(result.output)}`);
  else if (options.merge) await merge(name, binary);
  console.log(`${name}: ${inputs} inputs, ${edges} edges, ` +
    `${failed ? `FAILED (${result.code})` : 'no failure'}`);
  return { name, inputs, edges, features, corpus, failed };
}

/** Runs the targets that `names` yields, until it is exhausted. */
async function worker(names, results) {
  for (let name = names.shift(); name !== undefined; name = names.shift()) {
    results.push(await runTarget(name));
  }
}

async function main() {
  const lack = missing();
  if (lack !== null) {
    if (process.env.CI) throw new Error(`test:fuzz needs ${lack}`);
    console.log(`skipped: test:fuzz needs ${lack}`);
    console.log(line({ passed: 0, failed: 0, skipped: options.target.length }));
    return;
  }
  const unknown = options.target.filter((name) => !(name in targets));
  if (unknown.length > 0) throw new Error(`no target ${unknown.join(', ')}`);

  const results = [];
  const names = [...options.target];
  await Promise.all(os.cpus().map(() => worker(names, results)));
  const table = new Table({
    head: ['target', 'inputs', 'edges', 'features', 'corpus', ''],
    style: { border: [], head: [] },
  });
  for (const { name, inputs, edges, features, corpus, failed } of results) {
    table.push([name, inputs, edges, features, corpus, failed ? 'FAILED' : '']);
  }
  console.log(`\n${table}`);
  const failed = results.filter((result) => result.failed).length;
  console.log(line({ passed: results.length - failed, failed, skipped: 0 }));
  process.exitCode = failed > 0 ? 1 : 0;
}

main();
