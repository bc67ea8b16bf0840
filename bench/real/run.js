#!/usr/bin/env node
'use strict';

/** Measures whole programs with node:dgram and dgram-native in turn. */

const fs = require('node:fs');
const path = require('node:path');
const { parseArgs } = require('node:util');
const { buildBaseline } = require('../baseline/build');
const { measureStart } = require('../calibrate');
const { CONTROL, findRuntimes, implementations } =
  require('../implementations');
const { describeMachine, findTrouble } = require('../machine');
const { metrics } = require('../metrics');
const { wholeNumber } = require('../options');
const { killAll } = require('../processes');
const { duration, runRounds } = require('../rounds');
const { drawTables } = require('../table');
const { installPackages } = require('./install');
const { Stage } = require('./stage');
const { describeMeans } = require('./means');
const { measureInTurns, named } = require('./turns');
const { workloads } = require('./workloads');

/**
 * In seconds. V8 has compiled most of what is hot by then: after 1 s its
 * compiler takes up to a tenth of the time that is measured.
 */
const WARM = 5;

const USAGE = `\
Runs whole programs with node:dgram and with dgram-native, and compares their CPU
time per request, datagram or operation. Those that make their own load run in
turns of 300 ms. Some are programs with npm packages, which are installed into
.cache/ before the first run. All traffic is on the loopback interface.

  npm run bench:real -- [options]

  --workload TEXT  only workloads whose name contains TEXT; repeatable
  --rounds N       runs of each workload and implementation (default: 5)
  --seconds N      measured time of a run (default: 3)
  --warm N         seconds of warm-up before it (default: ${WARM})
  --json FILE      write the figures to FILE
  --list           list the names of the workloads
  --help

The expected duration is printed before the first run.
`;

function readOptions(args) {
  const { values } = parseArgs({
    args,
    options: {
      workload: { type: 'string', multiple: true },
      rounds: { type: 'string' },
      seconds: { type: 'string' },
      warm: { type: 'string' },
      json: { type: 'string' },
      list: { type: 'boolean' },
      help: { type: 'boolean' },
    },
  });
  return {
    ...values,
    rounds: wholeNumber(values.rounds, 'rounds') ?? 5,
    seconds: wholeNumber(values.seconds, 'seconds') ?? 3,
    warm: wholeNumber(values.warm, 'warm') ?? WARM,
  };
}

function isInPath(command) {
  return process.env.PATH.split(path.delimiter).some((directory) =>
    fs.existsSync(path.join(directory, command)));
}

function chooseWorkloads({ workload: wanted }) {
  const chosen = workloads.filter(({ name }) =>
    !wanted || wanted.some((text) => name.includes(text)));
  if (chosen.length > 0) return chosen;
  throw new Error(`no workload contains ${wanted.join(' or ')}; see --list`);
}

/** The command that a workload lacks, with the remedy. */
function missingCommand({ requires }) {
  if (requires === undefined || isInPath(requires.command)) return undefined;
  return `${requires.command} was not found in PATH; on Debian and Ubuntu, ` +
    `install the package ${requires.package}`;
}

/** @returns {Map<object, string>} workloads that cannot be run, with reasons */
function findSkipped(chosen) {
  const skipped = new Map();
  for (const workload of chosen) {
    const missing = missingCommand(workload);
    if (missing) skipped.set(workload, missing);
  }
  const withPackages = chosen.filter((workload) => workload.package);
  if (withPackages.length === 0) return skipped;
  try {
    installPackages();
  } catch (error) {
    for (const workload of withPackages) skipped.set(workload, error.message);
  }
  return skipped;
}

function makePlan(options, chosen, startSeconds) {
  const plan = {
    timing: { warm: options.warm * 1000, measure: options.seconds * 1000 },
    rounds: options.rounds,
    chosen: chosen.map((workload) => ({
      scenario: workload,
      together: workload.start !== undefined,
      implementations: implementations.filter(({ name }) =>
        workload.implementations.includes(name)),
    })),
  };
  const runs = plan.chosen.reduce((sum, one) =>
    sum + one.implementations.length, 0);
  const each = options.warm + options.seconds +
    startSeconds.node + startSeconds.c;
  return { ...plan, seconds: runs * options.rounds * each };
}

function figuresOf(workload, outcome) {
  return { figures: Object.fromEntries(workload.metrics.map((name) =>
    [name, metrics[name].of(outcome)])) };
}

/** One program with one implementation. */
async function runAlone(workload, stage) {
  return [figuresOf(workload, await workload.run(stage))];
}

/** One program with several implementations. */
async function runInTurns(workload, stages, timing) {
  const checks = [];
  for (const stage of stages)
    checks.push([stage, await named(stage, workload.start(stage))]);
  const all = await measureInTurns(stages, timing);
  for (const [stage, check] of checks) await named(stage, check?.());
  return all.map((measured) => figuresOf(workload, { measured }));
}

/** @param {object[]} group one implementation, or those to run in turns */
async function runGroup(workload, group, baselineCommand, timing) {
  const stages = group.map((implementation) =>
    new Stage(implementation, baselineCommand, timing));
  try {
    return await (workload.start ?
      runInTurns(workload, stages, timing) : runAlone(workload, stages[0]));
  } finally {
    await Promise.all(stages.map((stage) => stage.end()));
  }
}

async function measure(options) {
  const chosen = chooseWorkloads(options);
  const skipped = findSkipped(chosen);
  const available = chosen.filter((workload) => !skipped.has(workload));
  for (const [{ name }, reason] of skipped)
    console.error(`${name}: ${reason}`);
  if (available.length === 0) throw new Error('no workload can be run');

  const { node, c } = findRuntimes();
  const baselineCommand = buildBaseline();
  const machine = describeMachine({ node, c });
  const trouble = findTrouble(machine);
  if (trouble) console.log(`note: ${trouble}`);
  const plan = makePlan(options, available,
    await measureStart({ node, c }, baselineCommand));
  console.log(`${available.length} workload(s), ${plan.rounds} round(s), ` +
              `expected duration ${duration(plan.seconds)}`);
  const { results, rounds, seconds } = await runRounds(plan,
    (workload, group) =>
      runGroup(workload, group, baselineCommand, plan.timing));
  console.log(`took ${duration(seconds)}`);
  for (const [workload, reason] of skipped) {
    const control = implementations.find(({ name }) => name === CONTROL);
    results.addProblem(workload, control, reason);
  }
  return results.report(machine, plan, rounds);
}

async function main() {
  const options = readOptions(process.argv.slice(2));
  if (options.help) {
    process.stdout.write(USAGE);
    return;
  }
  if (options.list) {
    console.log(workloads.map(({ name }) => name).join('\n'));
    return;
  }
  const report = await measure(options);
  process.stdout.write(drawTables(report) + describeMeans(report));
  if (options.json)
    fs.writeFileSync(options.json, `${JSON.stringify(report, null, 1)}\n`);
  process.exitCode = report.problems.some(({ isFailure }) => isFailure) ? 1 : 0;
}

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
  process.once(signal, () => {
    killAll();
    process.exit(1);
  });
}

main().catch((error) => {
  killAll();
  console.error(error.message);
  process.exitCode = 2;
});
