'use strict';

// bind(handle): the form that Node's own code uses for handles opened by
// another process or by the primary of a cluster.

const assert = require('node:assert');
const {
  dgram, isOpen, once, open, receiveText, send, stateOf, nextIteration,
} = require('../../support/dgram');

/** A bound handle taken from a socket of the built-in. */
async function builtinHandle() {
  const socket = require('node:dgram').createSocket('udp4');
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  const state = stateOf(socket);
  const { handle } = state;
  handle.recvStop();
  state.handle = null;
  return handle;
}

(process.platform === 'win32' ? describe.skip : describe)('socket.bind(handle)',
  () => {
    it('adopts the handle synchronously', async () => {
      const handle = await builtinHandle();
      const expected = {};
      handle.getsockname(expected);
      const socket = open('udp4');
      const order = [];
      socket.on('listening', () => order.push('listening'));
      assert.strictEqual(
        socket.bind(handle, () => order.push('callback')), socket);
      order.push('returned');
      assert.deepStrictEqual(order, ['listening', 'callback', 'returned']);
      assert.deepStrictEqual(socket.address(), expected);
    });

    it('receives and sends through the handle', async () => {
      const socket = open('udp4').bind(await builtinHandle());
      const { port } = socket.address();
      const other = open('udp4');
      const texts = receiveText(socket, 20);
      for (let i = 0; i < 20; i++)
        other.send(`text ${i}`, port, '127.0.0.1');
      assert.deepStrictEqual(await texts,
        Array.from({ length: 20 }, (_, i) => `text ${i}`));
      const back = receiveText(other, 20);
      for (let i = 0; i < 20; i++)
        socket.send(`back ${i}`, other.address().port, '127.0.0.1');
      assert.deepStrictEqual(await back,
        Array.from({ length: 20 }, (_, i) => `back ${i}`));
    });

    it('closes the handle when the socket is closed', async () => {
      const handle = await builtinHandle();
      const { close } = handle;
      let calls = 0;
      handle.close = function(...args) {
        calls++;
        return Reflect.apply(close, this, args);
      };
      const socket = open('udp4').bind(handle);
      const { port } = socket.address();
      const closed = once(socket, 'close');
      socket.close();
      assert.strictEqual(calls, 1);
      await closed;
      await nextIteration();
      const next = open('udp4');
      next.bind(port, '127.0.0.1');
      await once(next, 'listening');
    });

    it('applies an earlier unref()', async () => {
      const handle = await builtinHandle();
      const socket = open('udp4');
      socket.unref();
      socket.bind(handle);
      assert.strictEqual(handle.hasRef(), false);
      assert.strictEqual(stateOf(socket).handle.hasRef(), false);
      socket.ref();
      assert.strictEqual(handle.hasRef() ||
        stateOf(socket).handle.hasRef(), true);
    });

    it('sets options on the handle', async () => {
      const socket = open('udp4').bind(await builtinHandle());
      assert.strictEqual(socket.setTTL(5), 5);
      assert.strictEqual(socket.setBroadcast(true), undefined);
      socket.setRecvBufferSize(10000);
      assert.ok(socket.getRecvBufferSize() >= 10000);
      assert.ok(socket instanceof dgram.Socket);
      assert.ok(isOpen(socket));
    });

    it('can be followed by connect()', async () => {
      const socket = open('udp4').bind(await builtinHandle());
      const peer = open('udp4');
      peer.bind(0, '127.0.0.1');
      await once(peer, 'listening');
      socket.connect(peer.address().port, '127.0.0.1');
      await once(socket, 'connect');
      const texts = receiveText(peer, 1);
      await send(socket, 'connected');
      assert.deepStrictEqual(await texts, ['connected']);
      assert.deepStrictEqual(socket.remoteAddress(), peer.address());
    });
  });
