'use strict';

// Sockets in worker threads: traffic, exit, termination and errors.

const assert = require('node:assert');
const {
  bound, inWorker, itNative, once, open, receiveText, send,
} = require('../../support/dgram');
const { scaled } = require('../../support/time');

/** An echo server that posts its port. */
function echo(dgram, parentPort) {
  const socket = dgram.createSocket('udp4');
  socket.on('message', (msg, { port, address }) =>
    socket.send(msg, port, address));
  socket.bind(0, '127.0.0.1', () =>
    parentPort.postMessage(socket.address().port));
}

describe('worker threads', () => {
  it('can run an echo server', async () => {
    const worker = inWorker(echo);
    const [port] = await once(worker, 'message');
    const socket = await bound();
    const texts = receiveText(socket, 100);
    for (let i = 0; i < 100; i++)
      socket.send(`${i}`, port, '127.0.0.1');
    assert.deepStrictEqual(await texts,
      Array.from({ length: 100 }, (_, i) => `${i}`));
    assert.strictEqual(await worker.terminate(), 1);
  });

  it('end when their sockets are closed', async () => {
    const worker = inWorker((dgram, parentPort) => {
      const socket = dgram.createSocket('udp4');
      socket.on('close', () => parentPort.postMessage('close'));
      socket.on('message', () => socket.close());
      socket.bind(0, '127.0.0.1', () =>
        socket.send('x', socket.address().port, '127.0.0.1'));
    });
    const exit = once(worker, 'exit');
    assert.deepStrictEqual(await once(worker, 'message'), ['close']);
    assert.deepStrictEqual(await exit, [0]);
  });

  it('release their ports when they are terminated', async () => {
    const worker = inWorker(echo);
    const [port] = await once(worker, 'message');
    const other = open('udp4');
    other.bind(port, '127.0.0.1');
    assert.strictEqual((await once(other, 'error'))[0].code, 'EADDRINUSE');
    await worker.terminate();
    const socket = open('udp4');
    socket.bind(port, '127.0.0.1');
    await once(socket, 'listening');
  });

  it('can be terminated during traffic', async () => {
    for (let round = 0; round < 5; round++) {
      const worker = inWorker((dgram, parentPort) => {
        const sockets = [];
        for (let i = 0; i < 4; i++) {
          const socket = dgram.createSocket('udp4');
          socket.on('message', (msg, { port }) =>
            socket.send(msg, port, '127.0.0.1', () => {}));
          socket.bind(0, '127.0.0.1', () => {
            const { port } = socket.address();
            for (let n = 0; n < 50; n++)
              socket.send('again', port, '127.0.0.1');
            if (i === 3)
              parentPort.postMessage('busy');
          });
          sockets.push(socket);
        }
      });
      await once(worker, 'message');
      assert.strictEqual(await worker.terminate(), 1);
    }
  });

  it('can exit in a listener', async () => {
    const worker = inWorker((dgram) => {
      const socket = dgram.createSocket('udp4');
      socket.on('message', () => process.exit(5));
      socket.bind(0, '127.0.0.1', () => {
        for (let i = 0; i < 20; i++)
          socket.send('x', socket.address().port, '127.0.0.1');
      });
    });
    assert.deepStrictEqual(await once(worker, 'exit'), [5]);
  });

  it('send queued datagrams when they exit', async () => {
    const receiver = await bound();
    const texts = receiveText(receiver, 5);
    const worker = inWorker((dgram, parentPort, port) => {
      const socket = dgram.createSocket('udp4');
      socket.connect(port, () => {
        for (let i = 0; i < 5; i++)
          socket.send(`${i}`);
        process.exit(0);
      });
    }, receiver.address().port);
    assert.deepStrictEqual(await once(worker, 'exit'), [0]);
    assert.deepStrictEqual(await texts, ['0', '1', '2', '3', '4']);
  });

  it('fail without the process when a listener throws', async () => {
    const worker = inWorker((dgram) => {
      const socket = dgram.createSocket('udp4');
      socket.on('message', () => {
        throw new Error('thrown in the worker');
      });
      socket.bind(0, '127.0.0.1', () => {
        for (let i = 0; i < 5; i++)
          socket.send('x', socket.address().port, '127.0.0.1');
      });
    });
    const error = await new Promise((resolve) => worker.on('error', resolve));
    assert.strictEqual(error.message, 'thrown in the worker');
  });

  it('can run twenty at once', async () => {
    const workers = Array.from({ length: 20 }, () => inWorker(echo));
    const ports = await Promise.all(workers.map(async (worker) =>
      (await once(worker, 'message'))[0]));
    assert.strictEqual(new Set(ports).size, 20);
    const socket = await bound();
    const texts = receiveText(socket, 100);
    for (let i = 0; i < 5; i++)
      for (const port of ports)
        socket.send(`${port} ${i}`, port, '127.0.0.1');
    assert.deepStrictEqual((await texts).sort(), ports.flatMap((port) =>
      Array.from({ length: 5 }, (_, i) => `${port} ${i}`)).sort());
    assert.deepStrictEqual(
      await Promise.all(workers.map((worker) => worker.terminate())),
      Array(20).fill(1));
  }).timeout(scaled(40000));

  it('can run one after the other', async () => {
    for (let i = 0; i < 5; i++) {
      const worker = inWorker(echo);
      const [port] = await once(worker, 'message');
      const socket = await bound();
      const texts = receiveText(socket, 1);
      await send(socket, `${i}`, port, '127.0.0.1');
      assert.deepStrictEqual(await texts, [`${i}`]);
      await worker.terminate();
    }
  });

  itNative('have their own statistics', async () => {
    const worker = inWorker((dgram, parentPort, packed) => {
      const { stats } = require(packed).binding();
      const socket = dgram.createSocket('udp4');
      parentPort.postMessage([stats().sockets, stats().open]);
      socket.close();
    }, require.resolve('../../support/package'));
    assert.deepStrictEqual(await once(worker, 'message'), [[1, 1]]);
  });
});
