'use strict';

// A worker may end at any moment. Under `npm run test:memory` these tests also
// show that its memory is freed.

const assert = require('node:assert');
const { Worker } = require('node:worker_threads');

const kit = require.resolve('./kit');

/** Runs in a worker: traffic that continues until the worker ends. */
function traffic({ open }, mode, { parentPort }) {
  const core = open();
  const { handle, port } = core.bound();
  const sender = core.bound().handle;
  for (let i = 0; i < 5; i++) core.bound().handle.recvStart();
  core.binding.setDestination(1, 4, '127.0.0.1', port);
  handle.recvStart();
  const blast = () => core.send(
    ...Array.from({ length: 20 }, (_, i) => [sender, 1, `${i}`, i + 1]));
  let count = 0;
  handle.onMessage = () => {
    count++;
    if (count % 20 === 0) blast();
    if (count === 45) parentPort.postMessage('traffic');
    if (count !== 55) return;
    if (mode === 'exit') process.exit(5);
    if (mode === 'throw') throw new Error('in the worker');
    if (mode === 'spin') for (;;);
    if (mode === 'queue') {
      core.binding.queueAlways(true);
      blast();
      process.exit(5);
    }
    if (mode === 'close') core.closeAll();
  };
  blast();
}

async function run(mode, terminate) {
  const worker = new Worker(
    `(${traffic})(require(${JSON.stringify(kit)}), ${JSON.stringify(mode)},
                  require('worker_threads'))`, { eval: true });
  let error;
  worker.on('error', (err) => { error = err; });
  const exited = new Promise((resolve) => worker.once('exit', resolve));
  if (terminate !== undefined) {
    await new Promise((resolve) => worker.once('message', resolve));
    await new Promise((resolve) => setTimeout(resolve, terminate));
    await worker.terminate();
  }
  return { code: await exited, error };
}

describe('a worker', () => {
  for (const delay of [0, 1, 3]) {
    it(`can be terminated during traffic, after ${delay} ms`, async () => {
      assert.strictEqual((await run('traffic', delay)).code, 1);
    });
  }

  it('can be terminated while a listener runs', async () => {
    assert.strictEqual((await run('spin', 5)).code, 1);
  });

  it('can exit in a listener', async () => {
    assert.deepStrictEqual(await run('exit'), { code: 5, error: undefined });
  });

  it('can exit with queued datagrams', async () => {
    assert.deepStrictEqual(await run('queue'), { code: 5, error: undefined });
  });

  it('can throw in a listener', async () => {
    const { code, error } = await run('throw');
    assert.strictEqual(code, 1);
    assert.strictEqual(error.message, 'in the worker');
  });

  it('ends when its sockets are closed', async () => {
    assert.deepStrictEqual(await run('close'), { code: 0, error: undefined });
  });
});
