'use strict';

/** Prints the datagrams of dd-trace's DogStatsD client. */

const { print, receiver, until } = require('./kit');

async function main() {
  const { got, port } = await receiver();
  const tracer = require('dd-trace').init({
    dogstatsd: { hostname: '127.0.0.1', port },
    remoteConfig: { enabled: false },
    startupLogs: false,
    url: 'http://127.0.0.1:9',
  });
  for (let i = 0; i < 100; i++)
    tracer.dogstatsd.increment('requests', i, { page: 'start' });
  tracer.dogstatsd.gauge('temperature', 21.5);
  tracer.dogstatsd.flush();
  // Without the tags, which depend on the process.
  const lines = () => got.join('').split('\n').filter(Boolean)
    .map((line) => line.split('|#')[0]);
  await until(() => lines().length === 2);
  print(lines());
  process.exit();
}

main();
