'use strict';

// Errors of receiving: a connected socket gets ECONNREFUSED when nothing
// listens at its peer. The next system call, receive or send, reports it.

const assert = require('node:assert');
const {
  bound, errnoOf, freePort, inChild, isLinux, isSystemError, once, open,
  receiveText, send, stateOf,
} = require('../../support/dgram');

async function connectedToClosedPort(type = 'udp4') {
  const socket = open(type);
  socket.connect(await freePort(type));
  await once(socket, 'connect');
  return socket;
}

describe('a receive error', () => {
  (isLinux ? it : it.skip)('is emitted', async () => {
    for (const type of ['udp4', 'udp6']) {
      const socket = await connectedToClosedPort(type);
      const error = once(socket, 'error');
      socket.send('unread');
      isSystemError((await error)[0], 'ECONNREFUSED', 'recvmsg');
    }
  });

  (isLinux ? it : it.skip)('can be emitted several times', async () => {
    const socket = await connectedToClosedPort();
    for (let i = 0; i < 5; i++) {
      const error = once(socket, 'error');
      socket.send('unread');
      isSystemError((await error)[0], 'ECONNREFUSED', 'recvmsg');
    }
  });

  (isLinux ? it : it.skip)('does not stop reception',
    async () => {
      const port = await freePort();
      const socket = await bound('udp4', await freePort());
      socket.connect(port);
      await once(socket, 'connect');
      const error = once(socket, 'error');
      socket.send('unread');
      await error;
      const peer = await bound('udp4', port);
      const texts = receiveText(socket, 2);
      peer.send('1', socket.address().port, '127.0.0.1');
      peer.send('2', socket.address().port, '127.0.0.1');
      assert.deepStrictEqual(await texts, ['1', '2']);
    });

  (isLinux ? it : it.skip)('can be reported to the next send', async () => {
    const socket = await connectedToClosedPort();
    const [first, second] = await new Promise((resolve) => {
      const errors = [];
      const callback = (error) => {
        errors.push(error);
        // Loopback has answered by now, and nothing was read meanwhile.
        if (errors.length === 1)
          socket.send('second', callback);
        else
          resolve(errors);
      };
      socket.send('first', callback);
    });
    assert.strictEqual(first, null);
    isSystemError(second, 'ECONNREFUSED', 'send', undefined);
  });

  (isLinux ? it : it.skip)('is reported to one send only', async () => {
    const socket = await connectedToClosedPort();
    await send(socket, 'first');
    await assert.rejects(send(socket, 'second'), { code: 'ECONNREFUSED' });
    assert.strictEqual(await send(socket, 'third'), 5);
    socket.on('error', () => {});
  });

  (isLinux ? it : it.skip)('is uncaught without a listener', async () => {
    const { code, stderr } = await inChild((dgram, report, port) => {
      const socket = dgram.createSocket('udp4');
      socket.connect(port, () => socket.send('unread'));
    }, { args: [await freePort()] });
    assert.strictEqual(code, 1);
    assert.match(stderr, /Error: recvmsg ECONNREFUSED\n/);
    assert.match(stderr, /Emitted 'error' event on Socket instance at:/);
  });

  (isLinux ? it : it.skip)('allows close() in its listener', async () => {
    const socket = await connectedToClosedPort();
    socket.on('error', () => socket.close());
    socket.send('unread');
    await new Promise((resolve) => socket.on('close', resolve));
  });

  it('is not emitted on an unconnected socket', async () => {
    const port = await freePort();
    const socket = await bound();
    socket.on('error', assert.fail);
    for (let i = 0; i < 3; i++)
      assert.strictEqual(await send(socket, 'x', port, '127.0.0.1'), 1);
    const texts = receiveText(socket, 1);
    await send(socket, 'to itself', socket.address().port, '127.0.0.1');
    assert.deepStrictEqual(await texts, ['to itself']);
  });

  it('is emitted when the handle reports it', async () => {
    const socket = await bound();
    const { handle } = stateOf(socket);
    const error = once(socket, 'error');
    handle.onmessage(errnoOf('EPERM'), handle, null, null);
    assert.strictEqual((await error)[0].syscall, 'recvmsg');
    assert.strictEqual((await error)[0].errno, errnoOf('EPERM'));
    assert.strictEqual((await error)[0].code, 'EPERM');
    assert.strictEqual((await error)[0].message, 'recvmsg EPERM');
  });
});
