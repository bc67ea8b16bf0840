'use strict';

// Sends to many destinations, receives from many sources, and several sockets
// that send in one tick: each datagram has the right address and order.

const assert = require('node:assert');
const { createHook } = require('node:async_hooks');
const {
  bound, connectedTo, isLinux, itNative, makeRoom, once, open, receive,
  receiveText, send,
} = require('../../support/dgram');

/** 50 receivers, each bound to every address of 127/8. */
async function bindReceivers() {
  const receivers = [];
  for (let i = 0; i < 50; i++) {
    const receiver = await bound('udp4', 0, '0.0.0.0');
    receiver.setRecvBufferSize(1 << 20);
    receivers.push(receiver);
  }
  return receivers;
}

describe('sends to many destinations', () => {
  // More addresses than twice the table has room for.
  itNative('within a send, by an async hook, do not redirect it', async () => {
    const receiver = await bound();
    const socket = await bound();
    const texts = receiveText(receiver, 1);
    const hook = createHook({
      init(id, type) {
        if (type !== 'DGRAMSEND') return;
        hook.disable();
        for (let i = 0; i < 70000; i++) {
          socket.send('', 9,
            `127.${2 + (i >> 16)}.${i >> 8 & 255}.${i & 255}`);
        }
      },
    }).enable();
    await send(socket, 'x', receiver.address().port, '127.0.0.1');
    assert.deepStrictEqual(await texts, ['x']);
  });

  it('reach 64 alternating destinations in order', async () => {
    const peers = [];
    for (let i = 0; i < 64; i++)
      peers.push(await bound());
    const received = peers.map((peer) => receiveText(peer, 20));
    const socket = await bound();
    for (let round = 0; round < 20; round++) {
      for (const [i, peer] of peers.entries()) {
        socket.send(`${round} for ${i}`, peer.address().port, '127.0.0.1');
      }
    }
    for (const [i, texts] of (await Promise.all(received)).entries()) {
      assert.deepStrictEqual(texts,
        Array.from({ length: 20 }, (_, round) => `${round} for ${i}`));
    }
  });

  it('accept several notations of one destination', async () => {
    const peer = await bound();
    const { port } = peer.address();
    const texts = receiveText(peer, 30);
    const socket = await bound();
    for (let i = 0; i < 30; i++)
      socket.send(`${i}`, i % 2 ? port : `${port}`, i % 3 ? '127.0.0.1' : '');
    assert.deepStrictEqual(await texts,
      Array.from({ length: 30 }, (_, i) => `${i}`));
  });

  it('reach many ports of one address in groups', async () => {
    const peers = [];
    for (let i = 0; i < 10; i++)
      peers.push(await bound());
    const socket = await bound();
    for (let round = 0; round < 3; round++) {
      for (const [i, peer] of peers.entries()) {
        const texts = receiveText(peer, 3);
        for (let n = 0; n < 3; n++)
          socket.send(`${i} ${n}`, peer.address().port, '127.0.0.1');
        assert.deepStrictEqual(await texts, [`${i} 0`, `${i} 1`, `${i} 2`]);
      }
    }
  });

  (isLinux ? it : it.skip)('reach one port at many addresses', async () => {
    const receiver = open('udp4');
    receiver.bind();
    await once(receiver, 'listening');
    receiver.setRecvBufferSize(1 << 20);
    const { port } = receiver.address();
    const sender = await bound('udp4', 0, '0.0.0.0');
    const messages = receive(receiver, 100);
    for (let i = 0; i < 100; i++)
      sender.send(`${i}`, port, `127.0.${i}.1`);
    // All arrive from 127.0.0.1, whichever loopback address they were sent to.
    assert.deepStrictEqual(
      (await messages).map(({ msg, rinfo }) => `${msg} ${rinfo.address}`),
      Array.from({ length: 100 }, (_, i) => `${i} 127.0.0.1`));
  });

  (isLinux ? it : it.skip)('reach the right one of 5,000 destinations ' +
    'over many ticks', async () => {
    // Each receiver has 100 addresses.
    const receivers = await bindReceivers();
    const socket = await bound('udp4', 0, '0.0.0.0');
    for (let pass = 0; pass < 2; pass++) {
      const received = receivers.map((receiver) => receiveText(receiver, 100));
      for (let n = 0; n < 100; n++) {
        const last = receivers.length - 1;
        await new Promise((resolve) => {
          for (const [i, receiver] of receivers.entries()) {
            socket.send(`${pass} ${i} ${n}`, receiver.address().port,
              `127.1.${n}.${i + 1}`, i === last ? resolve : undefined);
          }
        });
      }
      for (const [i, texts] of (await Promise.all(received)).entries()) {
        assert.deepStrictEqual(texts,
          Array.from({ length: 100 }, (_, n) => `${pass} ${i} ${n}`));
      }
    }
  });

  (isLinux ? it : it.skip)('reach 5,000 destinations in one tick', async () => {
    const receivers = await bindReceivers();
    const socket = await bound('udp4', 0, '0.0.0.0');
    const received = receivers.map((receiver) => receiveText(receiver, 100));
    for (let n = 0; n < 100; n++) {
      for (const [i, receiver] of receivers.entries()) {
        socket.send(`${i} ${n}`, receiver.address().port,
          `127.2.${n}.${i + 1}`);
      }
    }
    for (const [i, texts] of (await Promise.all(received)).entries()) {
      assert.deepStrictEqual(texts,
        Array.from({ length: 100 }, (_, n) => `${i} ${n}`));
    }
  });
});

