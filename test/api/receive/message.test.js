'use strict';

// The arguments of 'message': the memory of `msg`, the option sharedBuffers,
// and `rinfo`.

const assert = require('node:assert');
const { MessageChannel, receiveMessageOnPort } =
  require('node:worker_threads');
const {
  bound, connectedTo, itBatched, itNative, open, receive, send,
} = require('../../support/dgram');

async function messagesOf(texts, options = 'udp4') {
  const receiver = await bound(options);
  const sender = await connectedTo(receiver, 'udp4');
  const messages = receive(receiver, texts.length);
  for (const text of texts)
    sender.send(text);
  return { messages: await messages, receiver, sender };
}

/** Checks that received messages keep their bytes while more arrive. */
async function assertBytesKept(texts, { messages, receiver, sender }) {
  for (let round = 0; round < 5; round++) {
    const more = receive(receiver, texts.length);
    for (const text of texts)
      sender.send('#'.repeat(text.length));
    await more;
  }
  assert.deepStrictEqual(messages.map(({ msg }) => String(msg)), texts);
}

describe('the msg argument of \'message\'', () => {
  const texts = ['a', '', 'abc', 'abc', 'abc', 'x'.repeat(5000)];

  it('is a Buffer with its own ArrayBuffer', async () => {
    const { messages } = await messagesOf(texts);
    assert.deepStrictEqual(messages.map(({ msg }) => String(msg)), texts);
    for (const [i, { msg }] of messages.entries()) {
      assert.ok(Buffer.isBuffer(msg));
      assert.strictEqual(Object.getPrototypeOf(msg), Buffer.prototype);
      assert.strictEqual(Object.getPrototypeOf(msg.buffer),
        ArrayBuffer.prototype);
      assert.strictEqual(msg.length, texts[i].length);
      assert.strictEqual(msg.byteOffset, 0);
      assert.strictEqual(msg.buffer.byteLength, msg.length);
      assert.ok(!msg.buffer.resizable);
    }
    assert.strictEqual(new Set(messages.map(({ msg }) => msg.buffer)).size,
      texts.length);
  });

  it('can be transferred', async () => {
    const { messages } = await messagesOf(texts);
    for (const [i, { msg }] of messages.entries()) {
      const moved = structuredClone(msg, { transfer: [msg.buffer] });
      assert.strictEqual(String(Buffer.from(moved)), texts[i]);
      assert.strictEqual(msg.length, 0);
      assert.strictEqual(msg.buffer.byteLength, 0);
    }
  });

  it('can be transferred through a MessagePort', async () => {
    const { messages } = await messagesOf(texts);
    const { port1, port2 } = new MessageChannel();
    for (const [i, { msg }] of messages.entries()) {
      port1.postMessage(msg, [msg.buffer]);
      const { message } = receiveMessageOnPort(port2);
      assert.strictEqual(String(Buffer.from(message)), texts[i]);
    }
    port1.close();
  });

  it('is not written again', async () => {
    await assertBytesKept(texts, await messagesOf(texts));
  });

  it('can be overwritten without changing other messages', async () => {
    const { messages } = await messagesOf(['aaa', 'bbb', 'ccc']);
    messages[1].msg.fill('x');
    assert.deepStrictEqual(messages.map(({ msg }) => String(msg)),
      ['aaa', 'xxx', 'ccc']);
  });

  it('is empty with a complete rinfo for an empty datagram', async () => {
    const { messages: [{ msg, rinfo }], sender } = await messagesOf(['']);
    assert.strictEqual(msg.length, 0);
    assert.strictEqual(msg.buffer.byteLength, 0);
    assert.deepStrictEqual(rinfo, {
      address: '127.0.0.1',
      family: 'IPv4',
      port: sender.address().port,
      size: 0,
    });
  });
});

