'use strict';

/** Lives of sockets and of workers by the thousand, in a process of its own. */

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

/** Workers at a time. */
const TOGETHER = 4;

/** How long traffic goes on before the end, in milliseconds. */
const DELAYS = [0, 1, 2, 5];

const MODES = ['unconnected', 'connected', 'sendMany', 'batch', 'busy'];

let workers = 0;

/** Starts one, and ends it in the middle of its traffic. */
async function killOne() {
  const number = workers++;
  const worker = new Worker(path.join(__dirname, 'crowd-worker.js'),
    { workerData: { mode: MODES[number % MODES.length] } });
  const exit = once(worker, 'exit');
  const [said] = await once(worker, 'message');
  if (said !== 'traffic') throw new Error(`a worker said ${said}`);
  const delay = DELAYS[number % DELAYS.length];
  if (delay > 0) await sleep(delay);
  await worker.terminate();
  const [code] = await exit;
  if (code !== 1) throw new Error(`a worker ended with ${code}`);
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

  /** @returns {object} what the process is made of after `n` more lives */
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
