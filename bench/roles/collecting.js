'use strict';

/** Garbage collection time per received message. */

const v8 = require('node:v8');
const { measure, report } = require('./role');
const { openReceiver } = require('./receiver');

let profiler;

const probe = {
  begin() {
    // eslint-disable-next-line n/no-unsupported-features/node-builtins
    profiler = new v8.GCProfiler();
    profiler.start();
  },
  end({ datagrams }) {
    const { statistics } = profiler.stop();
    const micros = statistics.reduce((sum, { cost }) => sum + cost, 0);
    return { collectNanos: micros * 1000 / datagrams };
  },
};

async function main() {
  const tally = { datagrams: 0, bytes: 0 };
  const port = await openReceiver(tally);
  report({ ready: true, ports: [port] });
  measure(tally, probe);
}

main();
