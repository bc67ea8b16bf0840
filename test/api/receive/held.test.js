'use strict';

// Additions together: datagrams that wait until their socket reads again, of
// each kind of socket, and when the descriptor moves on.

const assert = require('node:assert');
const {
  bound, describeNative, dgram, isWindows, nextIteration, once, open, packed,
  receiveText, stateOf,
} = require('../../support/dgram');
const { boundUnix, describeUnix, openUnix, pathOf } = require('../unix/kit');

const COUNT = 100;

const numbers = Array.from({ length: COUNT }, (_, i) => `${i}`);

async function iterations(count = 5) {
  for (let i = 0; i < count; i++) await nextIteration();
}

/** Sends the numbers at once, so that they arrive in few batches. */
async function burst(receiver) {
  const sender = await bound();
  const { port } = receiver.address();
  sender.sendMany(numbers.flatMap((text) => [text, port, '127.0.0.1']));
}

/** Collects texts, and calls `pause` after `at` of them. */
function collect(socket, at, pause) {
  const texts = [];
  socket.on('message', (message) => {
    if (texts.push(String(message)) === at) pause();
  });
  return texts;
}

async function until(condition) {
  const end = Date.now() + 10000;
  while (!condition()) {
    assert.ok(Date.now() < end, `timed out waiting for ${condition}`);
    await nextIteration();
  }
}

(isWindows ? describe.skip : describeNative)('detach() of a paused socket',
  () => {
    for (const type of ['udp4', 'udp']) {
      it(`moves the rest of its batch: ${type}`, async () => {
        const socket = open(type);
        socket.bind(0, type === 'udp4' ? '127.0.0.1' : '::');
        await once(socket, 'listening');
        const before = dgram.stats().received;
        const first = collect(socket, 3, () => socket.pause());
        await burst(socket);
        await until(() => first.length === 3);
        await iterations();
        const next = open({ from: socket.detach(), type });
        const families = new Set();
        const rest = collect(next, COUNT, () => {});
        next.on('message', (message, { family }) => families.add(family));
        await until(() => rest.length === COUNT - 3);
        assert.deepStrictEqual([...first, ...rest], numbers);
        assert.deepStrictEqual([...families], ['IPv4']);
        assert.strictEqual(dgram.stats().received - before, COUNT);
      });
    }

    it('moves them again from a socket that has not read them', async () => {
      const socket = await bound();
      const first = collect(socket, 1, () => socket.pause());
      await burst(socket);
      await until(() => first.length === 1);
      const second = open({ from: socket.detach() });
      second.pause();
      await iterations();
      const third = open({ from: second.detach() });
      const rest = collect(third, 2, () => third.pause());
      await until(() => rest.length === 2);
      await iterations();
      assert.strictEqual(rest.length, 2);
      third.resume();
      await until(() => rest.length === COUNT - 1);
      assert.deepStrictEqual([...first, ...rest], numbers);
    });

    it('counts each GRO buffer once, where it was read', async () => {
      const socket = await bound();
      const sender = await bound();
      const { port } = socket.address();
      await new Promise((resolve) => {
        sender.connect(port, '127.0.0.1', resolve);
      });
      const core = () => packed.binding().stats().received;
      const before = [dgram.stats().received, core()];
      const { mergedRuns } = dgram.stats();
      let next;
      const texts = collect(socket, 60, () => {
        next = open({ from: socket.detach() });
      });
      // Of one size: the kernel merges them.
      const sent = numbers.concat(numbers).map((text) => text.padStart(100));
      sender.sendMany(sent.slice(0, 50)); // the kernel may merge the next ones
      await until(() => texts.length === 50);
      sender.sendMany(sent.slice(50));
      await until(() => next !== undefined);
      const rest = collect(next, COUNT, () => {});
      await until(() => texts.length + rest.length === sent.length);
      assert.deepStrictEqual([...texts, ...rest], sent);
      assert.strictEqual(next.stats().received, rest.length);
      // On loopback a GSO send arrives as one GRO buffer.
      assert.ok(dgram.stats().mergedRuns - mergedRuns <=
        sender.stats().segmentedRuns);
      assert.deepStrictEqual([dgram.stats().received, core()],
        before.map((count) => count + sent.length));
    });

    it('in a listener moves the rest of the batch that is being delivered',
       async () => {
         const socket = await bound();
         let ticket;
         const first = collect(socket, 5, () => {
           socket.pause();
           ticket = socket.detach();
         });
         await burst(socket);
         await until(() => ticket !== undefined);
         await iterations();
         const next = open({ from: ticket });
         const rest = collect(next, COUNT, () => {});
         await until(() => rest.length === COUNT - 5);
         assert.deepStrictEqual([...first, ...rest], numbers);
       });
  });

