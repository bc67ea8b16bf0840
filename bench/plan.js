'use strict';

/** Which scenarios and contestants a run consists of, and how long it takes. */

const { CONTROL, contestants } = require('./implementations');
const { scenarios } = require('./scenarios');

const FULL = { warm: 250, measure: 400, limit: 13.5 * 60, most: 9 };
const QUICK = { warm: 120, measure: 200, limit: 80, most: 2 };

// Starting and ending the processes of one run.
const OVERHEAD = 0.2;

function seconds(scenario, timing) {
  const { length = 1, once } = scenario;
  const window = (timing.warm + timing.measure * length) / 1000;
  return OVERHEAD + (once ?? window);
}

function chooseScenarios({ scenario: wanted, quick }) {
  const chosen = scenarios.filter(({ name, quick: inQuick }) =>
    (wanted ? wanted.some((text) => name.includes(text)) : !quick || inQuick));
  if (chosen.length === 0) throw new Error('no such scenario; see --list');
  return chosen;
}

function chooseContestants({ contestant: wanted, quick }, runtimes) {
  const unknown = wanted?.find((name) =>
    !contestants.some((one) => one.name === name));
  if (unknown) throw new Error(`no contestant ${unknown}; see --list`);
  return contestants.filter(({ name, runtime }) => {
    if (wanted?.includes(name) && !runtimes[runtime])
      throw new Error(`${runtime} is not found`);
    if (!runtimes[runtime]) return false;
    if (wanted) return name === CONTROL || wanted.includes(name);
    return !quick || ['node', 'c'].includes(runtime);
  });
}

/**
 * @param {object} options see options.js
 * @param {object} runtimes see contestants.js
 */
function makePlan(options, runtimes) {
  const timing = options.quick ? QUICK : FULL;
  const field = chooseContestants(options, runtimes);
  const chosen = chooseScenarios(options).map((scenario) => ({
    scenario,
    field: field.filter(({ name }) => scenario.contestants.includes(name)),
  })).filter((one) => one.field.length > 0);
  const roundSeconds = chosen.reduce((sum, one) =>
    sum + one.field.length * seconds(one.scenario, timing), 0);
  const fit = Math.floor(timing.limit / roundSeconds);
  return {
    timing,
    chosen,
    roundSeconds,
    rounds: options.rounds ?? Math.min(timing.most, Math.max(1, fit)),
  };
}

module.exports = { makePlan, seconds };
