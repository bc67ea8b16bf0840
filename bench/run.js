#!/usr/bin/env node
'use strict';

/** Runs the benchmark. See options.js for its options. */

const fs = require('node:fs');
const { contestants, findRuntimes } = require('./implementations');
const { describeMachine, descriptorLimit, findTrouble } = require('./machine');
const { USAGE, readOptions } = require('./options');
const { makePlan } = require('./plan');
const { killAll } = require('./processes');
const { Progress } = require('./progress');
const { Results } = require('./results');
const { runOnce } = require('./run-once');
const { scenarios } = require('./scenarios');
const { drawTables, format } = require('./table');
const { metrics } = require('./metrics');
const { buildFloor } = require('./baseline/build');

// A run that is slower than planned ends with the round it is in.
const PATIENCE = 1.1;

function list() {
  const names = (all) => all.map(({ name, title, label }) =>
    `  ${name.padEnd(40)}${title ?? label}`).join('\n');
  console.log(`Scenarios\n${names(scenarios)}\n\n` +
              `Contestants\n${names(contestants)}`);
}

/** Everybody is first, second, ... as often as the others. */
function rotate(field, by) {
  const at = by % field.length;
  return [...field.slice(at), ...field.slice(0, at)];
}

function describe(scenario, figures) {
  const [first] = scenario.metrics;
  return `${format(figures[first])} ${metrics[first].unit}`;
}

/** One scenario in one round: each contestant once. */
async function runField({ scenario, field }, round, plan, tools, report) {
  const { results, progress } = report;
  for (const contestant of rotate(field, round)) {
    progress.begin(round + 1, plan.rounds, scenario, contestant);
    let outcome;
    try {
      const { figures, unsupported } =
        await runOnce(scenario, contestant, tools, plan.timing);
      if (unsupported) throw new Error(unsupported);
      results.add(scenario, contestant, figures);
      outcome = describe(scenario, figures);
    } catch (error) {
      results.addProblem(scenario, contestant, error.message);
      outcome = 'failed';
    }
    progress.done(contestant, outcome);
  }
  progress.endOfScenario(round + 1, plan.rounds, scenario);
}

function limitSockets(plan) {
  const most = descriptorLimit() - 200;
  for (const one of plan.chosen) {
    const { config } = one.scenario;
    if (!(config?.sockets > most)) continue;
    console.log(`${one.scenario.name}: ${most} sockets, as ulimit -n allows`);
    config.sockets = most;
  }
}

async function runAll(plan, tools) {
  const runs = plan.chosen.reduce((sum, { field }) => sum + field.length, 0);
  const results = new Results();
  const progress = new Progress(process.stderr, runs * plan.rounds);
  const started = Date.now();
  let round = 0;
  while (round < plan.rounds) {
    for (const one of plan.chosen) {
      await runField(one, round, plan, tools, { results, progress });
    }
    round++;
    const each = (Date.now() - started) / 1000 / round;
    if (each * (round + 1) > plan.timing.limit * PATIENCE) break;
  }
  progress.end();
  return { results, rounds: round };
}

async function measure(options) {
  const runtimes = findRuntimes();
  const plan = makePlan(options, runtimes);
  const tools = { runtimes, floorCommand: buildFloor() };
  const machine = describeMachine(runtimes);
  const trouble = findTrouble(machine);
  if (trouble) console.log(`note: ${trouble}`);
  limitSockets(plan);
  console.log(`${plan.chosen.length} scenarios, ${plan.rounds} round(s), ` +
              `about ${Math.ceil(plan.roundSeconds * plan.rounds / 60)} min`);
  const { results, rounds } = await runAll(plan, tools);
  return results.report(machine, plan, rounds);
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
    JSON.parse(fs.readFileSync(options.from, 'utf8')) : await measure(options);
  process.stdout.write(drawTables(report));
  if (options.json)
    fs.writeFileSync(options.json, `${JSON.stringify(report, null, 1)}\n`);
  if (options.svg) {
    // Only now: it takes as long to load as a run.
    const { drawChart } = require('./chart');
    fs.writeFileSync(options.svg, drawChart(report));
  }
  process.exitCode = report.problems.some(({ ours }) => ours) ? 1 : 0;
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
