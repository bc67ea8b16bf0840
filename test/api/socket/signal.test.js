'use strict';

// The option `signal` of createSocket().

const assert = require('node:assert');
const { getEventListeners } = require('node:events');
const {
  bound, close, isOpen, once, open, steps, nextIteration,
} = require('../../support/dgram');

describe('the option signal', () => {
  it('closes the socket when it is aborted', async () => {
    const controller = new AbortController();
    const socket = await bound({ type: 'udp4', signal: controller.signal });
    assert.ok(isOpen(socket));
    const closed = once(socket, 'close');
    controller.abort();
    assert.strictEqual(isOpen(socket), false);
    assert.deepStrictEqual(await closed, []);
  });

  it('closes the socket at once if already aborted', async () => {
    const controller = new AbortController();
    controller.abort();
    assert.deepStrictEqual(await steps(4, (log) => {
      process.nextTick(log, 'tick before');
      const socket = open({ type: 'udp4', signal: controller.signal });
      log(isOpen(socket));
      socket.on('close', () => log('close'));
      process.nextTick(log, 'tick after');
    }), [false, 'tick before', 'close', 'tick after']);
  });

  it('may be aborted after close()', async () => {
    const controller = new AbortController();
    const socket = open({ type: 'udp4', signal: controller.signal });
    let count = 0;
    socket.on('close', () => count++);
    socket.close();
    controller.abort();
    await once(socket, 'close');
    await nextIteration();
    assert.strictEqual(count, 1);
  });

  it('has no listener left after \'close\'', async () => {
    const { signal } = new AbortController();
    const socket = open({ type: 'udp4', signal });
    assert.strictEqual(getEventListeners(signal, 'abort').length, 1);
    await close(socket);
    assert.strictEqual(getEventListeners(signal, 'abort').length, 0);
  });

  it('closes all sockets that were created with it', async () => {
    const controller = new AbortController();
    const sockets = Array.from({ length: 5 },
      () => open({ type: 'udp4', signal: controller.signal }));
    const closed = sockets.map((socket) => once(socket, 'close'));
    controller.abort();
    await Promise.all(closed);
  });

  it('drops sends that are queued before bind', async () => {
    const controller = new AbortController();
    const socket = open({ type: 'udp4', signal: controller.signal });
    socket.send('x', 9, '127.0.0.1', assert.fail);
    controller.abort();
    await once(socket, 'close');
    await nextIteration();
  });
});
