'use strict';

/** Selects the scenarios and implementations of a run, and its duration. */

const { CONTROL, implementations: all } = require('./implementations');
const { GROUPS, scenarios } = require('./scenarios');

/** `share`: of counted operations, and of repetitions within a round. */
const FULL = {
  warm: 250, measure: 400, limit: 13.5 * 60, most: 9, share: 1,
};
const QUICK = {
  warm: 120, measure: 200, limit: 80, most: 2, share: 0.1,
};

/** Length of one run without process start and end, in seconds. */
function windowSeconds(scenario, timing) {
  const { length = 1, warmLength = 1, fixedSeconds, count } = scenario;
  if (fixedSeconds && count) return fixedSeconds * timing.share;
  return fixedSeconds ??
    (timing.warm * warmLength + timing.measure * length) / 1000;
}

/** Length of all runs of one round, in seconds. */
function roundSeconds(scenario, { runtime }, timing, startSeconds) {
  const repeat = Math.ceil((scenario.repeat ?? 1) * timing.share);
  return repeat * (startSeconds[runtime] + windowSeconds(scenario, timing));
}

/** --quick selects the main scenarios, unless others are selected by name. */
function chooseScenarios({ scenario: names, group: groups, quick }) {
  for (const name of groups ?? []) {
    if (!GROUPS[name]) throw new Error(`no group ${name}; see --list`);
  }
  const chosen = scenarios.filter((one) => {
    if (groups && !groups.some((name) => one.groups.includes(name)))
      return false;
    if (names) return names.some((text) => one.name.includes(text));
    return groups || !quick || one.quick;
  });
  if (chosen.length > 0) return chosen;
  throw new Error(`no scenario contains ${names.join(' or ')}; see --list`);
}

function chooseImplementations({ implementation: wanted, quick }, runtimes) {
  for (const name of wanted ?? []) {
    const found = all.find((one) => one.name === name);
    if (!found) throw new Error(`no implementation ${name}; see --list`);
    if (!runtimes[found.runtime])
      throw new Error(`${name} requires ${found.runtime}, which was not found`);
  }
  return all.filter(({ name, runtime }) => {
    if (!runtimes[runtime]) return false;
    if (wanted) return name === CONTROL || wanted.includes(name);
    return !quick || ['node', 'c'].includes(runtime);
  });
}

/**
 * @param {object} options see options.js
 * @param {object} runtimes see implementations.js
 * @param {Object<string, number>} startSeconds see calibrate.js
 * @returns {{timing: object, chosen: {scenario: object,
 *   implementations: object[]}[], seconds: number, rounds: number}}
 *   seconds is the expected duration of all rounds
 */
function makePlan(options, runtimes, startSeconds) {
  const timing = { ...options.quick ? QUICK : FULL };
  // The duration is limited only if the number of rounds was not given.
  const { limit } = timing;
  if (options.rounds) delete timing.limit;
  const available = chooseImplementations(options, runtimes);
  const chosen = chooseScenarios(options).map((scenario) => ({
    scenario,
    implementations: available.filter(({ name }) =>
      scenario.implementations.includes(name)),
  })).filter(({ implementations }) => implementations.length > 0);
  const perRound = chosen.reduce((sum, { scenario, implementations }) =>
    sum + implementations.reduce((total, implementation) =>
      total + roundSeconds(scenario, implementation, timing, startSeconds), 0),
  0);
  const fit = Math.floor(limit / perRound);
  const rounds = options.rounds ?? Math.min(timing.most, Math.max(1, fit));
  return { timing, chosen, rounds, seconds: perRound * rounds };
}

module.exports = { makePlan };
