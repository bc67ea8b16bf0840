'use strict';

// Runs the mocha suites on every supported Node, with the one addon that
// `npm run build` made, as its stable ABI promises. Then runs the tests of the
// packed package, which try all Nodes themselves.
//
//   node test/matrix/run.js [--quick] [VERSION... | package]    default: all
//
// With --quick, as in CI, the versions between the oldest and the newest run
// without programs and tools.

const { execFile } = require('node:child_process');
const path = require('node:path');
const { parseArgs, promisify } = require('node:util');

const Table = require('cli-table3');
const { Listr } = require('listr2');

const { line } = require('../../scripts/tally');
const { nodeBinary, versions } = require('./nodes');
const { runSuite } = require('./suite');

require('../support/package'); // packed once, before child processes

const PACKAGE = 'package';
const ARGS = {
  unit: ['--config', 'test/unit.mocharc.cjs'],
  middle: [
    '--config', 'test/unit.mocharc.cjs',
    '--ignore', 'test/{e2e,examples,platforms,upstream}/**',
  ],
  package: ['test/package/**/*.test.js'],
};

/** Of `versions`, which are in order. */
const isMiddle = (version) =>
  version !== versions[0] && version !== versions[versions.length - 1];
const build = path.join(__dirname, '..', '..', 'scripts', 'prebuild',
                        'build.js');

/** A task that runs a suite and stores its result. */
function suiteTask(name, title, prepare, args) {
  return {
    title,
    task: async (results, task) => {
      const onTest = (done, total, test) => {
        // One changing line on a terminal. Elsewhere that would be a thousand
        // lines.
        if (process.stdout.isTTY) task.output = `${done}/${total}  ${test}`;
      };
      const result = await prepare()
        .then((node) => runSuite(node, args, onTest))
        .catch((error) => ({
          passed: 0, failed: 1, skipped: 0, failures: [error.message],
        }));
      results.set(name, result);
      task.title = `${title}: ${line(result)}`;
      if (result.failed > 0) throw new Error(task.title);
    },
  };
}

function packageTask() {
  return suiteTask(PACKAGE, 'the packed package, on every Node', async () => {
    await promisify(execFile)(process.execPath, [build, '--all']);
    return process.execPath;
  }, ARGS.package);
}

function nodeTask(version, isQuick) {
  return suiteTask(version, `Node ${version}`, async () => nodeBinary(version),
                   isQuick && isMiddle(version) ? ARGS.middle : ARGS.unit);
}

function report(wanted, results) {
  const table = new Table({
    head: ['', 'passed', 'failed', 'skipped'],
    style: { border: [], head: [] },
  });
  const sum = { passed: 0, failed: 0, skipped: 0 };
  for (const name of wanted) {
    const result = results.get(name);
    const { passed, failed, skipped, failures } = result;
    for (const failure of failures) console.log(`\n${name}: ${failure}`);
    table.push([name, passed, failed, skipped]);
    for (const field of Object.keys(sum)) sum[field] += result[field];
  }
  console.log(`\n${table}`);
  console.log(`matrix: ${line(sum)}`);
  process.exitCode = sum.failed > 0 ? 1 : 0;
}

async function main() {
  const { values, positionals } = parseArgs({
    options: { quick: { type: 'boolean', default: false } },
    allowPositionals: true,
  });
  const wanted = positionals.length > 0 ?
    positionals : [...versions, PACKAGE];
  const results = new Map();
  const tasks = new Listr(
    wanted.map((name) => (name === PACKAGE ?
      packageTask() : nodeTask(name, values.quick))),
    { exitOnError: false, fallbackRenderer: 'simple' });
  await tasks.run(results);
  report(wanted, results);
}

main();
