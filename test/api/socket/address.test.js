'use strict';

const assert = require('node:assert');
const {
  bound, once, open, throwsCode, throwsSystemError,
} = require('../../support/dgram');

describe('address', () => {
  it('is EBADF before the socket is bound', () => {
    throwsSystemError(() => open('udp4').address(), 'EBADF', 'getsockname');
    throwsSystemError(() => open('udp6').address(), 'EBADF', 'getsockname');
  });

  it('is EBADF while it is being bound', async () => {
    const socket = open('udp4');
    socket.bind();
    throwsSystemError(() => socket.address(), 'EBADF', 'getsockname');
    await once(socket, 'listening');
    assert.ok(socket.address().port > 0);
  });

  it('throws after close()', async () => {
    const socket = await bound();
    socket.close();
    throwsCode(() => socket.address(),
      Error, 'ERR_SOCKET_DGRAM_NOT_RUNNING', 'Not running');
  });

  it('follows connect(), which picks the source', async () => {
    const socket = open('udp4');
    socket.bind();
    await once(socket, 'listening');
    const { port } = socket.address();
    assert.strictEqual(socket.address().address, '0.0.0.0');
    socket.connect(1234, '127.0.0.1');
    await once(socket, 'connect');
    assert.deepStrictEqual(socket.address(),
      { address: '127.0.0.1', family: 'IPv4', port });
  });

  it('follows connect() for IPv6', async () => {
    const socket = open('udp6');
    socket.bind();
    await once(socket, 'listening');
    const { port } = socket.address();
    assert.strictEqual(socket.address().address, '::');
    socket.connect(1234, '::1');
    await once(socket, 'connect');
    assert.deepStrictEqual(socket.address(),
      { address: '::1', family: 'IPv6', port });
  });
});
