'use strict';

// Reports metrics with hot-shots, to a given port.

const StatsD = require('hot-shots');

const { serve } = require('../support/inside');

/** Sends each kind of metric `count` times; resolves when all were sent. */
async function report(port, count, options) {
  const client = new StatsD({ host: '127.0.0.1', port, ...options });
  const sent = (method, ...args) => new Promise((resolve, reject) => {
    client[method](...args, (error) => error ? reject(error) : resolve());
  });
  const all = [];
  for (let i = 1; i <= count; i++) {
    all.push(
      sent('increment', 'e2e.requests', 3),
      sent('gauge', 'e2e.level', i),
      sent('timing', 'e2e.latency', 250),
      sent('set', 'e2e.users', `user-${i}`),
    );
  }
  await Promise.all(all);
  await new Promise((resolve, reject) => {
    client.close((error) => error ? reject(error) : resolve());
  });
}

serve({ report });
