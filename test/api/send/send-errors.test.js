'use strict';

// Errors that the system reports for a datagram: their shape, and to which
// send's callback they belong. Without a callback they are ignored.

const assert = require('node:assert');
const {
  bound, connectedTo, freePort, isLinux, isSystemError, once, open, receiveText,
  send, nextIteration,
} = require('../../support/dgram');

async function failure(socket, ...args) {
  return new Promise((resolve) => {
    socket.send(...args, (...values) => resolve(values));
  });
}

describe('errors of socket.send()', () => {
  it('have the address and the port as given', async () => {
    const socket = open('udp4');
    const big = Buffer.alloc(65508);
    const [error, ...more] = await failure(socket, big, 1234, '127.0.0.1');
    assert.deepStrictEqual(more, []);
    isSystemError(error, 'EMSGSIZE', 'send', '127.0.0.1', 1234);
    isSystemError((await failure(socket, big, 1234, 'localhost'))[0],
      'EMSGSIZE', 'send', 'localhost', 1234);
    isSystemError((await failure(socket, big, '1234', '127.0.0.1'))[0],
      'EMSGSIZE', 'send', '127.0.0.1', 1234);
  });

  it('have an undefined address when none was given', async () => {
    const [error] = await failure(open('udp4'), Buffer.alloc(65508), 1234);
    assert.strictEqual(error.address, undefined);
    assert.strictEqual(error.port, 1234);
    assert.deepStrictEqual(Object.keys(error),
      ['errno', 'code', 'syscall', 'address', 'port']);
    assert.strictEqual(error.message, 'send EMSGSIZE undefined:1234');
  });

  it('have an undefined address and no port when connected', async () => {
    const socket = await connectedTo(await bound());
    const [error] = await failure(socket, Buffer.alloc(65508));
    isSystemError(error, 'EMSGSIZE', 'send', undefined);
    isSystemError((await failure(socket, Buffer.alloc(65508), 0, 65508))[0],
      'EMSGSIZE', 'send', undefined);
  });

  it('are EINVAL for an address of the other family', async () => {
    isSystemError((await failure(open('udp4'), 'x', 1234, '::1'))[0],
      'EINVAL', 'send', '::1', 1234);
    isSystemError((await failure(open('udp6'), 'x', 1234, '127.0.0.1'))[0],
      'EINVAL', 'send', '127.0.0.1', 1234);
  });

  (isLinux ? it : it.skip)('are EACCES for broadcast without SO_BROADCAST',
    async () => {
      const socket = open('udp4');
      isSystemError((await failure(socket, 'x', 1234, '127.255.255.255'))[0],
        'EACCES', 'send', '127.255.255.255', 1234);
    });

  it('are the error of lookup for a name', async () => {
    const error = new Error('no such name');
    const socket = open({
      type: 'udp4',
      lookup: (name, family, callback) => process.nextTick(callback,
        ...(name === 'bad' ? [error] : [null, name, 4])),
    });
    assert.deepStrictEqual(await failure(socket, 'x', 1234, 'bad'), [error]);
    // A separate call: without a callback the error is emitted.
    socket.send('x', 1234, 'bad');
    assert.strictEqual((await once(socket, 'error'))[0], error);
  });

  it('are ignored without a callback', async () => {
    const peer = await bound();
    const { port } = peer.address();
    const texts = receiveText(peer, 2);
    const socket = open('udp4');
    socket.on('error', assert.fail);
    socket.send(Buffer.alloc(65508), port, '127.0.0.1');
    socket.send('1', port, '127.0.0.1');
    socket.send('x', port, '::1');
    socket.send('x', port, '255.255.255.255');
    socket.send('2', port, '127.0.0.1');
    assert.deepStrictEqual(await texts, ['1', '2']);
    await nextIteration();
  });

  // Linux reports ECONNREFUSED to the next send; on loopback without delay.
  (isLinux ? describe : describe.skip)('of a connected socket', () => {
    for (const sizes of [[5, 6, 7, 8], [5, 5, 5, 5], [9, 8, 7, 6, 5, 4]]) {
      it(`are ECONNREFUSED for every other send: ${sizes}`, async () => {
        const port = await freePort();
        const socket = open('udp4');
        const connected = once(socket, 'connect');
        socket.connect(port, '127.0.0.1');
        await connected;
        for (let round = 0; round < 3; round++) {
          const outcomes = await Promise.all(sizes.map((size) =>
            send(socket, Buffer.alloc(size)).catch(({ code }) => code)));
          assert.deepStrictEqual(outcomes,
            sizes.map((size, i) => i % 2 === 0 ? size : 'ECONNREFUSED'));
        }
      });
    }
  });

  it('do not affect the next send', async () => {
    const peer = await bound();
    const texts = receiveText(peer, 2);
    const socket = open('udp4');
    const to = [peer.address().port, '127.0.0.1'];
    assert.strictEqual(await send(socket, '1', ...to), 1);
    await failure(socket, Buffer.alloc(65508), ...to);
    assert.strictEqual(await send(socket, '22', ...to), 2);
    assert.deepStrictEqual(await texts, ['1', '22']);
  });

  it('belong to one datagram of a batch', async () => {
    const peer = await bound();
    const { port } = peer.address();
    const texts = receiveText(peer, 40);
    const socket = open('udp4');
    const codes = await new Promise((resolve) => {
      const codes = [];
      for (let i = 0; i < 50; i++) {
        socket.send(i % 5 === 2 ? Buffer.alloc(65508) : `text ${i}`,
          port, '127.0.0.1', (error) => {
            if (codes.push(error?.code) === 50)
              resolve(codes);
          });
      }
    });
    assert.deepStrictEqual(codes, Array.from({ length: 50 },
      (_, i) => i % 5 === 2 ? 'EMSGSIZE' : undefined));
    assert.deepStrictEqual(await texts, Array.from({ length: 50 },
      (_, i) => `text ${i}`).filter((_, i) => i % 5 !== 2));
  });
});
