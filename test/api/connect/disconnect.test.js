'use strict';

const assert = require('node:assert');
const {
  bound, connectedTo, freePort, isLinux, once, open, receiveText, send, stateOf,
  throwsCode,
} = require('../../support/dgram');

const notConnected = (body) => throwsCode(body,
  Error, 'ERR_SOCKET_DGRAM_NOT_CONNECTED', 'Not connected');

describe('disconnect', () => {
  it('throws unless connected', async () => {
    const socket = open('udp4');
    notConnected(() => socket.disconnect());
    socket.connect(1234);
    notConnected(() => socket.disconnect());
    await once(socket, 'connect');
    socket.disconnect();
    notConnected(() => socket.disconnect());
    socket.close();
    notConnected(() => socket.disconnect());
  });

  it('returns nothing and lets the socket connect again', async () => {
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

  it('lets the socket send to and receive from anybody', async () => {
    const [a, b] = [await bound(), await bound()];
    // Linux takes back a port that it chose.
    const socket = await bound('udp4', await freePort());
    socket.connect(a.address().port);
    await once(socket, 'connect');
    socket.disconnect();
    const texts = [receiveText(b, 1), receiveText(socket, 1)];
    socket.send('to b', b.address().port, '127.0.0.1');
    b.send('from b', socket.address().port, '127.0.0.1');
    assert.deepStrictEqual(await Promise.all(texts), [['to b'], ['from b']]);
  });

  it('sends what was sent before', async () => {
    const peer = await bound();
    const socket = await connectedTo(peer);
    const texts = receiveText(peer, 3);
    for (const text of ['1', '2', '3'])
      socket.send(text);
    socket.disconnect();
    assert.deepStrictEqual(await texts, ['1', '2', '3']);
  });

  (isLinux ? it : it.skip)('takes the address from a socket that was not ' +
    'bound by hand', async () => {
    const socket = await connectedTo(await bound());
    assert.notStrictEqual(socket.address().port, 0);
    socket.disconnect();
    assert.deepStrictEqual(socket.address(),
      { address: '0.0.0.0', family: 'IPv4', port: 0 });
  });
});

describe('remoteAddress', () => {
  it('throws unless connected', async () => {
    const socket = await bound();
    notConnected(() => socket.remoteAddress());
    socket.connect(1234);
    notConnected(() => socket.remoteAddress());
    await once(socket, 'connect');
    assert.deepStrictEqual(socket.remoteAddress(),
      { address: '127.0.0.1', family: 'IPv4', port: 1234 });
    socket.disconnect();
    notConnected(() => socket.remoteAddress());
  });

  it('throws another error after close()', async () => {
    const socket = await connectedTo(await bound());
    socket.close();
    throwsCode(() => socket.remoteAddress(),
      Error, 'ERR_SOCKET_DGRAM_NOT_RUNNING', 'Not running');
  });
});