describeUnix('pause() of a Unix socket', () => {
  it('keeps the rest of a batch, with its sources', async () => {
    const receiver =
      await boundUnix({ receiveInfo: ['credentials'] });
    const senders = [await boundUnix(), await boundUnix()];
    const received = [];
    receiver.on('message', (message, { path, credentials }) => {
      if (received.push([String(message), path, credentials.pid]) === 2) {
        receiver.pause();
      }
    });
    const sent = numbers.slice(0, 8).map((text, i) => {
      const sender = senders[i % 2];
      sender.send(text, pathOf(receiver));
      return [text, pathOf(sender), process.pid];
    });
    await until(() => received.length === 2);
    await iterations();
    assert.strictEqual(received.length, 2);
    receiver.resume();
    await until(() => received.length === sent.length);
    assert.deepStrictEqual(received.sort(), sent.sort());
  });

  it('in a listener of \'batch\' emits its datagrams once', async () => {
    const receiver = await boundUnix();
    const sender = await boundUnix();
    const counts = [];
    const texts = [];
    receiver.on('batch', ({ count }) => {
      if (counts.push(count) === 1) receiver.pause();
    });
    receiver.on('message', (message) => texts.push(String(message)));
    const sent = numbers.slice(0, 4);
    sender.sendMany(sent.flatMap((text) => [text, pathOf(receiver)]));
    await until(() => counts.length > 0);
    await iterations();
    assert.deepStrictEqual(texts, []);
    receiver.resume();
    await until(() => texts.length === sent.length);
    assert.deepStrictEqual(texts, sent);
    assert.strictEqual(counts.reduce((sum, count) => sum + count, 0),
                       sent.length);
  });

  it('keeps datagrams longer than 64 KiB', async () => {
    const receiver = await boundUnix();
    const sender = await boundUnix();
    const sizes = [1, 100_000, 2, 150_000];
    const received = [];
    receiver.on('message', (message) => {
      received.push(message);
      receiver.pause();
      setImmediate(() => receiver.resume());
    });
    for (const [i, size] of sizes.entries())
      sender.send(Buffer.alloc(size, i + 1), pathOf(receiver));
    await until(() => received.length === sizes.length);
    assert.deepStrictEqual(received.map(({ length }) => length), sizes);
    for (const [i, message] of received.entries())
      assert.ok(message.every((byte) => byte === i + 1));
  });

  for (const [sendHighWaterMark, expected] of [
    [undefined, false], [1, true], [1 << 20, false],
  ]) {
    it(`lets the send queue reach its mark of ${sendHighWaterMark}`, async () => {
      const receiver = await boundUnix();
      receiver.pause();
      const sender = openUnix({ sendHighWaterMark });
      while (sender.getSendQueueCount() === 0)
        sender.sendMany(['x', pathOf(receiver)]);
      assert.strictEqual(sender.writableNeedDrain, expected);
      const drained = once(sender, 'drain');
      receiver.resume();
      await drained;
      assert.strictEqual(sender.writableNeedDrain, false);
    });
  }

  it('cannot be followed by detach(), which is about UDP', async () => {
    const socket = await boundUnix();
    assert.throws(() => socket.detach(), { code: 'ENOTSUP' });
    assert.ok(stateOf(socket).handle);
  });

  it('does not affect the one drain event of a congestion', async () => {
    const receiver = await boundUnix();
    const sender = await boundUnix();
    receiver.pause();
    let drains = 0;
    sender.on('drain', () => drains++);
    const texts = receiveText(receiver, 2000);
    for (let i = 0; i < 2000; i++)
      sender.send(`${i}`.padEnd(200), pathOf(receiver));
    await iterations(20);
    assert.strictEqual(sender.writableNeedDrain, true);
    receiver.resume();
    assert.strictEqual((await texts).length, 2000);
    await until(() => drains > 0);
    await iterations();
    assert.strictEqual(drains, 1);
    assert.strictEqual(sender.writableNeedDrain, false);
  });
});
