'use strict';

// iterator() and Symbol.asyncIterator of a socket.

const assert = require('node:assert');
const { getEventListeners } = require('node:events');
const {
  bound, close, connectedTo, describeNative, freePort, isLinux, nextIteration,
  open, throwsCode,
} = require('../../support/dgram');

const AT = '127.0.0.1';

const numbers = (count, first = 0) =>
  Array.from({ length: count }, (_, i) => `${first + i}`);

/** Sends each text, in order, and waits until they have left. */
async function send(sender, receiver, texts) {
  const { port } = receiver.address();
  await Promise.all(texts.map((text) => new Promise((resolve, reject) => {
    sender.send(text, port, AT, (error) => (error ? reject(error) : resolve()));
  })));
}

async function iterations(count = 5) {
  for (let i = 0; i < count; i++) {
    await nextIteration();
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
}

/** A bound socket with room for the datagrams of a test, and a sender. */
async function pair(options) {
  const socket =
    await bound({ type: 'udp4', recvBufferSize: 1 << 18, ...options });
  return { socket, sender: await bound() };
}

/** Takes `count` texts and leaves the loop. */
async function take(iterable, count) {
  const texts = [];
  for await (const [msg] of iterable) {
    texts.push(String(msg));
    if (texts.length === count) break;
  }
  return texts;
}

const listeners = (socket) => ['message', 'error', 'close']
  .map((name) => socket.listenerCount(name));

describeNative('for await (const [msg, rinfo] of socket)', () => {
  it('gives each datagram with its source', async () => {
    const { socket, sender } = await pair();
    const sent = send(sender, socket, ['one', 'two']);
    const got = [];
    for await (const [msg, rinfo, ...rest] of socket) {
      got.push([msg.toString(), rinfo.port, rinfo.size, rest.length]);
      if (got.length === 2) break;
    }
    await sent;
    const { port } = sender.address();
    assert.deepStrictEqual(got, [['one', port, 3, 0], ['two', port, 3, 0]]);
  });

  it('starts before bind()', async () => {
    const socket = open('udp4');
    const texts = take(socket, 2);
    socket.bindSync({ address: AT });
    await send(await bound(), socket, ['one', 'two']);
    assert.deepStrictEqual(await texts, ['one', 'two']);
  });

  it('ends with close(), after the datagrams that were read', async () => {
    const { socket, sender } = await pair();
    const iterator = socket.iterator();
    await send(sender, socket, ['one', 'two']);
    await iterations();
    await close(socket);
    assert.strictEqual(String((await iterator.next()).value[0]), 'one');
    assert.strictEqual(String((await iterator.next()).value[0]), 'two');
    assert.deepStrictEqual(await iterator.next(),
      { value: undefined, done: true });
    assert.deepStrictEqual(await iterator.next(),
      { value: undefined, done: true });
  });

  it('ends with close() while it waits', async () => {
    const { socket } = await pair();
    const texts = take(socket, 1);
    const iterator = socket.iterator();
    const waiting = [iterator.next(), iterator.next()];
    await iterations();
    socket.close();
    assert.deepStrictEqual(await texts, []);
    assert.deepStrictEqual(await Promise.all(waiting),
      new Array(2).fill({ value: undefined, done: true }));
  });

  it('throws an error, after the datagrams that were read', async function() {
    if (!isLinux) this.skip(); // others differ in when the error is reported
    const port = await freePort();
    const socket = await connectedTo(
      { type: 'udp4', address: () => ({ port, address: AT }) });
    const iterator = socket.iterator();
    socket.emit('message', Buffer.from('one'), { port: 1 });
    socket.send('to nobody');
    await iterations();
    assert.strictEqual(String((await iterator.next()).value[0]), 'one');
    await assert.rejects(iterator.next(), { code: 'ECONNREFUSED' });
    assert.deepStrictEqual(await iterator.next(),
      { value: undefined, done: true });
    assert.deepStrictEqual(listeners(socket), [0, 0, 0]);
  });

  it('throws an error while it waits', async () => {
    const { socket } = await pair();
    const failure = new Error('expected');
    const texts = take(socket, 1);
    await iterations();
    socket.emit('error', failure);
    await assert.rejects(texts, failure);
    assert.strictEqual(socket.isPaused(), true);
  });

  it('leaves an open, paused socket and no listener', async () => {
    const { socket, sender } = await pair();
    await send(sender, socket, numbers(20));
    assert.deepStrictEqual(await take(socket, 3), numbers(3));
    assert.strictEqual(socket.isPaused(), true);
    assert.deepStrictEqual(listeners(socket), [0, 0, 0]);
    const { receiveCalls } = socket.stats();
    await send(sender, socket, numbers(5, 20));
    await iterations();
    assert.strictEqual(socket.stats().receiveCalls, receiveCalls);
  });

  it('continues where the last one was left', async () => {
    const { socket, sender } = await pair();
    socket.pause();
    await send(sender, socket, numbers(200));
    const texts = [];
    for (const count of [3, 1, 70, 126]) {
      texts.push(...await take(socket, count));
      await iterations(2);
    }
    assert.deepStrictEqual(texts, numbers(200));
  });

  it('is left by an exception and by throw()', async () => {
    const { socket, sender } = await pair();
    await send(sender, socket, ['one', 'two']);
    const failure = new Error('expected');
    await assert.rejects((async () => {
      for await (const [msg] of socket) throw msg && failure;
    })(), failure);
    assert.strictEqual(socket.isPaused(), true);
    const iterator = socket.iterator();
    await assert.rejects(iterator.throw(failure), failure);
    assert.deepStrictEqual(listeners(socket), [0, 0, 0]);
    assert.deepStrictEqual(await take(socket, 1), ['two']);
  });

  it('does not pause a socket with other listeners', async () => {
    const { socket, sender } = await pair();
    const seen = [];
    socket.on('message', (msg) => seen.push(String(msg)));
    const texts = take(socket, 1);
    await send(sender, socket, ['one', 'two']);
    assert.deepStrictEqual(await texts, ['one']);
    await iterations();
    assert.strictEqual(socket.isPaused(), false);
    assert.deepStrictEqual(seen, ['one', 'two']);
  });

  it('closes with await using', async function() {
    if (Symbol.asyncDispose === undefined) this.skip();
    const { socket, sender } = await pair();
    await send(sender, socket, ['one']);
    try {
      assert.deepStrictEqual(await take(socket, 1), ['one']);
    } finally {
      await socket[Symbol.asyncDispose]();
    }
    throwsCode(() => socket.iterator(), Error, 'ERR_SOCKET_DGRAM_NOT_RUNNING',
      'Not running');
  });
});

describeNative('socket.iterator()', () => {
  it('bounds its queue', async () => {
    const { socket, sender } = await pair();
    socket.pause();
    await send(sender, socket, numbers(100));
    let emitted = 0;
    const count = () => emitted++;
    socket.on('message', count);
    const iterator = socket.iterator({ highWaterMark: 10 });
    await iterations();
    assert.strictEqual(emitted, 10);
    assert.strictEqual(socket.isPaused(), true);
    for (let i = 0; i < 4; i++) await iterator.next();
    await iterations();
    assert.strictEqual(emitted, 10, 'more than half of it is left');
    await iterator.next();
    await iterations();
    assert.strictEqual(emitted, 15);
    socket.removeListener('message', count);
    assert.deepStrictEqual(await take(iterator, 95), numbers(95, 5));
  });

  it('holds 64 datagrams by default', async () => {
    const { socket, sender } = await pair();
    socket.pause();
    await send(sender, socket, numbers(100));
    let emitted = 0;
    socket.on('message', () => emitted++);
    const iterator = socket.iterator();
    await iterations();
    assert.strictEqual(emitted, 64);
    await iterator.return();
    await iterations();
    assert.strictEqual(emitted, 100);
  });

  it('works with a queue of 1', async () => {
    const { socket, sender } = await pair();
    socket.pause();
    await send(sender, socket, numbers(50));
    const texts = [];
    for await (const [msg] of socket.iterator({ highWaterMark: 1 })) {
      texts.push(String(msg));
      if (texts.length === 50) break;
      if (texts.length % 10 === 0) await iterations(1);
    }
    assert.deepStrictEqual(texts, numbers(50));
  });

  it('may exist several times: the slowest one sets the pace', async () => {
    const { socket, sender } = await pair();
    const fast = socket.iterator({ highWaterMark: 100 });
    const slow = socket.iterator({ highWaterMark: 3 });
    await send(sender, socket, numbers(10));
    await iterations();
    assert.deepStrictEqual(await take(fast, 3), numbers(3));
    assert.strictEqual(socket.isPaused(), true, 'slow is full');
    assert.deepStrictEqual(await take(slow, 10), numbers(10));
  });

  it('leaves a pause() of the program alone', async () => {
    const { socket, sender } = await pair();
    const iterator = socket.iterator({ highWaterMark: 2 });
    await send(sender, socket, ['one']);
    await iterations();
    socket.pause();
    await send(sender, socket, ['two']);
    await iterator.next();
    const next = iterator.next();
    await iterations();
    assert.strictEqual(socket.isPaused(), true);
    socket.resume();
    assert.strictEqual(String((await next).value[0]), 'two');
  });

  it('keeps a pause() of the program while its queue is full', async () => {
    const { socket, sender } = await pair();
    const iterator = socket.iterator({ highWaterMark: 2 });
    await send(sender, socket, numbers(6));
    await iterations();
    socket.pause();
    assert.deepStrictEqual([
      String((await iterator.next()).value[0]),
      String((await iterator.next()).value[0]),
    ], numbers(2));
    const next = iterator.next();
    await iterations();
    assert.strictEqual(socket.isPaused(), true);
    socket.resume();
    assert.strictEqual(String((await next).value[0]), '2');
  });

  it('stays paused after resume() while its queue is full', async () => {
    const { socket, sender } = await pair();
    const iterator = socket.iterator({ highWaterMark: 2 });
    await send(sender, socket, numbers(6));
    await iterations();
    socket.pause();
    socket.resume();
    await iterations();
    assert.strictEqual(socket.isPaused(), true);
    assert.deepStrictEqual(await take(iterator, 6), numbers(6));
  });

  it('continues where one with a full queue was left', async () => {
    const { socket, sender } = await pair();
    await send(sender, socket, numbers(20));
    const texts = [];
    for await (const [msg] of socket.iterator({ highWaterMark: 4 })) {
      texts.push(String(msg));
      await iterations();
      break;
    }
    texts.push(...await take(socket.iterator({ highWaterMark: 4 }), 19));
    assert.deepStrictEqual(texts, numbers(20));
  });

  it('continues, after several, with what one has not returned', async () => {
    for (const order of [[0, 1, 2], [2, 1, 0]]) {
      const { socket, sender } = await pair();
      const all = [socket.iterator(), socket.iterator(), socket.iterator()];
      await send(sender, socket, numbers(6));
      await iterations();
      await all[0].next();
      await all[1].next();
      await all[1].next();
      await all[2].next();
      await all[2].next();
      for (const i of order) await all[i].return();
      await send(sender, socket, numbers(2, 6));
      assert.deepStrictEqual(await take(socket, 7), numbers(7, 1));
      socket.close();
    }
  });

  it('does not continue after resume()', async () => {
    const { socket, sender } = await pair();
    await send(sender, socket, numbers(3));
    for await (const [msg] of socket) {
      assert.strictEqual(String(msg), '0');
      await iterations();
      break;
    }
    const texts = [];
    const listener = (msg) => texts.push(String(msg));
    socket.on('message', listener).resume();
    await send(sender, socket, numbers(2, 3));
    await iterations();
    socket.off('message', listener);
    assert.deepStrictEqual(texts, numbers(2, 3));
    const iterator = socket.iterator();
    await send(sender, socket, numbers(1, 5));
    assert.strictEqual(String((await iterator.next()).value[0]), '5');
  });

  it('returns an async iterator', async () => {
    const { socket } = await pair();
    const iterator = socket.iterator({ highWaterMark: 1 });
    assert.strictEqual(iterator[Symbol.asyncIterator](), iterator);
    const first = iterator.next();
    assert.ok(first instanceof Promise);
    assert.deepStrictEqual(await iterator.return('left'),
      { value: 'left', done: true });
    assert.deepStrictEqual(await first, { value: undefined, done: true });
    assert.deepStrictEqual(await iterator.return(),
      { value: undefined, done: true });
  });

  it('is ended by its signal', async () => {
    const { socket } = await pair();
    const controller = new AbortController();
    const { signal } = controller;
    const iterator = socket.iterator({ signal });
    const next = iterator.next();
    const reason = new Error('expected');
    controller.abort(reason);
    await assert.rejects(next, (error) => {
      assert.strictEqual(error.name, 'AbortError');
      assert.strictEqual(error.code, 'ABORT_ERR');
      assert.strictEqual(error.cause, reason);
      return true;
    });
    assert.deepStrictEqual(listeners(socket), [0, 0, 0]);
    assert.throws(() => socket.iterator({ signal }), { code: 'ABORT_ERR' });
  });

  it('removes its listener of the signal', async () => {
    const { socket } = await pair();
    const { signal } = new AbortController();
    await socket.iterator({ signal }).return();
    assert.deepStrictEqual(getEventListeners(signal, 'abort'), []);
  });

  it('checks its options', async () => {
    const { socket } = await pair();
    for (const highWaterMark of [0, -1, 1.5, Infinity, NaN]) {
      assert.throws(() => socket.iterator({ highWaterMark }),
        { name: 'RangeError', code: 'ERR_OUT_OF_RANGE' });
    }
    for (const options of [
      null, 5, [], 'x', { highWaterMark: '5' }, { highWaterMark: null },
      { signal: {} }, { signal: null },
    ]) {
      assert.throws(() => socket.iterator(options),
        { name: 'TypeError', code: 'ERR_INVALID_ARG_TYPE' });
    }
    assert.deepStrictEqual(listeners(socket), [0, 0, 0]);
  });
});
