'use strict';

// The options sendBlockList and receiveBlockList.

const assert = require('node:assert');
const net = require('node:net');
const {
  bound, connectedTo, describeSince, isCode, once, open, receive, receiveText,
  send, stateOf, nextIteration,
} = require('../../support/dgram');

const blocked = (address) => (error) => {
  isCode(error, Error, 'ERR_IP_BLOCKED',
    `IP(${address}) is blocked by net.BlockList`);
  return true;
};

function blockList(address, family) {
  const list = new net.BlockList();
  list.addAddress(address, family);
  return list;
}

describeSince('22.13.0', 'the option sendBlockList', () => {
  it('rejects sends to its addresses', async () => {
    const receiver = await bound();
    const { port } = receiver.address();
    const socket = open({
      type: 'udp4', sendBlockList: blockList('127.0.0.2'),
    });
    socket.on('error', assert.fail);
    const texts = receiveText(receiver, 2);
    await send(socket, '1', port, '127.0.0.1');
    await assert.rejects(send(socket, 'x', port, '127.0.0.2'),
      blocked('127.0.0.2'));
    // Without a callback the error is ignored.
    socket.send('x', port, '127.0.0.2');
    await send(socket, '2', port, '127.0.0.1');
    assert.deepStrictEqual(await texts, ['1', '2']);
  });

  it('checks the address that a name resolves to', async () => {
    const socket = open({
      type: 'udp4',
      sendBlockList: blockList('127.0.0.2'),
      lookup: (name, family, callback) =>
        callback(null, name === 'name' ? '127.0.0.2' : name, 4),
    });
    await assert.rejects(send(socket, 'x', 1234, 'name'),
      blocked('127.0.0.2'));
  });

  it('keeps the order of callbacks', async () => {
    const socket = open({
      type: 'udp4', sendBlockList: blockList('127.0.0.2'),
    });
    const order = await new Promise((resolve) => {
      const order = [];
      for (let i = 0; i < 6; i++) {
        socket.send('x', 9, `127.0.0.${1 + i % 2}`, (error) => {
          order.push([i, error?.code]);
          if (order.length === 6)
            resolve(order);
        });
      }
    });
    assert.deepStrictEqual(order, Array.from({ length: 6 }, (_, i) =>
      [i, i % 2 ? 'ERR_IP_BLOCKED' : undefined]));
  });

  it('rejects connect() to its addresses', async () => {
    const socket = open({
      type: 'udp4', sendBlockList: blockList('127.0.0.1'),
    });
    const error = await new Promise((resolve) =>
      socket.connect(1234, '127.0.0.1', resolve));
    blocked('127.0.0.1')(error);
    assert.strictEqual(stateOf(socket).connectState, 0);
    socket.connect(1234, '127.0.0.1');
    blocked('127.0.0.1')((await once(socket, 'error'))[0]);
  });

  it('supports IPv6', async () => {
    const receiver = await bound('udp6');
    const socket = open({
      type: 'udp6', sendBlockList: blockList('::2', 'ipv6'),
    });
    const texts = receiveText(receiver, 1);
    await assert.rejects(send(socket, 'x', 1234, '::2'), blocked('::2'));
    await send(socket, '1', receiver.address().port, '::1');
    assert.deepStrictEqual(await texts, ['1']);
  });

  it('may be changed at any time', async () => {
    const sendBlockList = new net.BlockList();
    const socket = open({ type: 'udp4', sendBlockList });
    assert.strictEqual(await send(socket, 'x', 9, '127.0.0.1'), 1);
    sendBlockList.addRange('127.0.0.0', '127.0.0.255');
    await assert.rejects(send(socket, 'x', 9, '127.0.0.1'),
      blocked('127.0.0.1'));
  });

  it('has its check() method called for every send', async () => {
    const sendBlockList = new net.BlockList();
    const calls = [];
    sendBlockList.check = (...args) => {
      calls.push(args);
      return args[0] === '127.0.0.2';
    };
    const socket = open({ type: 'udp4', sendBlockList });
    await send(socket, 'x', 9, '127.0.0.1');
    await send(socket, 'x', 9, '127.0.0.1');
    await assert.rejects(send(socket, 'x', 9, '127.0.0.2'));
    assert.deepStrictEqual(calls, [['127.0.0.1', 'ipv4'],
      ['127.0.0.1', 'ipv4'], ['127.0.0.2', 'ipv4']]);
  });

  it('does not affect received messages', async () => {
    const socket = await bound({
      type: 'udp4', sendBlockList: blockList('127.0.0.1'),
    });
    const texts = receiveText(socket, 1);
    await send(await bound(), 'x', socket.address().port, '127.0.0.1');
    assert.deepStrictEqual(await texts, ['x']);
  });
});

describeSince('22.13.0', 'the option receiveBlockList', () => {
  it('drops messages from its addresses', async () => {
    const receiver = await bound({
      type: 'udp4', receiveBlockList: blockList('127.0.0.2'),
    });
    const { port } = receiver.address();
    const good = await bound('udp4', 0, '127.0.0.1');
    const bad = await bound('udp4', 0, '127.0.0.2');
    const texts = receiveText(receiver, 6);
    for (let i = 0; i < 6; i++) {
      await send(bad, `bad ${i}`, port, '127.0.0.1');
      await send(good, `good ${i}`, port, '127.0.0.1');
    }
    assert.deepStrictEqual(await texts,
      Array.from({ length: 6 }, (_, i) => `good ${i}`));
  });

  it('has its check() method called for every message', async () => {
    const receiveBlockList = new net.BlockList();
    const calls = [];
    receiveBlockList.check = (...args) => {
      calls.push(args);
      return calls.length === 2;
    };
    const receiver = await bound({ type: 'udp4', receiveBlockList });
    const sender = await connectedTo(receiver, 'udp4');
    const messages = receive(receiver, 2);
    for (let i = 0; i < 3; i++)
      sender.send(`${i}`);
    assert.deepStrictEqual((await messages).map(({ msg }) => String(msg)),
      ['0', '2']);
    assert.deepStrictEqual(calls, Array(3).fill(['127.0.0.1', 'ipv4']));
  });

  it('drops messages from IPv6 addresses', async () => {
    const receiveBlockList = blockList('::1', 'ipv6');
    const receiver = await bound({ type: 'udp6', receiveBlockList });
    const calls = [];
    const { check } = receiveBlockList;
    const checked = new Promise((resolve) => {
      receiveBlockList.check = function(...args) {
        calls.push([...args, Reflect.apply(check, this, args)]);
        resolve();
        return calls[0][2];
      };
    });
    receiver.on('message', assert.fail);
    await send(await bound('udp6'), 'x', receiver.address().port, '::1');
    await checked;
    await nextIteration();
    assert.deepStrictEqual(calls, [['::1', 'ipv6', true]]);
  });

  it('does not affect sends', async () => {
    const receiver = await bound();
    const socket = open({
      type: 'udp4', receiveBlockList: blockList('127.0.0.1'),
    });
    const texts = receiveText(receiver, 1);
    await send(socket, 'x', receiver.address().port, '127.0.0.1');
    assert.deepStrictEqual(await texts, ['x']);
  });
});
