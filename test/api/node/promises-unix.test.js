'use strict';

// dgram-native/promises: Unix datagram sockets.

const assert = require('node:assert');
const path = require('node:path');
const {
  closeLater, dgram, modulePath, nextIteration,
} = require('../../support/dgram');
const { describeUnix, freshPath } = require('../unix/kit');

const file = path.join(path.dirname(modulePath), 'promises.js');

describeUnix('dgram-native/promises: a Unix datagram socket', () => {
  let promises;

  before('load it', () => {
    promises = require(file);
  });

  /** A socket on which 'error' must not be emitted. */
  function open(options = 'unix_dgram', listener = undefined) {
    const socket = closeLater(promises.createSocket(options, listener));
    socket.on('error', (error) => {
      socket.emitted = error;
    });
    return socket;
  }

  async function rejects(promise, socket, expected) {
    await assert.rejects(promise, expected);
    await nextIteration();
    assert.strictEqual(socket.emitted, undefined);
  }

  it('is a Socket of dgram-native with its own methods', () => {
    const socket = open();
    assert.ok(socket instanceof dgram.Socket);
    assert.throws(() => socket.setTTL(1), { code: 'ENOTSUP' });
    assert.strictEqual(open().bind, socket.bind);
    const plain = closeLater(dgram.createSocket('unix_dgram'));
    assert.notStrictEqual(plain.bind, socket.bind);
    assert.strictEqual(plain.bind(), plain);
  });

  it('resolves with the name, the bytes and the number of datagrams',
    async () => {
      const at = freshPath();
      const socket = open();
      assert.deepStrictEqual(await socket.pause().bind(at),
                             { path: at, family: 'unix' });
      assert.strictEqual(await socket.send('one', at), 3);
      assert.strictEqual(await socket.send('two-', 0, 3, at), 3);
      assert.strictEqual(await socket.sendto('three', 0, 5, at), 5);
      assert.strictEqual(await socket.sendMany(['four', at, 'five', at]), 2);
      const texts = [];
      for await (const [msg, { path: from }] of socket) {
        texts.push(`${msg}`);
        assert.strictEqual(from, at);
        if (texts.length === 5) break;
      }
      assert.deepStrictEqual(texts, ['one', 'two', 'three', 'four', 'five']);
      const peer = open({ type: 'unix_dgram', sendHighWaterMark: 0 });
      assert.strictEqual(await peer.connect(at), undefined);
      assert.strictEqual(await peer.send('six'), 3);
      assert.strictEqual(await socket.close(), undefined);
    });

  it('rejects with the error, and emits none', async () => {
    const socket = open();
    const nowhere = freshPath('none/x');
    const noFile = { code: 'ENOENT' };
    await rejects(socket.send('x', nowhere), socket, noFile);
    await rejects(socket.bind(nowhere), socket, noFile);
    await rejects(socket.connect(nowhere), socket, noFile);
    await rejects(socket.sendMany(['x', nowhere]), socket,
                  { ...noFile, sent: 0 });
    await rejects(socket.bind(5), socket, { code: 'ERR_INVALID_ARG_TYPE' });
    await rejects(socket.sendto('x', 0, 1), socket,
                  { code: 'ERR_INVALID_ARG_TYPE' });
    await socket.bind();
    await rejects(socket.bind(), socket, { code: 'ERR_SOCKET_ALREADY_BOUND' });
  });

  it('does not take other arguments for its callback', async () => {
    const at = freshPath();
    const receiver = open();
    await receiver.bind(at);
    const socket = open();
    assert.strictEqual(await socket.send('abc', at, 'more'), 3);
    assert.strictEqual(await socket.send('abc', 0, 1, at, 'more'), 1);
    await socket.connect(at, 'more');
    assert.strictEqual(await socket.send('abc', null), 3);
    for (const args of [[1], [at], [0, 1, at]]) {
      await rejects(socket.send('abc', ...args), socket,
                    { code: 'ERR_SOCKET_DGRAM_IS_CONNECTED' });
    }
  });

  /** Sends more than the peer accepts. */
  async function sendMany(socket) {
    const peer = open();
    const { path: at } = await peer.pause().bind();
    const sends = Array.from({ length: 2000 }, () => socket.send('x', at));
    await nextIteration();
    return sends;
  }

  for (const method of ['close', Symbol.asyncDispose].filter(Boolean)) {
    it(`rejects what waits before ${String(method)} resolves`, async () => {
      const socket = open();
      const codes = new Set();
      let pending = 2000;
      for (const promise of await sendMany(socket)) {
        promise.catch(({ code, syscall }) => codes.add(`${syscall} ${code}`))
          .then(() => { pending--; });
      }
      await socket[method]();
      await Promise.resolve(); // for then()
      assert.strictEqual(pending, 0);
      assert.deepStrictEqual([...codes], ['send ECANCELED']);
    });
  }

  it('leaves time to handle rejections after close()', async () => {
    const socket = open();
    const sends = await sendMany(socket);
    const unhandled = [];
    const listener = (reason) => unhandled.push(reason);
    process.on('unhandledRejection', listener);
    try {
      await socket.close();
      await assert.rejects(Promise.all(sends), { code: 'ECANCELED' });
      await nextIteration();
    } finally {
      process.removeListener('unhandledRejection', listener);
    }
    assert.deepStrictEqual(unhandled, []);
  });
});
