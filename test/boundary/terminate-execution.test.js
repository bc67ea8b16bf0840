'use strict';

// DevTools' "terminate current JavaScript call": it ends a listener or a
// callback, not the process, and the next datagram is delivered.

const assert = require('node:assert');

const { succeedWithOurs } = require('./kit');

/** Starts a thread that terminates this one's JavaScript on terminate(). */
const terminator = `(() => {
  const { Worker } = require('node:worker_threads');
  const flag = new Int32Array(new SharedArrayBuffer(4));
  const worker = new Worker(\`
    const { workerData: flag, parentPort } = require('node:worker_threads');
    const { Session } = require('node:inspector');
    parentPort.postMessage('ready');
    const session = new Session();
    session.connectToMainThread();
    Atomics.wait(flag, 0, 0);
    session.post('Runtime.terminateExecution', () => session.disconnect());
  \`, { eval: true, workerData: flag });
  worker.unref();
  return {
    ready: new Promise((resolve) => worker.once('message', resolve)),
    terminate() {
      Atomics.store(flag, 0, 1);
      Atomics.notify(flag, 0);
      for (;;);
    },
  };
})()`;

describe('Runtime.terminateExecution through the package', () => {
  for (const where of ['message', 'batch']) {
    it(`ends only the listener of '${where}'`, async () => {
      const answers = await succeedWithOurs(`(({ report, load }, where) => {
        const dgram = load();
        const { ready, terminate } = ${terminator};
        const socket = dgram.createSocket('udp4');
        const sender = require('node:dgram').createSocket('udp4');
        const send = (text) =>
          sender.send(text, socket.address().port, '127.0.0.1');
        const listen = (text) => {
          if (text === 'spin') {
            report('spin');
            terminate();
          }
          report(text);
          if (text === 'end') process.exit(0);
        };
        if (where === 'message') {
          socket.on('message', (msg) => listen(String(msg)));
        } else {
          socket.on('batch', ({ data }) => listen(String(data)));
        }
        socket.bind(0, '127.0.0.1', async () => {
          await ready;
          send('spin');
          setTimeout(send, 300, 'end');
        });
      })`, { args: [where] });
      assert.deepStrictEqual(answers, ['spin', 'end']);
    });
  }

  it('ends only the callback of a queued send', async () => {
    const answers = await succeedWithOurs(`(({ report, load }) => {
      const dgram = load();
      const { ready, terminate } = ${terminator};
      const socket = dgram.createSocket('udp4');
      const receiver = require('node:dgram').createSocket('udp4');
      const got = [];
      receiver.on('message', (msg) => {
        got.push(String(msg));
        if (String(msg) !== 'end') return;
        report(got);
        process.exit(0);
      });
      receiver.bind(0, '127.0.0.1', async () => {
        const { port } = receiver.address();
        await ready;
        socket.send('first', port, '127.0.0.1', () => {
          report('spin');
          terminate();
        });
        setTimeout(() => socket.send('end', port, '127.0.0.1'), 300);
      });
    })`, { execArgv: ['--test-udp-no-try-send'] });
    assert.deepStrictEqual(answers, ['spin', ['first', 'end']]);
  });
});
