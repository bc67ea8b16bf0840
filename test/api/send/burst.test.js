'use strict';

// Many datagrams at once. Loopback loses none as long as the buffer of the
// receiver holds what was not read yet.

const assert = require('node:assert');
const {
  bound, connectedTo, isLinux, receive,
} = require('../../support/dgram');

const COUNT = 1000;
const LOOPBACK = { udp4: '127.0.0.1', udp6: '::1' };

/** A receiver whose buffer holds `count` small datagrams, or fewer. */
async function roomy(type, count) {
  const socket = await bound(type);
  // The kernel counts about 1 KiB for a small datagram, often less.
  socket.setRecvBufferSize(count * 1024);
  return socket;
}

const text = (i) => `datagram number ${i} ${'.'.repeat(i % 50)}`;

function isComplete(messages, count, content = text) {
  assert.strictEqual(messages.length, count);
  for (const [i, { msg }] of messages.entries())
    assert.strictEqual(String(msg), content(i));
}

describe('bursts', () => {
  for (const type of ['udp4', 'udp6']) {
    it(`${type}: a thousand connected datagrams in one tick`, async () => {
      const receiver = await roomy(type, COUNT);
      const sender = await connectedTo(receiver);
      const half = Math.floor(receiver.getRecvBufferSize() / 1280);
      const messages = receive(receiver, COUNT);
      // In parts that the buffer holds.
      for (let i = 0; i < COUNT;) {
        const end = Math.min(COUNT, i + Math.min(half, 150));
        await new Promise((resolve) => {
          for (; i < end; i++)
            sender.send(text(i), i === end - 1 ? resolve : undefined);
        });
        await new Promise((resolve) => setImmediate(resolve));
        await new Promise((resolve) => setImmediate(resolve));
      }
      isComplete(await messages, COUNT);
    });

    it(`${type}: a thousand unconnected datagrams there and back`,
      async () => {
        const server = await roomy(type, COUNT);
        const client = await roomy(type, COUNT);
        server.on('message', (msg, { port, address }) =>
          server.send(msg, port, address));
        const { port } = server.address();
        const messages = receive(client, COUNT);
        let sent = 0;
        const part = () => {
          for (let i = 0; i < 50 && sent < COUNT; i++)
            client.send(text(sent++), port, LOOPBACK[type]);
        };
        let back = 0;
        client.on('message', () => ++back % 50 === 0 && part());
        part();
        isComplete(await messages, COUNT);
      });
  }

  (isLinux ? it : it.skip)('all at once as far as the buffer holds',
    async () => {
      const receiver = await roomy('udp4', COUNT);
      const sender = await connectedTo(receiver);
      // 64 bytes of payload count as 768 or less.
      const count = Math.min(COUNT,
        Math.floor(receiver.getRecvBufferSize() / 1024));
      const content = (i) => String(i).padStart(64, '0');
      const messages = receive(receiver, count);
      for (let i = 0; i < count; i++)
        sender.send(content(i));
      isComplete(await messages, count, content);
    });

  it('both directions at the same time', async () => {
    const a = await roomy('udp4', COUNT);
    const b = await roomy('udp4', COUNT);
    const [toA, toB] = [receive(a, 500), receive(b, 500)];
    for (let i = 0; i < 500;) {
      const end = i + 50;
      await new Promise((resolve) => {
        for (; i < end; i++) {
          a.send(text(i), b.address().port, '127.0.0.1');
          b.send(text(i), a.address().port, '127.0.0.1',
            i === end - 1 ? resolve : undefined);
        }
      });
      await new Promise((resolve) => setImmediate(resolve));
      await new Promise((resolve) => setImmediate(resolve));
    }
    isComplete(await toA, 500);
    isComplete(await toB, 500);
  });

  it('every callback comes, with its bytes', async () => {
    const receiver = await roomy('udp4', 200);
    const sender = await connectedTo(receiver);
    const bytes = await new Promise((resolve) => {
      const bytes = [];
      for (let i = 0; i < 150; i++) {
        sender.send('x'.repeat(i), (error, sent) => {
          assert.strictEqual(error, null);
          if (bytes.push(sent) === 150)
            resolve(bytes);
        });
      }
    });
    assert.deepStrictEqual(bytes, Array.from({ length: 150 }, (_, i) => i));
  });

  it('a kilobyte each', async () => {
    const receiver = await roomy('udp4', 4000);
    const sender = await connectedTo(receiver);
    const content = (i) => String.fromCharCode(33 + i % 90).repeat(1200);
    const messages = receive(receiver, 60);
    for (let i = 0; i < 60; i++)
      sender.send(content(i));
    isComplete(await messages, 60, content);
  });

  it('more than a lane\'s memory holds', async () => {
    // 20 times 60,000 bytes in one tick, in parts that the buffer holds.
    const receiver = await bound();
    receiver.setRecvBufferSize(4 << 20);
    const sender = await bound();
    const room = Math.floor(receiver.getRecvBufferSize() / 2 / 65536);
    const count = Math.min(20, Math.max(1, room));
    const content = (i) => String.fromCharCode(65 + i).repeat(60000);
    const messages = receive(receiver, count);
    for (let i = 0; i < count; i++)
      sender.send(content(i), receiver.address().port, '127.0.0.1');
    isComplete(await messages, count, content);
  });
});
