'use strict';

// The option reuseBatch: every 'batch' is written into the same memory.

const assert = require('node:assert');
const {
  bound, connectedTo, describeNative, dgram, nextIteration, once, open, receive,
} = require('../../support/dgram');

const AT = '127.0.0.1';

/** Sends the texts, each in a batch of its own, and returns the batches. */
async function batchesOf(receiver, texts) {
  const sender = await bound();
  const batches = [];
  for (const text of texts) {
    const batch = once(receiver, 'batch');
    sender.send(text, receiver.address().port, AT);
    batches.push((await batch)[0]);
  }
  return batches;
}

/** @returns {Promise<Socket>} bound, with the options */
async function receiverWith(options) {
  const socket = open({ type: 'udp4', ...options });
  socket.bind(0, AT);
  await once(socket, 'listening');
  return socket;
}

describeNative('the option reuseBatch', () => {
  it('writes each batch into the memory of the last one', async () => {
    const [first, second] = await batchesOf(
      await receiverWith({ reuseBatch: true }), ['first', 'second']);
    assert.strictEqual(first.data.buffer, second.data.buffer);
    assert.strictEqual(second.data.toString(), 'second');
    assert.strictEqual(second.sizes[0], 6);
    assert.strictEqual(first.data.toString(), 'secon');
  });

  it('is off by default: each batch keeps its memory', async () => {
    const [first, second] =
      await batchesOf(await receiverWith({}), ['first', 'second']);
    assert.notStrictEqual(first.data.buffer, second.data.buffer);
    assert.strictEqual(first.data.toString(), 'first');
  });

  it('has no effect with sharedBuffers, whose messages are views', async () => {
    const receiver =
      await receiverWith({ reuseBatch: true, sharedBuffers: true });
    const messages = [];
    receiver.on('message', (msg) => messages.push(msg));
    await batchesOf(receiver, ['first', 'second']);
    await nextIteration();
    assert.deepStrictEqual(messages.map(String), ['first', 'second']);
  });

  it('does not affect \'message\'', async () => {
    const receiver = await receiverWith({ reuseBatch: true });
    const messages = [];
    receiver.on('message', (msg) => messages.push(msg));
    await batchesOf(receiver, ['first', 'second']);
    await nextIteration();
    assert.deepStrictEqual(messages.map(String), ['first', 'second']);
    assert.strictEqual(messages[0].byteOffset, 0);
    assert.strictEqual(messages[0].buffer.byteLength, 5);
  });

  it('grows with the batches', async () => {
    const texts = ['a', 'b'.repeat(60000), 'c', 'd'.repeat(60000)];
    const receiver = await receiverWith({ reuseBatch: true });
    const sizes = [];
    receiver.on('batch', ({ data, sizes: [size] }) => {
      sizes.push(size);
      assert.strictEqual(data.length, size);
      assert.ok(data.every((byte) => byte === data[0]));
    });
    const batches = await batchesOf(receiver, texts);
    assert.deepStrictEqual(sizes, texts.map(({ length }) => length));
    assert.strictEqual(batches[1].data.buffer, batches[3].data.buffer);
  });

  it('gives each of several sockets the values of its batch', async () => {
    const [one, other] = [await receiverWith({ reuseBatch: true }),
                          await receiverWith({ reuseBatch: true })];
    const texts = [];
    for (const socket of [one, other]) {
      socket.on('batch', ({ data }) => texts.push(data.toString()));
    }
    await batchesOf(one, ['1']);
    await batchesOf(other, ['2']);
    assert.deepStrictEqual(texts, ['1', '2']);
  });

  it('lets sendMany() relay each batch unchanged', async () => {
    const sink = await bound();
    const relay = await receiverWith({ reuseBatch: true });
    const out = await connectedTo(sink);
    relay.on('batch', (batch) => out.sendMany(batch));
    const sender = await bound();
    const texts = Array.from({ length: 50 }, (unused, i) =>
      `${i}`.padEnd(200, String.fromCharCode(97 + i % 26)));
    const arrived = receive(sink, texts.length);
    for (const text of texts) sender.send(text, relay.address().port, AT);
    assert.deepStrictEqual((await arrived).map(({ msg }) => String(msg)),
                           texts);
  });

  it('has memory that cannot be transferred', async () => {
    const [{ data }] =
      await batchesOf(await receiverWith({ reuseBatch: true }), ['x']);
    const { port1 } = new MessageChannel();
    try {
      port1.postMessage(null, [data.buffer]);
    } catch (error) {
      assert.strictEqual(error.name, 'DataCloneError'); // since Node 21
    }
    port1.close();
    assert.strictEqual(data.toString(), 'x');
  });

  it('must be a boolean', () => {
    for (const type of ['udp4', 'unix_dgram']) {
      if (type === 'unix_dgram' && !dgram.features.unixDgram) continue;
      assert.throws(() => dgram.createSocket({ type, reuseBatch: 1 }), {
        name: 'TypeError', code: 'ERR_INVALID_ARG_TYPE',
        message: 'The "options.reuseBatch" property must be of type boolean. ' +
          'Received type number (1)',
      });
    }
  });

  it('is a feature', () => {
    assert.strictEqual(dgram.features.reuseBatch, true);
  });
});
