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

async function runScenario({ scenario, implementations }, round, context) {
  const { plan, runOne, results, progress } = context;
  for (const implementation of rotate(implementations, round)) {
    progress.begin(round + 1, plan.rounds, scenario, implementation);
    let outcome;
    try {
      const { figures, unsupported } = await runOne(scenario, implementation);
      if (unsupported) {
        results.addSkipped(scenario, implementation, unsupported);
        outcome = 'skipped';
      } else {
        results.add(scenario, implementation, figures);
        outcome = describe(scenario, figures);
      }
    } catch (error) {
      results.addProblem(scenario, implementation, error.message);
      outcome = 'failed';
    }
    progress.done(implementation, outcome);
  }
  progress.endOfScenario(round + 1, plan.rounds, scenario);
}

/**
 * @param {object} plan see plan.js; without `timing.limit` all rounds are run
 * @param {(scenario: object, implementation: object) =>
 *   Promise<{figures: object}|{unsupported: string}>} runOne
 * @returns {Promise<{results: Results, rounds: number, seconds: number}>}
 *   seconds is the time it took
 */
async function runRounds(plan, runOne) {
  const runs = plan.chosen.reduce((sum, { implementations }) =>
    sum + implementations.length, 0);
  const results = new Results();
  const progress = new Progress(process.stderr, runs * plan.rounds);
  const context = { plan, runOne, results, progress };
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
