'use strict';

// Datagram sizes from 0 bytes to the largest of each family, alone and in
// sequences that the kernel may send (GSO) and receive (GRO) as one buffer.

const assert = require('node:assert');
const { randomBytes } = require('node:crypto');
const {
  bound, connectedTo, isSystemError, open, receive, send,
} = require('../../support/dgram');

const LARGEST = { udp4: 65507, udp6: 65527 };
const LOOPBACK = { udp4: '127.0.0.1', udp6: '::1' };
const SIZES = [0, 1, 2, 3, 7, 64, 65, 1199, 1200, 1201, 1452, 1472, 1473, 1500,
  2048, 4096, 8192, 16384, 32768, 65000, 65506, 65507];

describe('datagram sizes', () => {
  for (const type of ['udp4', 'udp6']) {
    for (const connected of [false, true]) {
      const text = `${type}, ${connected ? 'connected' : 'unconnected'}`;

      it(`${text}: every size arrives unchanged`, async () => {
        const receiver = await bound(type);
        const socket = connected ? await connectedTo(receiver) : open(type);
        const to = connected ? [] :
          [receiver.address().port, LOOPBACK[type]];
        for (const size of [...SIZES, LARGEST[type]]) {
          const bytes = randomBytes(size);
          const message = receive(receiver, 1);
          assert.strictEqual(await send(socket, bytes, ...to), size);
          const [{ msg, rinfo }] = await message;
          assert.ok(msg.equals(bytes), `${size} bytes`);
          assert.strictEqual(rinfo.size, size);
        }
      });

      it(`${text}: all sizes arrive when sent in one tick`, async () => {
        const receiver = await bound(type);
        receiver.setRecvBufferSize(1 << 20);
        const socket = connected ? await connectedTo(receiver) : open(type);
        const to = connected ? [] :
          [receiver.address().port, LOOPBACK[type]];
        const sizes = SIZES.filter((size) => size < 10000);
        const all = [...sizes, ...sizes.reverse()].map((size) =>
          randomBytes(size));
        const messages = receive(receiver, all.length);
        for (const bytes of all)
          socket.send(bytes, ...to);
        for (const [i, { msg, rinfo }] of (await messages).entries()) {
          assert.ok(msg.equals(all[i]), `datagram ${i}`);
          assert.strictEqual(rinfo.size, all[i].length);
        }
      });

      it(`${text}: one byte above the limit fails with EMSGSIZE`, async () => {
        const receiver = await bound(type);
        const socket = connected ? await connectedTo(receiver) : open(type);
        const to = connected ? [] :
          [receiver.address().port, LOOPBACK[type]];
        for (const size of [LARGEST[type] + 1, 65535, 65536, 70000, 1 << 20]) {
          await assert.rejects(send(socket, Buffer.alloc(size), ...to),
            (error) => {
              isSystemError(error, 'EMSGSIZE', 'send', ...(connected ?
                [undefined] : [LOOPBACK[type], receiver.address().port]));
              return true;
            });
        }
        // The limit applies to the sum of a list.
        await assert.rejects(send(socket,
          [Buffer.alloc(40000), Buffer.alloc(40000)], ...to),
        { code: 'EMSGSIZE' });
        const message = receive(receiver, 1);
        assert.strictEqual(await send(socket, 'next', ...to), 4);
        assert.strictEqual(String((await message)[0].msg), 'next');
      });
    }
  }
});

describe('sequences of datagrams to one destination', () => {
  // The kernel may send each as one segment group (GSO) and receive it as one
  // GRO buffer.
  for (const [text, sizes] of [
    ['equal sizes', Array(40).fill(100)],
    ['equal sizes, the last one shorter', [...Array(20).fill(100), 30]],
    ['equal sizes, the last one longer', [...Array(20).fill(100), 130]],
    ['equal sizes, the last one empty', [...Array(20).fill(100), 0]],
    ['equal sizes, an empty one in the middle',
      [...Array(10).fill(100), 0, ...Array(10).fill(100)]],
    ['empty datagrams', Array(40).fill(0)],
    ['one byte each', Array(100).fill(1)],
    ['two bytes each', Array(100).fill(2)],
    ['alternating sizes',
      Array.from({ length: 40 }, (_, i) => i % 2 ? 100 : 50)],
    ['growing sizes', Array.from({ length: 40 }, (_, i) => i * 10)],
    ['shrinking sizes', Array.from({ length: 40 }, (_, i) => 400 - i * 10)],
    ['two segment groups', [...Array(20).fill(100), ...Array(20).fill(60)]],
    ['one more than the 64 segments of a group', Array(65).fill(100)],
    ['two groups of 64 segments', Array(128).fill(100)],
    ['more bytes than one group holds', Array(50).fill(1400)],
    ['the payload of an Ethernet frame', Array(30).fill(1472)],
    ['one byte more than an Ethernet frame', Array(30).fill(1473)],
    ['9,000 bytes each', Array(20).fill(9000)],
    ['half of the largest size each', Array(6).fill(32753)],
    ['one of the largest size between small ones',
      [...Array(5).fill(100), 65507, ...Array(5).fill(100)]],
  ]) {
    for (const type of ['udp4', 'udp6']) {
      it(`${type}: ${text}`, async () => {
        const receiver = await bound(type);
        receiver.setRecvBufferSize(4 << 20);
        const { port } = receiver.address();
        const socket = await bound(type);
        const all = sizes.map((size) => randomBytes(size));
        const messages = receive(receiver, all.length);
        for (const bytes of all)
          socket.send(bytes, port, LOOPBACK[type]);
        for (const [i, { msg, rinfo }] of (await messages).entries()) {
          assert.ok(msg.equals(all[i]),
            `datagram ${i}: ${msg.length} of ${all[i].length} bytes`);
          assert.deepStrictEqual(rinfo, {
            address: LOOPBACK[type],
            family: type === 'udp4' ? 'IPv4' : 'IPv6',
            port: socket.address().port,
            size: all[i].length,
          });
        }
      });
    }
  }
});
