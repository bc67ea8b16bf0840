'use strict';

// address() in each state of the socket.

const assert = require('node:assert');
const {
  bound, connectedTo, once, open, stateOf, throwsCode, throwsSystemError,
} = require('../../support/dgram');

describe('socket.address()', () => {
  it('throws EBADF before the socket is bound', () => {
    throwsSystemError(() => open('udp4').address(), 'EBADF', 'getsockname');
    throwsSystemError(() => open('udp6').address(), 'EBADF', 'getsockname');
  });

  it('throws EBADF while bind() is pending', async () => {
    const socket = open('udp4');
    socket.bind();
    throwsSystemError(() => socket.address(), 'EBADF', 'getsockname');
    await once(socket, 'listening');
    assert.ok(socket.address().port > 0);
  });

  it('throws ERR_SOCKET_DGRAM_NOT_RUNNING after close()', async () => {
    const socket = await bound();
    socket.close();
    throwsCode(() => socket.address(),
      Error, 'ERR_SOCKET_DGRAM_NOT_RUNNING', 'Not running');
  });

  it('returns the source address that connect() selects', async () => {
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

  it('returns the source address that connect() selects for IPv6', async () => {
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

  it('returns a new object for each call', async () => {
    const first = await bound('udp4');
    const second = await bound('udp6');
    const name = first.address();
    const other = second.address();
    name.port = 0;
    assert.deepStrictEqual(Object.keys(name), ['address', 'family', 'port']);
    assert.deepStrictEqual([other.address, other.family], ['::1', 'IPv6']);
    const again = first.address();
    assert.deepStrictEqual([again.address, again.family],
                           ['127.0.0.1', 'IPv4']);
    assert.notStrictEqual(again.port, 0);
    assert.notStrictEqual(again.port, other.port);
  });

  it('returns what getsockname() and getpeername() tell', async () => {
    const peer = await bound('udp6');
    const socket = await connectedTo(peer);
    const { handle } = stateOf(socket);
    const [local, remote] = [{}, {}];
    assert.strictEqual(handle.getsockname(local), 0);
    assert.strictEqual(handle.getpeername(remote), 0);
    assert.deepStrictEqual(socket.address(), local);
    assert.deepStrictEqual(socket.remoteAddress(), remote);
    assert.strictEqual(remote.port, peer.address().port);
  });
});
