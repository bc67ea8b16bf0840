'use strict';

/** One case in a process of its own: measure.js NAME ROUNDS */

const { cases } = require('./cases');

const [, , name, rounds] = process.argv;

/** Rounds before the first that counts: they compile the code. */
const WARM = 20;

function cpuNanos() {
  const { user, system } = process.cpuUsage();
  return (user + system) * 1000;
}

/** @returns {Promise<number>} CPU time of one operation, in nanoseconds */
async function timed(run) {
  const from = cpuNanos();
  const operations = await run();
  return (cpuNanos() - from) / operations;
}

function summarize(title, values) {
  values.sort((a, b) => a - b);
  return { title, median: values[values.length >> 1], least: values[0] };
}

async function main() {
  const one = cases.find((candidate) => candidate.name === name);
  const work = await one.prepare();
  const figures = { without: [], with: [] };
  for (let round = -WARM; round < rounds; round++) {
    // Who is first changes, for what one leaves to the other.
    const order = round % 2 === 0 ? ['without', 'with'] : ['with', 'without'];
    for (const side of order) {
      const value = await timed(work[side]);
      if (round >= 0) figures[side].push(value);
    }
  }
  process.stdout.write(JSON.stringify({
    unit: one.unit,
    without: summarize(one.without, figures.without),
    with: summarize(one.with, figures.with),
  }), () => process.exit(0));
}

main();
