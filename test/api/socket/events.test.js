'use strict';

// The events of a socket: order, receiver (`this`), and changing listeners.

const assert = require('node:assert');
const {
  bound, close, connectedTo, open, receive, send, nextIteration,
} = require('../../support/dgram');

describe('socket events', () => {
  it('are emitted in the order of a socket\'s life', async () => {
    const peer = await bound();
    const socket = open('udp4');
    const events = [];
    for (const event of ['listening', 'connect', 'message', 'error', 'close'])
      socket.on(event, (...args) => events.push([event, args.length]));
    socket.connect(peer.address().port);
    await new Promise((resolve) => socket.once('connect', resolve));
    const message = receive(socket, 1);
    peer.send('x', socket.address().port, '127.0.0.1');
    await message;
    await close(socket);
    await nextIteration();
    assert.deepStrictEqual(events, [
      ['listening', 0], ['connect', 0], ['message', 2], ['close', 0],
    ]);
  });

  it('have the socket as `this`', async () => {
    const socket = await bound();
    const receivers = new Set();
    socket.on('message', function() {
      receivers.add(this);
    });
    socket.on('close', function() {
      receivers.add(this);
    });
    const message = receive(socket, 1);
    await send(socket, 'x', socket.address().port, '127.0.0.1');
    await message;
    await close(socket);
    assert.deepStrictEqual([...receivers], [socket]);
  });

  it('of messages are dropped without a listener', async () => {
    const socket = await bound();
    const sender = await connectedTo(socket);
    await send(sender, 'dropped');
    // Wait until it was read. A second socket would give no such order.
    const seen = [];
    socket.emit = (event, msg) => seen.push([event, String(msg)]);
    while (seen.length === 0)
      await nextIteration();
    assert.deepStrictEqual(seen, [['message', 'dropped']]);
    delete socket.emit;
    const messages = receive(socket, 1);
    await send(sender, 'received');
    assert.strictEqual(String((await messages)[0].msg), 'received');
  });

  it('of messages use the listeners at the time', async () => {
    const socket = await bound();
    const sender = await connectedTo(socket);
    const order = [];
    socket.once('message', (msg) => order.push(`once ${msg}`));
    socket.on('message', (msg) => {
      order.push(`on ${msg}`);
      if (String(msg) === '1')
        socket.prependListener('message', (msg) => order.push(`late ${msg}`));
    });
    const messages = receive(socket, 3);
    for (let i = 0; i < 3; i++)
      sender.send(`${i}`);
    await messages;
    assert.deepStrictEqual(order,
      ['once 0', 'on 0', 'on 1', 'late 2', 'on 2']);
  });

  it('can be emitted by the program', () => {
    const socket = open('udp4');
    const calls = [];
    socket.on('message', (...args) => calls.push(args));
    socket.emit('message', 'fake', { address: 'nowhere' });
    assert.deepStrictEqual(calls, [['fake', { address: 'nowhere' }]]);
  });
});
