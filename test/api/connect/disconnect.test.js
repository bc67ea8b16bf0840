'use strict';

// disconnect() and remoteAddress() in each state of the socket.

const assert = require('node:assert');
const {
  bound, connectedTo, freePort, isLinux, once, open, receiveText, send, stateOf,
  throwsCode,
} = require('../../support/dgram');

const throwsNotConnected = (body) => throwsCode(body,
  Error, 'ERR_SOCKET_DGRAM_NOT_CONNECTED', 'Not connected');

describe('socket.disconnect()', () => {
  it('throws unless the socket is connected', async () => {
    const socket = open('udp4');
    throwsNotConnected(() => socket.disconnect());
    socket.connect(1234);
    throwsNotConnected(() => socket.disconnect());
    await once(socket, 'connect');
    socket.disconnect();
    throwsNotConnected(() => socket.disconnect());
    socket.close();
    throwsNotConnected(() => socket.disconnect());
  });

  it('returns undefined and allows another connect()', async () => {
    const [a, b] = [await bound(), await bound()];
    const texts = [receiveText(a, 1), receiveText(b, 1)];
    const socket = await connectedTo(a);
    await send(socket, 'to a');
    assert.strictEqual(socket.disconnect(), undefined);
    assert.strictEqual(stateOf(socket).connectState, 0);
    socket.connect(b.address().port);
    await once(socket, 'connect');
    await send(socket, 'to b');
    assert.deepStrictEqual(await Promise.all(texts), [['to a'], ['to b']]);
  });

  it('allows sending to and receiving from any peer', async () => {
    const [a, b] = [await bound(), await bound()];
    // disconnect() on Linux releases a port that the kernel chose.
    const socket = await bound('udp4', await freePort());
    socket.connect(a.address().port);
    await once(socket, 'connect');
    socket.disconnect();
    const texts = [receiveText(b, 1), receiveText(socket, 1)];
    socket.send('to b', b.address().port, '127.0.0.1');
    b.send('from b', socket.address().port, '127.0.0.1');
    assert.deepStrictEqual(await Promise.all(texts), [['to b'], ['from b']]);
  });

  it('sends queued datagrams first', async () => {
    const peer = await bound();
    const socket = await connectedTo(peer);
    const texts = receiveText(peer, 3);
    for (const text of ['1', '2', '3'])
      socket.send(text);
    socket.disconnect();
    assert.deepStrictEqual(await texts, ['1', '2', '3']);
  });

  (isLinux ? it : it.skip)('releases the address of a socket bound by ' +
    'connect()', async () => {
    const socket = await connectedTo(await bound());
    assert.notStrictEqual(socket.address().port, 0);
    socket.disconnect();
    assert.deepStrictEqual(socket.address(),
      { address: '0.0.0.0', family: 'IPv4', port: 0 });
  });
});

describe('socket.remoteAddress()', () => {
  it('throws unless the socket is connected', async () => {
    const socket = await bound();
    throwsNotConnected(() => socket.remoteAddress());
    socket.connect(1234);
    throwsNotConnected(() => socket.remoteAddress());
    await once(socket, 'connect');
    assert.deepStrictEqual(socket.remoteAddress(),
      { address: '127.0.0.1', family: 'IPv4', port: 1234 });
    socket.disconnect();
    throwsNotConnected(() => socket.remoteAddress());
  });

  it('throws ERR_SOCKET_DGRAM_NOT_RUNNING after close()', async () => {
    const socket = await connectedTo(await bound());
    socket.close();
    throwsCode(() => socket.remoteAddress(),
      Error, 'ERR_SOCKET_DGRAM_NOT_RUNNING', 'Not running');
  });
});
