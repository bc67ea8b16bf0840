'use strict';

// Failures between a datagram and its listener, such as stubbed built-ins: each
// is reported, loses at most one datagram, and later datagrams are delivered.

const assert = require('node:assert');
const {
  bound, itBatched, itNative, nodeAtLeast, once, open, receive, receiveText,
  reportsOf,
} = require('../../support/dgram');

/** Sends three datagrams, then a last one; reports messages and errors. */
function scenario(dgram, report, prepare) {
  const socket = dgram.createSocket('udp4');
  let errors = 0;
  process.on('uncaughtException', (error) => {
    errors++;
    // Endless errors would prevent the timer from running.
    if (errors > 100) process.exit(1);
    report(error.message);
  });
  socket.on('message', (msg) => report(String(msg)));
  socket.bind(0, '127.0.0.1', () => {
    const { port } = socket.address();
    const sender = require('node:dgram').createSocket('udp4');
    const undo = new Function('return ' + prepare)()();
    for (const text of ['a', 'b', 'c']) sender.send(text, port, '127.0.0.1');
    // Long enough for the three, on an emulator too; see support/time.js.
    const factor = Number(process.env.DGRAM_TEST_TIME_FACTOR || 1);
    setTimeout(() => {
      undo?.();
      sender.send('last', port, '127.0.0.1');
      socket.on('message', (msg) => {
        if (String(msg) !== 'last') return;
        socket.close();
        sender.close();
      });
    }, 100 * factor);
  });
}

describe('delivery of a datagram', () => {
  itNative('loses at most one datagram per throwing stub', async () => {
    const reports = await reportsOf(scenario, { args: [String(() => {
      const { AsyncResource } = process.mainModule.require('async_hooks');
      const { runInAsyncScope } = AsyncResource.prototype;
      AsyncResource.prototype.runInAsyncScope = () => {
        throw new Error('a stub');
      };
      return () => {
        AsyncResource.prototype.runInAsyncScope = runInAsyncScope;
      };
    })] });
    assert.strictEqual(reports.at(-1), 'last');
    const errors = reports.filter((text) => text === 'a stub');
    assert.ok(errors.length >= 1 && errors.length <= 3, `${reports}`);
  });

  itNative('works when worker_threads is stubbed', async () => {
    const reports = await reportsOf(scenario, { args: [String(() => {
      process.mainModule.require('worker_threads')
        .markAsUntransferable = undefined;
    })] });
    assert.deepStrictEqual(reports, ['a', 'b', 'c', 'last']);
  });

  itNative('works when process is frozen after bind()', async () => {
    const reports = await reportsOf(scenario, { args: [String(() => {
      Object.freeze(process);
    })] });
    assert.deepStrictEqual(reports, ['a', 'b', 'c', 'last']);
  });

  itBatched('survives the transfer of a shared buffer', async () => {
    const receiver = await bound({ type: 'udp4', sharedBuffers: true });
    const errors = [];
    receiver.on('message', (msg) => {
      try {
        structuredClone(msg, { transfer: [msg.buffer] });
      } catch ({ name }) {
        errors.push(name);
      }
    });
    const sender = open('udp4');
    sender.connect(receiver.address().port, '127.0.0.1');
    await once(sender, 'connect');
    const texts = ['one', 'two', 'three', 'four'];
    const received = receiveText(receiver, 4);
    for (const text of texts) sender.send(text);
    assert.deepStrictEqual(await received, texts);
    // Node before 21 copies an untransferable buffer. A buffer with a single
    // message is transferable.
    assert.ok(errors.every((name) => name === 'DataCloneError'), `${errors}`);
    if (nodeAtLeast('21.0.0')) assert.ok(errors.length >= 2, `${errors}`);
  });

  itNative('allows the transfer of a message with its own memory', async () => {
    const receiver = await bound('udp4');
    const sender = open('udp4');
    const received = receive(receiver, 1);
    sender.send('mine', receiver.address().port, '127.0.0.1');
    const [{ msg }] = await received;
    const moved = structuredClone(msg, { transfer: [msg.buffer] });
    assert.strictEqual(Buffer.from(moved).toString(), 'mine');
    assert.strictEqual(msg.length, 0);
  });
});

describe('the async resource of a batch', () => {
  itNative('exists only while sockets are open', async () => {
    const reports = await reportsOf((dgram, report) => {
      const alive = new Map();
      require('node:async_hooks').createHook({
        init(id, type) {
          if (type === 'DGRAMBATCH') alive.set(id, type);
        },
        destroy(id) { alive.delete(id); },
      }).enable();
      const round = (done) => {
        const socket = dgram.createSocket('udp4', () => {
          const during = alive.size;
          socket.close(() => setImmediate(setImmediate, () => {
            report([during, alive.size]);
            done?.();
          }));
        });
        socket.bind(0, '127.0.0.1', () => {
          socket.send('x', socket.address().port, '127.0.0.1');
        });
      };
      report(alive.size);
      round(() => round());
    });
    assert.deepStrictEqual(reports, [0, [1, 0], [1, 0]]);
  });
});
