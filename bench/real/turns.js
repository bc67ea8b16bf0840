'use strict';

/**
 * Programs of the same workload take turns on a CPU: each runs for a moment
 * while the others are stopped. The speed of a shared machine can change by a
 * third for seconds at a time, which then affects all of them alike.
 */

const { setTimeout: sleep } = require('node:timers/promises');

/**
 * Milliseconds of a turn, and thus of a stop if there are two programs. The
 * packages send again later: stun, the first of them, after 500 ms. Only werift
 * does so after 50 ms, in a check that it makes every 5 s.
 */
const TURN = 300;

/** Milliseconds after a program continues, in which it is not measured. */
const SETTLE = 20;

const FIGURES = ['work', 'cpuMicros', 'wallNanos'];

/** @param {number} millis */
function turnsIn(millis) {
  return Math.max(1, Math.round(millis / TURN));
}

/** Says in the message of an error whose it is. */
async function named(stage, promise) {
  try {
    return await promise;
  } catch (error) {
    throw new Error(`${stage.name}: ${error.message}`, { cause: error });
  }
}

/**
 * Measures programs that have started, after a warm-up.
 * @param {Stage[]} stages one per program
 * @param {{warm: number, measure: number}} timing of each, in milliseconds
 * @returns {Promise<object[]>} one per stage: see Stage.measureDuring()
 * @throws {Error} as Stage.measureDuring() does; its message begins with the
 *   name of the implementation
 */
async function measureInTurns(stages, { warm, measure }) {
  const sums = stages.map(() => ({ work: 0, cpuMicros: 0, wallNanos: 0 }));
  for (const stage of stages) stage.suspend();
  const warmTurns = turnsIn(warm);
  const turns = warmTurns + turnsIn(measure);
  for (let turn = 0; turn < turns; turn++) {
    for (const [i, stage] of stages.entries()) {
      stage.resume();
      await sleep(SETTLE);
      if (turn < warmTurns) {
        await sleep(TURN);
      } else {
        const measured = await named(stage, stage.measureDuring(() =>
          sleep(TURN)));
        for (const figure of FIGURES) sums[i][figure] += measured[figure];
      }
      stage.suspend();
    }
  }
  for (const stage of stages) stage.resume();
  return sums;
}

module.exports = { measureInTurns, named };
