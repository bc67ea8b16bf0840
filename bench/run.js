#!/usr/bin/env node
'use strict';

/** Runs the benchmark. See options.js for its options. */

const fs = require('node:fs');
const { buildBaseline } = require('./baseline/build');
const { measureHighestRate, measureStart } = require('./calibrate');
const { findRuntimes, implementations } = require('./implementations');
const { describeMachine, descriptorLimit, findTrouble } = require('./machine');
const { USAGE, readOptions } = require('./options');
const { makePlan } = require('./plan');
const { killAll } = require('./processes');
const { duration, runRounds } = require('./rounds');
const { runOnce } = require('./run-once');
const { FORMAT } = require('./results');
const { GROUPS, scenarios } = require('./scenarios');
const { drawTables } = require('./table');

function list() {
  const names = (all) => all.map(({ name }) => `  ${name}\n`).join('');
  for (const [group, description] of Object.entries(GROUPS)) {
    const members = scenarios.filter(({ groups }) => groups.includes(group));
    console.log(`Group ${group}: ${description}\n${names(members)}`);
  }
  console.log(`Implementations\n${names(implementations).trimEnd()}`);
}

function limitSockets(plan) {
  const most = descriptorLimit() - 200;
  for (const { scenario } of plan.chosen) {
    if (!(scenario.config?.sockets > most)) continue;
    console.log(
      `${scenario.name}: only ${most} sockets because of ulimit -n`);
    scenario.config.sockets = most;
  }
}

async function measure(options) {
  const runtimes = findRuntimes();
  const tools = { runtimes, baselineCommand: buildBaseline() };
  const machine = describeMachine(runtimes);
  const startSeconds = await measureStart(runtimes, tools.baselineCommand);
  const plan = makePlan(options, runtimes, startSeconds);
  const trouble = findTrouble(machine);
  if (trouble) console.log(`note: ${trouble}`);
  limitSockets(plan);
  console.log(`${plan.chosen.length} scenario(s), ${plan.rounds} round(s), ` +
              `expected duration ${duration(plan.seconds)}`);
  if (plan.chosen.some(({ scenario }) => scenario.peer?.rateShare)) {
    tools.highestRate = await measureHighestRate((scenario, implementation) =>
      runOnce(scenario, implementation, tools, plan.timing));
  }
  const { results, rounds, seconds } = await runRounds(plan,
    async (scenario, [implementation]) =>
      [await runOnce(scenario, implementation, tools, plan.timing)]);
  console.log(`took ${duration(seconds)}`);
  return {
    ...results.report(machine, plan, rounds),
    highestRate: tools.highestRate,
  };
}

function readReport(file) {
  const report = JSON.parse(fs.readFileSync(file, 'utf8'));
  if (report.format === FORMAT) return report;
  throw new Error(`${file} has format ${report.format}, this version reads ` +
                  `format ${FORMAT}: measure again`);
}

async function main() {
  const options = readOptions(process.argv.slice(2));
  if (options.help) {
    process.stdout.write(USAGE);
    return;
  }
  if (options.list) {
    list();
    return;
  }
  const report = options.from ?
    readReport(options.from) : await measure(options);
  process.stdout.write(drawTables(report));
  if (options.json)
    fs.writeFileSync(options.json, `${JSON.stringify(report, null, 1)}\n`);
  if (options.svg) {
    // Loaded late: loading ECharts takes as long as one run.
    const { drawChart } = require('./chart');
    fs.writeFileSync(options.svg, drawChart(report));
  }
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