describe('receives from many sources', () => {
  (isLinux ? it : it.skip)('report the right rinfo for 2,000 sources',
    async () => {
      const receiver = await bound();
      makeRoom(receiver, 1 << 20);
      const { port } = receiver.address();
      const messages = receive(receiver, 2000);
      for (let i = 0; i < 40; i++) {
        const senders = [];
        for (let n = 0; n < 50; n++) {
          const sender = open('udp4');
          sender.bind(0, `127.3.${i}.${n + 1}`);
          await once(sender, 'listening');
          senders.push(sender);
        }
        await Promise.all(senders.map((sender) => {
          const { address, port: own } = sender.address();
          return send(sender, `${address} ${own}`, port, '127.0.0.1');
        }));
        for (const sender of senders)
          sender.close();
      }
      for (const { msg, rinfo } of await messages)
        assert.strictEqual(String(msg), `${rinfo.address} ${rinfo.port}`);
    });
});

describe('several sockets that send in one tick', () => {
  it('send each datagram from its own address', async () => {
    const receiver = await bound();
    receiver.setRecvBufferSize(1 << 20);
    const { port } = receiver.address();
    const senders = [];
    for (let i = 0; i < 10; i++)
      senders.push(await (i % 2 ? bound() : connectedTo(receiver)));
    const messages = receive(receiver, 100);
    for (let n = 0; n < 10; n++) {
      for (const [i, sender] of senders.entries()) {
        const text = `${sender.address().port} ${n}`;
        if (i % 2)
          sender.send(text, port, '127.0.0.1');
        else
          sender.send(text);
      }
    }
    const counts = new Map();
    for (const { msg, rinfo } of await messages) {
      const n = counts.get(rinfo.port) ?? 0;
      assert.strictEqual(String(msg), `${rinfo.port} ${n}`);
      counts.set(rinfo.port, n + 1);
    }
    assert.deepStrictEqual([...counts.values()], Array(10).fill(10));
  });

  it('may be of both families', async () => {
    const [four, six] = [await bound(), await bound('udp6')];
    const [a, b] = [await bound(), await bound('udp6')];
    const texts = [receiveText(four, 50), receiveText(six, 50)];
    for (let i = 0; i < 50; i++) {
      a.send(`four ${i}`, four.address().port, '127.0.0.1');
      b.send(`six ${i}`, six.address().port, '::1');
    }
    assert.deepStrictEqual(await Promise.all(texts), ['four', 'six'].map(
      (name) => Array.from({ length: 50 }, (_, i) => `${name} ${i}`)));
  });

  it('keep the callback order of each socket', async () => {
    const sockets = [await bound(), await bound(), await bound()];
    const order = await new Promise((resolve) => {
      const order = [];
      for (let i = 0; i < 30; i++) {
        sockets[i % 3].send('x', 9, '127.0.0.1', () => {
          if (order.push(i) === 30)
            resolve(order);
        });
      }
    });
    for (let n = 0; n < 3; n++) {
      assert.deepStrictEqual(order.filter((i) => i % 3 === n),
        Array.from({ length: 10 }, (_, i) => i * 3 + n));
    }
  });

  it('are not affected by a socket whose sends fail', async () => {
    const receiver = await bound();
    const { port } = receiver.address();
    const texts = receiveText(receiver, 10);
    const [good, bad] = [await bound(), await bound()];
    const codes = [];
    for (let i = 0; i < 10; i++) {
      bad.send('x', port, '::1', ({ code }) => codes.push(code));
      good.send(`${i}`, port, '127.0.0.1');
    }
    assert.deepStrictEqual(await texts,
      Array.from({ length: 10 }, (_, i) => `${i}`));
    assert.deepStrictEqual(codes, Array(10).fill('EINVAL'));
  });
});
