'use strict';

const assert = require('node:assert');
const {
  bound, close, describeSince, isOpen, open,
} = require('../support/dgram');

describeSince(['18.18.0', '20.5.0'], 'Symbol.asyncDispose', () => {
  it('closes the socket and waits for the event', async () => {
    const socket = await bound();
    let closed = false;
    socket.on('close', () => closed = true);
    const disposed = socket[Symbol.asyncDispose]();
    assert.ok(disposed instanceof Promise);
    assert.strictEqual(isOpen(socket), false);
    assert.strictEqual(closed, false);
    assert.strictEqual(await disposed, undefined);
    assert.strictEqual(closed, true);
  });

  it('closes a socket that was never bound', async () => {
    const socket = open('udp4');
    await socket[Symbol.asyncDispose]();
    assert.strictEqual(isOpen(socket), false);
  });

  it('may come again and after close()', async () => {
    const socket = open('udp4');
    await socket[Symbol.asyncDispose]();
    assert.strictEqual(await socket[Symbol.asyncDispose](), undefined);
    const other = open('udp4');
    await close(other);
    assert.strictEqual(await other[Symbol.asyncDispose](), undefined);
  });
});
