'use strict';

/**
 * How many bytes a received message leaves to the garbage collector, on V8's
 * heap and in ArrayBuffers. Counted while there is room enough for no
 * collection to take place.
 */

const { PerformanceObserver } = require('node:perf_hooks');
const { config, say } = require('./role');
const { openReceiver } = require('./receiver');

const MESSAGES = 10000;

const tally = { datagrams: 0, bytes: 0 };
let collections = 0;

new PerformanceObserver(() => { collections++; })
  .observe({ entryTypes: ['gc'] });

function inUse() {
  const { heapUsed, external } = process.memoryUsage();
  return { datagrams: tally.datagrams, bytes: heapUsed + external };
}

function count() {
  globalThis.gc();
  // The observer hears of that one in a turn of its own.
  setTimeout(() => {
    collections = 0;
    const from = inUse();
    const poll = setInterval(() => {
      if (tally.datagrams - from.datagrams < MESSAGES) return;
      clearInterval(poll);
      const to = inUse();
      setTimeout(() => {
        if (collections > 0) {
          count();
          return;
        }
        say({ garbageBytes:
          (to.bytes - from.bytes) / (to.datagrams - from.datagrams) });
      }, 5);
    }, 1);
  }, 5);
}

async function main() {
  say({ ready: true, ports: [await openReceiver(tally)] });
  setTimeout(count, config.warm);
}

main();
