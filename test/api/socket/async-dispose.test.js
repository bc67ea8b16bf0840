'use strict';

// socket[Symbol.asyncDispose](): it closes the socket and waits for 'close'.

const assert = require('node:assert');
const { promisify } = require('node:util');
const {
  bound, close, closeLater, describeSince, dgram, isOpen, itSince, open,
} = require('../../support/dgram');

describeSince(['18.18.0', '20.5.0'], 'socket[Symbol.asyncDispose]()', () => {
  it('closes the socket and waits for \'close\'', async () => {
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

  it('can be called again and after close()', async () => {
    const socket = open('udp4');
    await socket[Symbol.asyncDispose]();
    assert.strictEqual(await socket[Symbol.asyncDispose](), undefined);
    const other = open('udp4');
    await close(other);
    assert.strictEqual(await other[Symbol.asyncDispose](), undefined);
  });

  it('rejects with the error that close() passes to its callback', async () => {
    const failure = new Error('not closed');
    class Failing extends dgram.Socket {
      close(callback) {
        if (callback === undefined) return super.close();
        process.nextTick(callback, failure);
        return this;
      }
    }
    const socket = closeLater(new Failing('udp4'));
    await assert.rejects(socket[Symbol.asyncDispose](), failure);
    assert.strictEqual(isOpen(socket), true);
  });

  it('rejects with the error that \'close\' is emitted with', async () => {
    const failure = new Error('emitted');
    const socket = open('udp4');
    const disposed = socket[Symbol.asyncDispose]();
    socket.emit('close', failure);
    await assert.rejects(disposed, failure);
  });

  // In Node 18 and 20 it resolves to the second argument of the callback.
  itSince('22.0.0', 'resolves to undefined', async () => {
    const socket = open('udp4');
    const disposed = socket[Symbol.asyncDispose]();
    socket.emit('close', null, 5);
    assert.strictEqual(await disposed, undefined);
  });

  it('uses the util.promisify.custom method of close()', async () => {
    const socket = open('udp4');
    const calls = [];
    const { close } = socket;
    socket.close = () => assert.fail('called');
    socket.close[promisify.custom] = async function() {
      calls.push(this);
      close.call(this);
    };
    await socket[Symbol.asyncDispose]();
    assert.deepStrictEqual(calls, [socket]);
  });
});
