'use strict';

/**
 * Bytes of garbage per received message, on V8's heap and in ArrayBuffers. They
 * are counted between two moments without a collection in between.
 */

const { PerformanceObserver } = require('node:perf_hooks');
const { config, report } = require('./role');
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
  // The observer reports this collection in a later event loop iteration.
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
        report({ garbageBytes:
          (to.bytes - from.bytes) / (to.datagrams - from.datagrams) });
      }, 5);
    }, 1);
  }, 5);
}

async function main() {
  report({ ready: true, ports: [await openReceiver(tally)] });
  setTimeout(count, config.warm);
}

main();
