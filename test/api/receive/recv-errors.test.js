'use strict';

// A connected socket hears that nobody listens at its peer; whichever system
// call comes next gets the error.

const assert = require('node:assert');
const {
  bound, freePort, inChild, isLinux, isSystemError, once, open, receiveText,
  send, stateOf,
} = require('../../support/dgram');

async function connectedToNobody(type = 'udp4') {
  const socket = open(type);
  socket.connect(await freePort(type));
  await once(socket, 'connect');
  return socket;
}

describe('an error while receiving', () => {
  (isLinux ? it : it.skip)('is emitted', async () => {
    for (const type of ['udp4', 'udp6']) {
      const socket = await connectedToNobody(type);
      const error = once(socket, 'error');
      socket.send('to nobody');
      isSystemError((await error)[0], 'ECONNREFUSED', 'recvmsg');
    }
  });

  (isLinux ? it : it.skip)('can come again and again', async () => {
    const socket = await connectedToNobody();
    for (let i = 0; i < 5; i++) {
      const error = once(socket, 'error');
      socket.send('to nobody');
      isSystemError((await error)[0], 'ECONNREFUSED', 'recvmsg');
    }
  });

  (isLinux ? it : it.skip)('does not stop the socket from receiving',
    async () => {
      const port = await freePort();
      const socket = await bound('udp4', await freePort());
      socket.connect(port);
      await once(socket, 'connect');
      const error = once(socket, 'error');
      socket.send('to nobody');
      await error;
      const peer = await bound('udp4', port);
      const texts = receiveText(socket, 2);
      peer.send('1', socket.address().port, '127.0.0.1');
      peer.send('2', socket.address().port, '127.0.0.1');
      assert.deepStrictEqual(await texts, ['1', '2']);
    });

  (isLinux ? it : it.skip)('can be the next send\'s', async () => {
    const socket = await connectedToNobody();
    const [first, second] = await new Promise((resolve) => {
      const errors = [];
      const callback = (error) => {
        errors.push(error);
        // By then loopback has answered, and nothing was read meanwhile.
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

  (isLinux ? it : it.skip)('is the error of one send alone', async () => {
    const socket = await connectedToNobody();
    await send(socket, 'first');
    await assert.rejects(send(socket, 'second'), { code: 'ECONNREFUSED' });
    assert.strictEqual(await send(socket, 'third'), 5);
    socket.on('error', () => {});
  });

  (isLinux ? it : it.skip)('is fatal without a listener', async () => {
    const { code, stderr } = await inChild((dgram, report, port) => {
      const socket = dgram.createSocket('udp4');
      socket.connect(port, () => socket.send('to nobody'));
    }, { args: [await freePort()] });
    assert.strictEqual(code, 1);
    assert.match(stderr, /Error: recvmsg ECONNREFUSED\n/);
    assert.match(stderr, /Emitted 'error' event on Socket instance at:/);
  });

  (isLinux ? it : it.skip)('may be answered with close()', async () => {
    const socket = await connectedToNobody();
    socket.on('error', () => socket.close());
    socket.send('to nobody');
    await new Promise((resolve) => socket.on('close', resolve));
  });

  it('never comes to an unconnected socket', async () => {
    const port = await freePort();
    const socket = await bound();
    socket.on('error', assert.fail);
    for (let i = 0; i < 3; i++)
      assert.strictEqual(await send(socket, 'x', port, '127.0.0.1'), 1);
    const texts = receiveText(socket, 1);
    await send(socket, 'to itself', socket.address().port, '127.0.0.1');
    assert.deepStrictEqual(await texts, ['to itself']);
  });

  it('is what the handle says', async () => {
    const socket = await bound();
    const { handle } = stateOf(socket);
    const error = once(socket, 'error');
    handle.onmessage(-1, handle, null, null);
    assert.strictEqual((await error)[0].syscall, 'recvmsg');
    assert.strictEqual((await error)[0].errno, -1);
    assert.strictEqual((await error)[0].code, 'EPERM');
    assert.strictEqual((await error)[0].message, 'recvmsg EPERM');
  });
});
