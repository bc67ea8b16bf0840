'use strict';

// Runtime.terminateExecution of the inspector (DevTools' "terminate current
// JavaScript call"): it ends the running call only. No error is reported, the
// process continues, and the next datagram is delivered.

const assert = require('node:assert');
const { inChild, itNative } = require('../../support/dgram');
const { scaled } = require('../../support/time');

/** Terminates a listener or callback that loops endlessly, then sends 'end'. */
function scenario(dgram, report, where) {
  const { Worker } = require('node:worker_threads');
  process.on('uncaughtException', (error) => report(`uncaught ${error}`));
  process.on('exit', (code) => report(`exit ${code}`));
  const flag = new Int32Array(new SharedArrayBuffer(4));
  const worker = new Worker(`
    const { Session } = require('node:inspector');
    const { parentPort, workerData } = require('node:worker_threads');
    const session = new Session();
    session.connectToMainThread();
    parentPort.postMessage('ready');
    Atomics.wait(workerData, 0, 0);
    session.post('Runtime.terminateExecution');
    session.disconnect();
  `, { eval: true, workerData: flag });
  const spin = () => {
    Atomics.store(flag, 0, 1);
    Atomics.notify(flag, 0);
    for (;;);
  };
  worker.once('message', () => {
    const receiver = dgram.createSocket('udp4');
    const sender = dgram.createSocket('udp4');
    const got = [];
    receiver.on('message', (msg) => {
      got.push(String(msg));
      process.nextTick(() => got.push(`tick ${msg}`));
      if (String(msg) === 'spin') spin();
      if (String(msg) !== 'end') return;
      setImmediate(() => {
        report(got);
        receiver.close();
        sender.close();
      });
    });
    receiver.bind(0, '127.0.0.1', () => {
      const { port } = receiver.address();
      sender.connect(port, '127.0.0.1', () => {
        if (where === 'callback') {
          sender.send('first', spin);
        } else {
          for (const text of ['one', 'spin', 'two']) sender.send(text);
        }
        worker.once('exit', () => sender.send('end'));
      });
    });
  });
}

describe('Runtime.terminateExecution', function() {
  this.timeout(scaled(30000));

  it('in a listener does not affect later datagrams', async () => {
    const { code, reports, stderr } =
      await inChild(scenario, { args: ['message'] });
    assert.strictEqual(code, 0, stderr);
    const [got, exit] = reports;
    assert.strictEqual(exit, 'exit 0');
    assert.deepStrictEqual(
      got.filter((text) => !text.startsWith('tick')),
      ['one', 'spin', 'two', 'end']);
  });

  itNative('in a send callback does not affect later sends', async () => {
    const { code, reports, stderr } = await inChild(scenario,
      { args: ['callback'], execArgv: ['--test-udp-no-try-send'] });
    assert.strictEqual(code, 0, stderr);
    const [got, exit] = reports;
    assert.strictEqual(exit, 'exit 0');
    assert.deepStrictEqual(
      got.filter((text) => !text.startsWith('tick')), ['first', 'end']);
  });

  itNative('is not confused with a listener that throws null', async () => {
    const { code, reports } = await inChild((dgram, report) => {
      process.on('uncaughtException', (error) => report(`uncaught ${error}`));
      const socket = dgram.createSocket('udp4', () => {
        socket.close();
        throw null;
      });
      socket.bind(0, '127.0.0.1', () => {
        socket.send('x', socket.address().port, '127.0.0.1');
      });
    });
    assert.strictEqual(code, 0);
    assert.deepStrictEqual(reports, ['uncaught null']);
  });
});
