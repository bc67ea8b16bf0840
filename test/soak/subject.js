'use strict';

/**
 * The process under test. It works in laps. After each it waits for pending
 * datagrams, compares both ends of all flows, collects garbage and reports its
 * state.
 *
 *   node --expose-gc subject.js JSON     { minutes, share, lap }
 */

const { setTimeout: sleep } = require('node:timers/promises');

const { createActivities } = require('./activities');
const { fillTables } = require('./fill-tables');
const { audit } = require('./flow');
const { Throttle } = require('./throttle');
const { descriptors } = require('../support/kernel');
const packed = require('../support/package');
const { Remote } = require('../support/remote');

const dgram = require(packed.main);
const { stats } = packed.binding();

/** Longer than any operation on the slowest machine. In milliseconds. */
const PATIENCE = 120000;

const config = JSON.parse(process.argv[2]);
const throttle = new Throttle(config.share);

async function limited(promise, what) {
  const done = new AbortController();
  const late = sleep(PATIENCE, null, { signal: done.signal })
    .then(() => { throw new Error(`timed out waiting for ${what()}`); });
  late.catch(() => {}); // aborted
  try {
    return await Promise.race([promise, late]);
  } finally {
    done.abort();
  }
}

async function work(activity, until) {
  while (Date.now() < until) {
    await limited(activity.round(), () => activity.name);
    activity.rounds = (activity.rounds ?? 0) + 1;
    await throttle.pause();
  }
}

/** Waits until all datagrams have been received or dropped. */
async function balance(activity) {
  const deadline = Date.now() + PATIENCE;
  for (;;) {
    const flows = await activity.flows();
    const open = flows.some(({ outgoing, incoming, drops }) =>
      incoming.received + drops < outgoing.sent);
    if (!open || Date.now() > deadline) return flows;
    await sleep(10);
  }
}

async function close(activity) {
  const flows = await balance(activity);
  const sums = { name: activity.name, rounds: activity.rounds };
  for (const key of ['requested', 'sent', 'failed', 'bytes']) {
    sums[key] = flows.reduce((sum, { outgoing }) =>
      sum + (outgoing[key] ?? 0), 0);
  }
  for (const key of ['received', 'late', 'damaged'])
    sums[key] = flows.reduce((sum, { incoming }) => sum + incoming[key], 0);
  sums.drops = flows.reduce((sum, { drops }) => sum + drops, 0);
  sums.faults = [
    ...flows.flatMap(({ outgoing, incoming, drops }) =>
      audit(outgoing, incoming, drops)),
    ...activity.faults?.() ?? [],
  ];
  for (const name of ['opened', 'closed', 'started', 'terminated', 'events'])
    sums[name] = activity[name];
  return sums;
}

async function measure(activities) {
  // Memory of closed workers and sockets is freed over several iterations.
  for (let i = 0; i < 4; i++) {
    globalThis.gc();
    await sleep(25);
  }
  const { rss, heapUsed, external } = process.memoryUsage();
  const others = await Promise.all(activities.map((activity) =>
    activity.measure?.()));
  return Object.assign(
    { rss, heap: heapUsed + external, descriptors: descriptors() }, ...others);
}

async function lap(activities, until) {
  throttle.restart();
  await Promise.all(activities.map((activity) => work(activity, until)));
  const cpu = process.cpuUsage(throttle.base);
  const seconds = Number(process.hrtime.bigint() - throttle.started) / 1e9;
  const totals = await Promise.all(activities.map(close));
  return {
    totals, stats: stats(), share: (cpu.user + cpu.system) / 1e6 / seconds,
    ...await measure(activities),
  };
}

async function main() {
  await limited(fillTables(), () => 'the tables of addresses');
  const remote = new Remote(require.resolve('./peer'));
  const activities = createActivities();
  for (const activity of activities) await activity.open(remote);
  const started = Date.now();
  const end = started + config.minutes * 60000;
  while (Date.now() < end) {
    const result =
      await lap(activities, Math.min(Date.now() + config.lap * 1000, end));
    process.send({
      transport: dgram.transport, seconds: (Date.now() - started) / 1000,
      ...result,
    });
  }
  for (const activity of activities) activity.close();
  await remote.end();
  process.disconnect();
}

main();
