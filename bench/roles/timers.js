'use strict';

/** Delay of a 10 ms timer during a flood of datagrams. */

const { performance } = require('node:perf_hooks');
const { measure, report } = require('./role');
const { openReceiver } = require('./receiver');

const PERIOD = 10;

let lateness;

function start() {
  const due = performance.now() + PERIOD;
  setTimeout(() => {
    lateness.push(performance.now() - due);
    start();
  }, PERIOD);
}

function percentile(hundredths) {
  const index = Math.ceil(lateness.length * hundredths / 100) - 1;
  return [...lateness].sort((a, b) => a - b)[index];
}

const probe = {
  begin() {
    lateness = [];
    start();
  },
  end() {
    return { late50: percentile(50), late99: percentile(99) };
  },
};

async function main() {
  const tally = { datagrams: 0, bytes: 0 };
  const port = await openReceiver(tally);
  report({ ready: true, ports: [port] });
  measure(tally, probe);
}

main();