describe('the option sharedBuffers', () => {
  const texts = ['aaa', 'bbb', 'ccc', '', 'd'];

  itNative('is off by default', async () => {
    const { messages } = await messagesOf(texts,
      { type: 'udp4', sharedBuffers: false });
    for (const { msg } of messages)
      assert.strictEqual(msg.buffer.byteLength, msg.length);
  });

  itBatched('makes messages views of one ArrayBuffer per batch', async () => {
    const receiver = await bound({ type: 'udp4', sharedBuffers: true });
    const sender = await bound();
    const messages = receive(receiver, 40);
    // Sent in one tick, so that they arrive in one batch.
    for (let i = 0; i < 40; i++)
      sender.send(`text ${i}`, receiver.address().port, '127.0.0.1');
    const buffers = new Set();
    for (const [i, { msg }] of (await messages).entries()) {
      assert.ok(Buffer.isBuffer(msg));
      assert.strictEqual(String(msg), `text ${i}`);
      buffers.add(msg.buffer);
    }
    assert.ok(buffers.size < 20, `${buffers.size} buffers for 40 messages`);
  });

  itNative('gives memory that is not written again', async () => {
    await assertBytesKept(texts,
      await messagesOf(texts, { type: 'udp4', sharedBuffers: true }));
  });
});

describe('the rinfo argument of \'message\'', () => {
  it('is a plain object with four keys in order', async () => {
    const { messages, sender } = await messagesOf(['a', 'ab', 'abc']);
    for (const [i, { rinfo }] of messages.entries()) {
      assert.strictEqual(Object.getPrototypeOf(rinfo), Object.prototype);
      assert.deepStrictEqual(Reflect.ownKeys(rinfo),
        ['address', 'family', 'port', 'size']);
      assert.deepStrictEqual(rinfo, {
        address: '127.0.0.1',
        family: 'IPv4',
        port: sender.address().port,
        size: i + 1,
      });
      for (const descriptor of
        Object.values(Object.getOwnPropertyDescriptors(rinfo))) {
        assert.ok(descriptor.writable && descriptor.configurable &&
          descriptor.enumerable);
      }
    }
  });

  it('is a new object for each message', async () => {
    const { messages: [a, b], receiver, sender } =
      await messagesOf(['a', 'b']);
    assert.notStrictEqual(a.rinfo, b.rinfo);
    a.rinfo.address = 'changed';
    a.rinfo.port = 0;
    assert.strictEqual(b.rinfo.address, '127.0.0.1');
    const message = receive(receiver, 1);
    sender.send('c');
    const [{ rinfo }] = await message;
    assert.strictEqual(rinfo.address, '127.0.0.1');
    assert.strictEqual(rinfo.port, sender.address().port);
  });

  it('has family IPv6 for udp6', async () => {
    const receiver = await bound('udp6');
    const sender = await bound('udp6');
    const message = receive(receiver, 1);
    await send(sender, 'x', receiver.address().port, '::1');
    const [{ rinfo }] = await message;
    assert.deepStrictEqual(rinfo, {
      address: '::1', family: 'IPv6', port: sender.address().port, size: 1,
    });
    assert.deepStrictEqual(Reflect.ownKeys(rinfo),
      ['address', 'family', 'port', 'size']);
  });

  it('is right for 100 senders', async () => {
    const receiver = await bound();
    receiver.setRecvBufferSize(1 << 20);
    const senders = [];
    for (let i = 0; i < 100; i++)
      senders.push(await bound());
    const messages = receive(receiver, 300);
    for (let round = 0; round < 3; round++)
      for (const sender of senders)
        sender.send(`${sender.address().port}`, receiver.address().port);
    for (const { msg, rinfo } of await messages)
      assert.strictEqual(String(msg), `${rinfo.port}`);
  });

  it('is a valid destination for a reply', async () => {
    const receiver = await bound();
    receiver.on('message', (msg, { port, address }) =>
      receiver.send(`re: ${msg}`, port, address));
    const sender = open('udp4');
    const answer = receive(sender, 1);
    sender.send('hello', receiver.address().port);
    assert.strictEqual(String((await answer)[0].msg), 're: hello');
  });
});
