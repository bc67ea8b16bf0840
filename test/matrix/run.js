'use strict';

// Runs mocha's part of the suite over every supported Node with the one
// addon that `npm run build` made, which is what a stable ABI promises.
//
//   node test/matrix/run.js [VERSION...]    all of them, or those named

const { spawn } = require('node:child_process');
const path = require('node:path');

const Table = require('cli-table3');

const { line, tally } = require('../../scripts/tally');
const { nodeBinary, versions } = require('./nodes');

const root = path.join(__dirname, '..', '..');
const mocha = require.resolve('mocha/bin/mocha.js');
const args = ['--config', 'test/unit.mocharc.cjs', '--reporter', 'dot'];

function suite(binary) {
  const child = spawn(binary, [mocha, ...args], {
    cwd: root,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (text) => {
    output += text;
    process.stdout.write(text);
  });
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code, signal) => resolve({ output, code, signal }));
  });
}

async function main() {
  const wanted = process.argv.length > 2 ? process.argv.slice(2) : versions;
  const table = new Table({
    head: ['Node', 'passed', 'failed', 'skipped', 'exit'],
    style: { border: [], head: [] },
  });
  const total = { passed: 0, failed: 0, skipped: 0 };
  for (const version of wanted) {
    console.log(`\nNode ${version}`);
    const { output, code, signal } = await suite(nodeBinary(version));
    const sum = tally(output);
    // A run that died, or ran nothing, has failed whatever it printed.
    if ((code !== 0 && sum.failed === 0) || sum.passed === 0) sum.failed++;
    table.push([version, sum.passed, sum.failed, sum.skipped, signal ?? code]);
    for (const field of Object.keys(total)) total[field] += sum[field];
  }
  console.log(`\n${table}`);
  // The form of a closing line, after mocha's own lines of each version.
  console.log(`matrix, in all: ${line(total)}`);
  process.exitCode = total.failed > 0 ? 1 : 0;
}

main();
