'use strict';

/** Opens and closes thousands of sockets and workers, in another process. */

const path = require('node:path');
const { once } = require('node:events');
const { setTimeout: sleep } = require('node:timers/promises');
const { Worker } = require('node:worker_threads');

const { Churn } = require('../soak/activities/churn');
const { descriptors, memoryField } = require('../support/kernel');
const packed = require('../support/package');
const { serve } = require('../support/remote');

const dgram = require(packed.main);
const { stats } = packed.binding();

/** Concurrent workers. */
const TOGETHER = 4;

/** Duration of the traffic before the end, in milliseconds. */
const DELAYS = [0, 1, 2, 5];

const MODES = ['unconnected', 'connected', 'sendMany', 'batch', 'busy'];

let workers = 0;

/** Starts a worker and terminates it during its traffic. */
async function killOne() {
  const number = workers++;
  const worker = new Worker(path.join(__dirname, 'many-worker.js'),
    { workerData: { mode: MODES[number % MODES.length] } });
  const exit = once(worker, 'exit');
  const [message] = await once(worker, 'message');
  if (message !== 'traffic')
    throw new Error(`unexpected message: ${message}`);
  const delay = DELAYS[number % DELAYS.length];
  if (delay > 0) await sleep(delay);
  await worker.terminate();
  const [code] = await exit;
  if (code !== 1) throw new Error(`unexpected exit code: ${code}`);
}

async function killSome(n) {
  let left = n;
  await Promise.all(Array.from({ length: TOGETHER }, async () => {
    while (left-- > 0) await killOne();
  }));
}

const churn = new Churn();

async function openSome(n) {
  const end = churn.opened + n;
  while (churn.opened < end) await churn.round();
  const faults = churn.faults();
  if (faults.length > 0) throw new Error(faults.join());
}

const KINDS = { workers: killSome, sockets: openSome };

serve({
  transport: () => dgram.transport,

  /** @returns {object} memory and descriptors after `n` more */
  async live({ kind, n }) {
    await KINDS[kind](n);
    for (let i = 0; i < 4; i++) {
      globalThis.gc();
      await sleep(20);
    }
    const { heapUsed, external } = process.memoryUsage();
    return {
      rss: memoryField('VmRSS'), heap: heapUsed + external,
      descriptors: descriptors(), open: stats().open, workers,
      sockets: churn.opened,
    };
  },
});
