'use strict';

// close(): events, callbacks, queued calls, and reuse of the port.

const assert = require('node:assert');
const {
  bound, connectedTo, isOpen, once, open, receiveText, stateOf, steps,
  throwsCode, nextIteration,
} = require('../../support/dgram');

describe('socket.close()', () => {
  it('returns the socket and emits \'close\' later', async () => {
    const socket = open('udp4');
    const closed = once(socket, 'close');
    assert.strictEqual(socket.close(), socket);
    assert.strictEqual(isOpen(socket), false);
    assert.deepStrictEqual(await closed, []);
  });

  for (const [text, make] of [
    ['new', () => open('udp4')],
    ['bound', () => bound()],
    ['connected', async () => connectedTo(await bound())],
  ]) {
    it(`emits 'close' in tick order on a ${text} socket`, async () => {
      const socket = await make();
      assert.deepStrictEqual(await steps(5, (log) => {
        Promise.resolve().then(() => log('microtask'));
        process.nextTick(log, 'tick before');
        socket.on('close', () => log('listener'));
        socket.close(() => log('callback'));
        process.nextTick(log, 'tick after');
      }), ['tick before', 'listener', 'callback', 'tick after', 'microtask']);
    });
  }

  it('calls a listener that is added afterwards', async () => {
    const socket = open('udp4');
    socket.close();
    await once(socket, 'close');
  });

  it('ignores an argument that is not a function', async () => {
    for (const argument of ['bad argument', 1, null, {}, true]) {
      const socket = open('udp4');
      assert.strictEqual(socket.close(argument), socket);
      await once(socket, 'close');
    }
  });

  it('throws when called again', async () => {
    const socket = await bound();
    socket.close();
    const again = () => throwsCode(() => socket.close(),
      Error, 'ERR_SOCKET_DGRAM_NOT_RUNNING', 'Not running');
    again();
    await once(socket, 'close');
    again();
  });

  it('adds its callback even if it throws', async () => {
    const socket = open('udp4');
    const calls = [];
    socket.close(() => calls.push(1));
    assert.throws(() => socket.close(() => calls.push(2)));
    await once(socket, 'close');
    assert.deepStrictEqual(calls, [1, 2]);
  });

  it('emits \'close\' once', async () => {
    const socket = await bound();
    let count = 0;
    socket.on('close', () => count++);
    socket.close();
    await once(socket, 'close');
    await nextIteration();
    assert.strictEqual(count, 1);
  });

  it('waits for queued calls while the socket is being bound', async () => {
    const socket = open('udp4');
    const events = [];
    socket.on('listening', () => events.push('listening'));
    socket.on('close', () => events.push('close'));
    socket.send('dropped', 9, '127.0.0.1', () => events.push('sent'));
    assert.strictEqual(socket.close(() => events.push('callback')), socket);
    assert.ok(isOpen(socket));
    // close() is queued as well.
    assert.strictEqual(stateOf(socket).queue.length, 2);
    await once(socket, 'close');
    await nextIteration();
    assert.deepStrictEqual(events, ['listening', 'close', 'callback']);
  });

  it('drops queued sends when called in a \'listening\' listener',
    async () => {
      const socket = open('udp4');
      socket.on('listening', () => socket.close());
      socket.send('a', 9, '127.0.0.1', assert.fail);
      socket.send('b', 9, '127.0.0.1', assert.fail);
      await once(socket, 'close');
      await nextIteration();
    });

  it('can be called in the callback of bind()', async () => {
    const socket = open('udp4');
    await new Promise((resolve) => {
      socket.bind(0, () => {
        socket.close(resolve);
        assert.strictEqual(isOpen(socket), false);
      });
    });
  });

  it('stops reception at once', async () => {
    const socket = await bound();
    socket.on('message', assert.fail);
    const other = await bound();
    const texts = receiveText(other, 1);
    const sender = await connectedTo(socket);
    sender.send('pending in the kernel');
    const closed = once(socket, 'close');
    socket.close();
    await closed;
    sender.disconnect();
    sender.send('later', other.address().port, '127.0.0.1');
    assert.deepStrictEqual(await texts, ['later']);
  });

  it('allows a new socket in the callback of the handle\'s close', async () => {
    const sender = await bound();
    const socket = await bound();
    const { handle } = stateOf(socket);
    const next = await new Promise((resolve) =>
      handle.close(() => resolve(bound())));
    const texts = receiveText(next, 1);
    sender.send('x', next.address().port, '127.0.0.1');
    assert.deepStrictEqual(await texts, ['x']);
  });

  it('frees the handles of 1,000 sockets', async () => {
    for (let round = 0; round < 20; round++) {
      const sockets = Array.from({ length: 50 }, () => open('udp4'));
      await Promise.all(sockets.map((socket) => {
        socket.bind(0, '127.0.0.1');
        return once(socket, 'listening');
      }));
      await Promise.all(sockets.map((socket) => {
        socket.close();
        return once(socket, 'close');
      }));
    }
  });
});
