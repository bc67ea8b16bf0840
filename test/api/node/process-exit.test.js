'use strict';

// process.exit() with open sockets: the datagrams that are sent or dropped, and
// the events.

const assert = require('node:assert');
const {
  bound, inChild, receiveText, reportsOf, send,
} = require('../../support/dgram');

describe('process.exit()', () => {
  it('sends the queued datagrams of a connected socket', async () => {
    const receiver = await bound();
    const texts = receiveText(receiver, 70);
    await reportsOf((dgram, report, port) => {
      const socket = dgram.createSocket('udp4');
      socket.connect(port, '127.0.0.1', () => {
        for (let i = 0; i < 70; i++)
          socket.send(`${i}`);
        process.exit();
      });
    }, { args: [receiver.address().port] });
    assert.deepStrictEqual(await texts,
      Array.from({ length: 70 }, (_, i) => `${i}`));
  });

  it('sends datagrams of a connected socket from an \'exit\' listener',
    async () => {
      const receiver = await bound();
      const texts = receiveText(receiver, 3);
      await reportsOf((dgram, report, port) => {
        const socket = dgram.createSocket('udp4');
        socket.connect(port, '127.0.0.1', () => {
          process.on('exit', () => {
            for (const text of ['last', 'very last', 'end'])
              socket.send(text);
          });
          process.exit();
        });
      }, { args: [receiver.address().port] });
      assert.deepStrictEqual(await texts, ['last', 'very last', 'end']);
    });

  it('is not needed to send queued datagrams on an uncaught error',
    async () => {
      const receiver = await bound();
      const texts = receiveText(receiver, 2);
      const { code } = await inChild((dgram, report, port) => {
        const socket = dgram.createSocket('udp4');
        socket.connect(port, '127.0.0.1', () => {
          socket.send('1');
          socket.send('2');
          throw new Error('fatal');
        });
      }, { args: [receiver.address().port] });
      assert.strictEqual(code, 1);
      assert.deepStrictEqual(await texts, ['1', '2']);
    });

  for (const [text, listener] of [
    ['exits', () => process.exit(0)],
    ['throws', () => {
      throw new Error('at exit');
    }],
  ]) {
    it(`sends queued datagrams if an earlier 'exit' listener ${text}`,
      async () => {
        const receiver = await bound();
        const texts = receiveText(receiver, 3);
        await inChild(`(dgram, report, port) => {
          process.on('exit', ${listener});
          const socket = dgram.createSocket('udp4');
          socket.connect(port, '127.0.0.1', () => {
            for (const text of ['1', '2', '3']) socket.send(text);
            process.exit();
          });
        }`, { args: [receiver.address().port] });
        assert.deepStrictEqual(await texts, ['1', '2', '3']);
      });
  }

  it('sends queued datagrams after all listeners were removed',
    async () => {
      const receiver = await bound();
      const texts = receiveText(receiver, 4);
      await reportsOf((dgram, report, port) => {
        const socket = dgram.createSocket('udp4');
        socket.connect(port, '127.0.0.1', () => {
          socket.send('1');
          socket.send('2');
          setImmediate(() => {
            process.removeAllListeners('exit');
            socket.send('3');
            socket.send('4');
            process.exit();
          });
        });
      }, { args: [receiver.address().port] });
      assert.deepStrictEqual(await texts, ['1', '2', '3', '4']);
    });

  it('drops the datagrams of an unconnected socket', async () => {
    const receiver = await bound();
    const { port } = receiver.address();
    const texts = receiveText(receiver, 1);
    assert.deepStrictEqual(await reportsOf((dgram, report, port) => {
      const socket = dgram.createSocket('udp4');
      socket.bind(0, () => {
        for (let i = 0; i < 3; i++)
          socket.send('dropped', port, '127.0.0.1', () => report('sent'));
        process.exit();
      });
    }, { args: [port] }), []);
    await send(await bound(), 'later', port, '127.0.0.1');
    assert.deepStrictEqual(await texts, ['later']);
  });

  it('emits no \'close\' for open sockets', async () => {
    assert.deepStrictEqual(await reportsOf((dgram, report) => {
      let left = 10;
      for (let i = 0; i < 10; i++) {
        const socket = dgram.createSocket('udp4');
        socket.on('close', () => report('close'));
        socket.bind(0, '127.0.0.1', () => {
          socket.send('x', socket.address().port, '127.0.0.1');
          if (--left === 0)
            process.exit();
        });
      }
      process.on('exit', () => report('exit'));
    }), ['exit']);
  });

  it('in a \'message\' listener stops the delivery', async () => {
    assert.deepStrictEqual(await reportsOf((dgram, report) => {
      const socket = dgram.createSocket('udp4');
      socket.on('message', (msg) => {
        report(String(msg));
        process.exit();
      });
      socket.bind(0, '127.0.0.1', () => {
        for (let i = 0; i < 5; i++)
          socket.send(`${i}`, socket.address().port, '127.0.0.1');
      });
    }), ['0']);
  });

  it('is not needed if all sockets are closed', async () => {
    assert.deepStrictEqual(await reportsOf((dgram, report) => {
      const socket = dgram.createSocket('udp4');
      socket.bind(0, () => socket.close());
      socket.on('close', () => report('close'));
      process.on('exit', () => report('exit'));
    }), ['close', 'exit']);
  });
});
