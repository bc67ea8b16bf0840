'use strict';

/** Runs a plan: in each round, every implementation once per scenario. */

const { metrics } = require('./metrics');
const { Progress } = require('./progress');
const { Results } = require('./results');
const { format } = require('./table');

// A benchmark that is slower than planned ends after the current round.
const TOLERANCE = 1.1;

/** Each implementation is first, second, ... equally often. */
function rotate(list, by) {
  const at = by % list.length;
  return [...list.slice(at), ...list.slice(0, at)];
}

function describe(scenario, figures) {
  const [first] = scenario.metrics;
  return `${format(figures[first])} ${metrics[first].unit}`.trim();
}

/** Adds the result of one run to the results, and describes it. */
function take(results, scenario, implementation, { figures, unsupported }) {
  if (unsupported) {
    results.addSkipped(scenario, implementation, unsupported);
    return 'skipped';
  }
  results.add(scenario, implementation, figures);
  return describe(scenario, figures);
}

async function runGroup(scenario, group, round, context) {
  const { plan, run, results, progress } = context;
  progress.begin(round + 1, plan.rounds, scenario, group);
  let all;
  try {
    all = await run(scenario, group);
  } catch (error) {
    for (const implementation of group) {
      results.addProblem(scenario, implementation, error.message);
      progress.done(implementation, 'failed');
    }
    return;
  }
  group.forEach((implementation, i) => progress.done(
    implementation, take(results, scenario, implementation, all[i])));
}

async function runScenario(one, round, context) {
  const { scenario, implementations, together } = one;
  const order = rotate(implementations, round);
  const groups = together ? [order] : order.map((single) => [single]);
  for (const group of groups) await runGroup(scenario, group, round, context);
  context.progress.endOfScenario(round + 1, context.plan.rounds, scenario);
}

/**
 * @param {object} plan see plan.js; without `timing.limit` all rounds are run.
 *   `chosen[i].together`: the implementations of a scenario are run as a group
 * @param {(scenario: object, group: object[]) =>
 *   Promise<Array<{figures: object}|{unsupported: string}>>} run runs a group
 *   of implementations, which otherwise has one member
 * @returns {Promise<{results: Results, rounds: number, seconds: number}>}
 *   seconds is the time it took
 */
async function runRounds(plan, run) {
  const runs = plan.chosen.reduce((sum, { implementations }) =>
    sum + implementations.length, 0);
  const results = new Results();
  const progress = new Progress(process.stderr, runs * plan.rounds);
  const context = { plan, run, results, progress };
  const { limit = Infinity } = plan.timing;
  const started = Date.now();
  const elapsed = () => (Date.now() - started) / 1000;
  let round = 0;
  while (round < plan.rounds) {
    for (const one of plan.chosen) await runScenario(one, round, context);
    round++;
    if (elapsed() / round * (round + 1) > limit * TOLERANCE) break;
  }
  progress.end();
  return { results, rounds: round, seconds: elapsed() };
}

/** "45 s", "3 min 20 s" */
function duration(seconds) {
  const whole = Math.max(1, Math.round(seconds));
  return whole < 100 ? `${whole} s` :
    `${Math.floor(whole / 60)} min ${whole % 60} s`;
}

module.exports = { duration, runRounds };
