'use strict';

// Datagrams whose socket is closed in the same tick. Loopback keeps the order,
// so a later datagram that arrives alone proves that the earlier one was
// dropped.

const assert = require('node:assert');
const {
  bound, close, connectedTo, once, open, receiveText, send, steps,
  nextIteration,
} = require('../../support/dgram');

describe('socket.close() right after socket.send()', () => {
  it('drops the datagram of an unconnected socket', async () => {
    const receiver = await bound();
    const to = [receiver.address().port, '127.0.0.1'];
    const socket = await bound();
    const closed = once(socket, 'close');
    socket.send('dropped', ...to, () => assert.fail('called back'));
    socket.close();
    await closed;
    await nextIteration();
    const texts = receiveText(receiver, 1);
    await send(await bound(), 'later', ...to);
    assert.deepStrictEqual(await texts, ['later']);
  });

  it('drops the datagrams of a socket that was never bound', async () => {
    const receiver = await bound();
    const to = [receiver.address().port, '127.0.0.1'];
    const socket = open('udp4');
    for (let i = 0; i < 3; i++)
      socket.send('dropped', ...to, () => assert.fail('called back'));
    socket.close();
    await once(socket, 'close');
    await nextIteration();
    const texts = receiveText(receiver, 1);
    await send(await bound(), 'later', ...to);
    assert.deepStrictEqual(await texts, ['later']);
  });

  it('sends a datagram whose tick ran before close()', async () => {
    const receiver = await bound();
    const to = [receiver.address().port, '127.0.0.1'];
    const socket = await bound();
    const texts = receiveText(receiver, 2);
    // The first send needs one tick for its lookup, the second has none left.
    socket.send('in time', ...to);
    await new Promise((resolve) => {
      process.nextTick(() => {
        socket.send('dropped', ...to, () => assert.fail('called back'));
        socket.close(resolve);
      });
    });
    await send(await bound(), 'later', ...to);
    assert.deepStrictEqual(await texts, ['in time', 'later']);
  });

  it('sends the datagrams of a connected socket', async () => {
    const receiver = await bound();
    const socket = await connectedTo(receiver);
    const texts = receiveText(receiver, 5);
    for (let i = 0; i < 5; i++)
      socket.send(`${i}`);
    await close(socket);
    assert.deepStrictEqual(await texts, ['0', '1', '2', '3', '4']);
  });

  it('sends 150 datagrams of a connected socket', async () => {
    const receiver = await bound();
    receiver.setRecvBufferSize(1 << 20);
    const socket = await connectedTo(receiver);
    const texts = receiveText(receiver, 150);
    for (let i = 0; i < 150; i++)
      socket.send(`${i}`);
    await close(socket);
    assert.deepStrictEqual(await texts,
      Array.from({ length: 150 }, (_, i) => `${i}`));
  });

  it('calls the callbacks of a connected socket before \'close\'', async () => {
    const socket = await connectedTo(await bound());
    assert.deepStrictEqual(await steps(4, (log) => {
      socket.on('close', () => log('close'));
      socket.send('abc', (error, bytes) => log([error, bytes]));
      socket.send('ab', (error, bytes) => log([error, bytes]));
      socket.close();
      log('returned');
    }), ['returned', [null, 3], [null, 2], 'close']);
  });

  it('sends the datagrams of several connected sockets', async () => {
    const receiver = await bound();
    const texts = receiveText(receiver, 9);
    const sockets = [];
    for (let i = 0; i < 3; i++)
      sockets.push(await connectedTo(receiver));
    for (let i = 0; i < 3; i++)
      for (const [n, socket] of sockets.entries())
        socket.send(`${n} ${i}`);
    sockets[1].close();
    sockets[0].close();
    sockets[2].close();
    const got = await texts;
    for (let n = 0; n < 3; n++) {
      assert.deepStrictEqual(got.filter((text) => text.startsWith(`${n}`)),
        [`${n} 0`, `${n} 1`, `${n} 2`]);
    }
  });

  it('drops datagrams sent by the callback that closes', async () => {
    const receiver = await bound();
    const to = [receiver.address().port, '127.0.0.1'];
    const socket = await bound();
    socket.send('first', ...to, () => {
      socket.send('dropped', ...to, () => assert.fail('called back'));
      socket.close();
    });
    const texts = receiveText(receiver, 2);
    await once(socket, 'close');
    await nextIteration();
    await send(await bound(), 'later', ...to);
    assert.deepStrictEqual(await texts, ['first', 'later']);
  });
});
