'use strict';

// Bursts of many datagrams in one event loop iteration. Loopback loses none as
// long as the receive buffer holds the datagrams that were not read yet.

const assert = require('node:assert');
const {
  bound, connectedTo, isLinux, makeRoom, receive,
} = require('../../support/dgram');

const COUNT = 1000;
const LOOPBACK = { udp4: '127.0.0.1', udp6: '::1' };

/** A bound socket whose receive buffer holds up to `count` small datagrams. */
async function boundWithRoom(type, count) {
  const socket = await bound(type);
  // The kernel counts about 1 KiB for a small datagram, often less.
  makeRoom(socket, count * 1024);
  return socket;
}

const text = (i) => `datagram number ${i} ${'.'.repeat(i % 50)}`;

function assertComplete(messages, count, content = text) {
  assert.strictEqual(messages.length, count);
  for (const [i, { msg }] of messages.entries())
    assert.strictEqual(String(msg), content(i));
}

describe('bursts of datagrams', () => {
  for (const type of ['udp4', 'udp6']) {
    it(`${type}: delivers 1,000 datagrams of a connected socket`, async () => {
      const receiver = await boundWithRoom(type, COUNT);
      const sender = await connectedTo(receiver);
      const half = Math.floor(receiver.getRecvBufferSize() / 1280);
      const messages = receive(receiver, COUNT);
      // Split into parts that fit into the receive buffer.
      for (let i = 0; i < COUNT;) {
        const end = Math.min(COUNT, i + Math.min(half, 150));
        await new Promise((resolve) => {
          for (; i < end; i++)
            sender.send(text(i), i === end - 1 ? resolve : undefined);
        });
        await new Promise((resolve) => setImmediate(resolve));
        await new Promise((resolve) => setImmediate(resolve));
      }
      assertComplete(await messages, COUNT);
    });

    it(`${type}: delivers 1,000 unconnected datagrams and their echoes`,
      async () => {
        const server = await boundWithRoom(type, COUNT);
        const client = await boundWithRoom(type, COUNT);
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
        assertComplete(await messages, COUNT);
      });
  }

  (isLinux ? it : it.skip)('fill the receive buffer without loss',
    async () => {
      const receiver = await boundWithRoom('udp4', COUNT);
      const sender = await connectedTo(receiver);
      // The kernel charges at most 768 bytes for 64 bytes of payload.
      const count = Math.min(COUNT,
        Math.floor(receiver.getRecvBufferSize() / 1024));
      const content = (i) => String(i).padStart(64, '0');
      const messages = receive(receiver, count);
      for (let i = 0; i < count; i++)
        sender.send(content(i));
      assertComplete(await messages, count, content);
    });

  it('cross in both directions at the same time', async () => {
    const a = await boundWithRoom('udp4', COUNT);
    const b = await boundWithRoom('udp4', COUNT);
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
    assertComplete(await toA, 500);
    assertComplete(await toB, 500);
  });

  it('call back for every datagram with its size', async () => {
    const receiver = await boundWithRoom('udp4', 200);
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

  it('deliver datagrams of 1,200 bytes', async () => {
    const receiver = await boundWithRoom('udp4', 4000);
    const sender = await connectedTo(receiver);
    const content = (i) => String.fromCharCode(33 + i % 90).repeat(1200);
    const messages = receive(receiver, 60);
    for (let i = 0; i < 60; i++)
      sender.send(content(i));
    assertComplete(await messages, 60, content);
  });

  it('deliver more bytes than the memory of a send batch holds', async () => {
    // Up to 20 datagrams of 60,000 bytes in one tick: as many as fit into the
    // receive buffer.
    const receiver = await bound();
    receiver.setRecvBufferSize(4 << 20);
    const sender = await bound();
    const room = Math.floor(receiver.getRecvBufferSize() / 2 / 65536);
    const count = Math.min(20, Math.max(1, room));
    const content = (i) => String.fromCharCode(65 + i).repeat(60000);
    const messages = receive(receiver, count);
    for (let i = 0; i < count; i++)
      sender.send(content(i), receiver.address().port, '127.0.0.1');
    assertComplete(await messages, count, content);
  });
});
