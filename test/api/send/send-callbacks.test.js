'use strict';

// Callbacks of send(): arguments, order, errors, and use of the socket inside
// of a callback.

const assert = require('node:assert');
const {
  bound, connectedTo, isSystemError, once, open, receiveText, steps,
} = require('../../support/dgram');

describe('callbacks of socket.send()', () => {
  for (const [state, make, to] of [
    ['unconnected', async () => open('udp4'),
      (peer) => [peer.address().port, '127.0.0.1']],
    ['connected', (peer) => connectedTo(peer), () => []],
  ]) {
    describe(state, () => {
      it('receive null and the number of bytes', async () => {
        const peer = await bound();
        const socket = await make(peer);
        for (const [message, bytes] of [
          ['', 0], ['abc', 3], ['äöü', 6], [Buffer.alloc(1000), 1000],
          [['ab', 'cd'], 4], [[], 0], [new Float64Array(3), 24],
        ]) {
          const args = await new Promise((resolve) => {
            socket.send(message, ...to(peer), function(...args) {
              resolve(args);
            });
          });
          assert.deepStrictEqual(args, [null, bytes]);
        }
      });

      it('are never called synchronously', async () => {
        const peer = await bound();
        const socket = await make(peer);
        let returned = false;
        const done = new Promise((resolve) => {
          socket.send('x', ...to(peer), () => resolve(returned));
        });
        returned = true;
        assert.strictEqual(await done, true);
      });

      it('are called once for each send, in order', async () => {
        const peer = await bound();
        const socket = await make(peer);
        const expected = Array.from({ length: 100 }, (_, i) => `${i}`);
        const texts = receiveText(peer, 100);
        const order = await steps(100, (log) => {
          for (const text of expected)
            socket.send(text, ...to(peer), () => log(text));
        });
        assert.deepStrictEqual(order, expected);
        assert.deepStrictEqual(await texts, expected);
      });

      it('may send again', async () => {
        const peer = await bound();
        const socket = await make(peer);
        const texts = receiveText(peer, 200);
        let count = 0;
        (function next() {
          if (count < 200)
            socket.send(`${count++}`, ...to(peer), next);
        })();
        assert.deepStrictEqual(await texts,
          Array.from({ length: 200 }, (_, i) => `${i}`));
      });

      it('may close the socket', async () => {
        const peer = await bound();
        const socket = await make(peer);
        socket.send('x', ...to(peer), () => socket.close());
        await once(socket, 'close');
      });

      it('receive errors in the order of the sends', async () => {
        const peer = await bound();
        const socket = await make(peer);
        const texts = receiveText(peer, 4);
        const results = await steps(6, (log) => {
          for (const message of ['1', '2', Buffer.alloc(65508), '3',
            Buffer.alloc(70000), '4'])
            socket.send(message, ...to(peer), (error) => log(error));
        });
        assert.deepStrictEqual(results.map((error) => error?.code ?? null),
          [null, null, 'EMSGSIZE', null, 'EMSGSIZE', null]);
        for (const error of [results[2], results[4]]) {
          isSystemError(error, 'EMSGSIZE', 'send', ...(to(peer).length ?
            ['127.0.0.1', peer.address().port] : [undefined]));
        }
        assert.deepStrictEqual(await texts, ['1', '2', '3', '4']);
      });

      it('are called when other sends have none', async () => {
        const peer = await bound();
        const socket = await make(peer);
        const texts = receiveText(peer, 4);
        assert.deepStrictEqual(await steps(2, (log) => {
          socket.send('1', ...to(peer));
          socket.send('2', ...to(peer), () => log('2'));
          socket.send('3', ...to(peer));
          socket.send('4', ...to(peer), () => log('4'));
        }), ['2', '4']);
        assert.deepStrictEqual(await texts, ['1', '2', '3', '4']);
      });
    });
  }

  it('are called before or after the peer receives the message',
    async () => {
      const socket = await bound();
      assert.deepStrictEqual((await steps(2, (log) => {
        socket.once('message', () => log('message'));
        socket.send('x', socket.address().port, () => log('callback'));
      })).sort(), ['callback', 'message']);
    });
});
