'use strict';

// Exceptions in listeners and callbacks: they reach 'uncaughtException', and
// the remaining messages and callbacks are still delivered.

const assert = require('node:assert');
const { inChild, reportsOf } = require('../../support/dgram');

describe('a \'message\' listener that throws', () => {
  it('reaches uncaughtException before the next message', async () => {
    const reports = await reportsOf((dgram, report) => {
      process.on('uncaughtException', (error, origin) =>
        report(`${origin}: ${error.message}`));
      const receiver = dgram.createSocket('udp4');
      let count = 0;
      receiver.on('message', (msg) => {
        report(`message ${msg}`);
        if (++count === 10)
          receiver.close();
        throw new Error(`thrown at ${msg}`);
      });
      receiver.bind(0, '127.0.0.1', () => {
        const sender = dgram.createSocket('udp4');
        sender.connect(receiver.address().port, () => {
          for (let i = 0; i < 10; i++)
            sender.send(`${i}`);
          sender.close();
        });
      });
    });
    assert.deepStrictEqual(reports, Array.from({ length: 10 }, (_, i) =>
      [`message ${i}`, `uncaughtException: thrown at ${i}`]).flat());
  });

  it('has its ticks run after the next message', async () => {
    const reports = await reportsOf((dgram, report) => {
      process.on('uncaughtException', () => report('uncaught'));
      const receiver = dgram.createSocket('udp4');
      receiver.on('message', (msg) => {
        report(`message ${msg}`);
        process.nextTick(report, `tick of ${msg}`);
        Promise.resolve().then(() => report(`microtask of ${msg}`));
        if (String(msg) === '1')
          throw new Error('thrown');
        receiver.close();
      });
      receiver.bind(0, '127.0.0.1', () => {
        const sender = dgram.createSocket('udp4');
        sender.connect(receiver.address().port, () => {
          sender.send('1');
          sender.send('2');
          sender.close();
        });
      });
    });
    assert.deepStrictEqual(reports, [
      'message 1', 'uncaught', 'message 2', 'tick of 1', 'tick of 2',
      'microtask of 1', 'microtask of 2',
    ]);
  });

  it('ends the process without an uncaughtException handler', async () => {
    const { code, signal, reports, stderr } = await inChild((dgram, report) => {
      const socket = dgram.createSocket('udp4');
      process.on('exit', (code) => report(`exit ${code}`));
      socket.on('message', (msg) => {
        report(`message ${msg}`);
        throw new Error('thrown by the listener');
      });
      socket.bind(0, '127.0.0.1', () => {
        for (let i = 0; i < 3; i++)
          socket.send(`${i}`, socket.address().port, '127.0.0.1');
      });
    });
    assert.deepStrictEqual({ code, signal }, { code: 1, signal: null });
    assert.deepStrictEqual(reports, ['message 0', 'exit 1']);
    assert.match(stderr, /Error: thrown by the listener\r?\n/);
  });

  it('ends the process when the uncaughtException handler throws', async () => {
    const { code, reports, stderr } = await inChild((dgram, report) => {
      const socket = dgram.createSocket('udp4');
      process.on('uncaughtException', () => {
        throw new Error('thrown by the handler');
      });
      socket.on('message', (msg) => {
        report(`message ${msg}`);
        throw new Error('thrown by the listener');
      });
      socket.bind(0, '127.0.0.1', () => {
        for (let i = 0; i < 3; i++)
          socket.send(`${i}`, socket.address().port, '127.0.0.1');
      });
    });
    assert.strictEqual(code, 7);
    assert.deepStrictEqual(reports, ['message 0']);
    assert.match(stderr, /thrown by the handler/);
  });

  it('reaches unhandledRejection when it is an async function', async () => {
    const reports = await reportsOf((dgram, report) => {
      process.on('unhandledRejection', ({ message }) => report(message));
      const receiver = dgram.createSocket('udp4');
      receiver.on('message', async (msg) => {
        if (String(msg) === '1')
          receiver.close();
        throw new Error(`rejected ${msg}`);
      });
      receiver.bind(0, '127.0.0.1', () => {
        const sender = dgram.createSocket('udp4');
        sender.connect(receiver.address().port, () => {
          sender.send('0');
          sender.send('1');
          sender.close();
        });
      });
    });
    assert.deepStrictEqual(reports, ['rejected 0', 'rejected 1']);
  });
});

describe('a send callback that throws', () => {
  it('does not affect the other callbacks', async () => {
    const reports = await reportsOf((dgram, report) => {
      process.on('uncaughtException', ({ message }) => report(message));
      const socket = dgram.createSocket('udp4');
      socket.bind(0, '127.0.0.1', () => {
        const { port } = socket.address();
        for (let i = 0; i < 3; i++) {
          socket.send('x', port, '127.0.0.1', () => {
            report(`sent ${i}`);
            if (i === 2)
              socket.close();
            throw new Error(`thrown at ${i}`);
          });
        }
      });
    });
    assert.deepStrictEqual(reports, [
      'sent 0', 'thrown at 0', 'sent 1', 'thrown at 1', 'sent 2', 'thrown at 2',
    ]);
  });

  it('does not affect the other callbacks when connected', async () => {
    const reports = await reportsOf((dgram, report) => {
      process.on('uncaughtException', ({ message }) => report(message));
      const peer = dgram.createSocket('udp4');
      peer.bind(0, '127.0.0.1', () => {
        const socket = dgram.createSocket('udp4');
        socket.connect(peer.address().port, () => {
          for (let i = 0; i < 3; i++) {
            socket.send('x', () => {
              report(`sent ${i}`);
              if (i === 2) {
                socket.close();
                peer.close();
              }
              throw new Error(`thrown at ${i}`);
            });
          }
        });
      });
    });
    assert.deepStrictEqual(reports, [
      'sent 0', 'thrown at 0', 'sent 1', 'thrown at 1', 'sent 2', 'thrown at 2',
    ]);
  });
});
