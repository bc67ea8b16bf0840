'use strict';

// connectSync(): binding, events, argument checks and errors.

const assert = require('node:assert');
const net = require('node:net');
const {
  bound, close, describeSince, once, open, receiveText, stateOf, steps,
  throwsCode, throwsSystemError, nextIteration,
} = require('../../support/dgram');

describeSince(['24.19.0', '26.4.0'], 'socket.connectSync()', () => {
  it('binds and connects synchronously', async () => {
    const peer = await bound();
    const socket = open('udp4');
    assert.strictEqual(
      socket.connectSync(peer.address().port, '127.0.0.1'), undefined);
    assert.deepStrictEqual(socket.remoteAddress(), peer.address());
    assert.strictEqual(socket.address().address, '127.0.0.1');
    const texts = receiveText(peer, 1);
    socket.send('sent at once');
    assert.deepStrictEqual(await texts, ['sent at once']);
  });

  it('connects to loopback by default', () => {
    for (const [type, address] of [['udp4', '127.0.0.1'], ['udp6', '::1']]) {
      for (const args of [[], [''], [null], [undefined]]) {
        const socket = open(type);
        socket.connectSync(1234, ...args);
        assert.strictEqual(socket.remoteAddress().address, address);
      }
    }
  });

  it('emits \'listening\' and \'connect\' in ticks', async () => {
    assert.deepStrictEqual(await steps(5, (log) => {
      const socket = open('udp4');
      socket.on('listening', () => log('listening'));
      socket.on('connect', () => log('connect'));
      process.nextTick(log, 'tick before');
      socket.connectSync(1234);
      log('returned');
      process.nextTick(log, 'tick after');
    }), ['returned', 'tick before', 'listening', 'connect', 'tick after']);
  });

  it('does not emit \'connect\' after close()', async () => {
    const socket = open('udp4');
    socket.on('connect', assert.fail);
    socket.on('listening', assert.fail);
    socket.connectSync(1234);
    await close(socket);
    await nextIteration();
  });

  it('does not emit \'listening\' again on a bound socket', async () => {
    const socket = await bound();
    socket.on('listening', assert.fail);
    const { port } = socket.address();
    socket.connectSync(1234);
    await once(socket, 'connect');
    assert.strictEqual(socket.address().port, port);
  });

  it('rejects a bad port', () => {
    const socket = open('udp4');
    for (const [port, received] of [
      [0, 'type number (0)'], [65536, 'type number (65536)'],
      [undefined, 'undefined'], ['x', 'type string (\'x\')'],
    ]) {
      throwsCode(() => socket.connectSync(port),
        RangeError, 'ERR_SOCKET_BAD_PORT',
        `Port should be > 0 and < 65536. Received ${received}.`);
    }
    assert.strictEqual(stateOf(socket).bindState, 0);
  });

  it('rejects a host name', () => {
    const socket = open('udp4');
    throwsCode(() => socket.connectSync(1234, 'localhost'),
      TypeError, 'ERR_INVALID_ARG_VALUE',
      'The argument \'address\' must be a numeric IP address; ' +
      'connectSync does not perform DNS resolution. Received \'localhost\'');
    assert.strictEqual(stateOf(socket).connectState, 0);
    assert.strictEqual(stateOf(socket).bindState, 0);
  });

  it('rejects an address that is not a string', () => {
    throwsCode(() => open('udp4').connectSync(1234, 127),
      TypeError, 'ERR_INVALID_ARG_TYPE',
      'The "address" argument must be of type string. ' +
      'Received type number (127)');
  });

  it('throws the system error and can be called again', () => {
    const socket = open('udp4');
    throwsSystemError(() => socket.connectSync(1234, '::1'),
      'EINVAL', 'connect', '::1', 1234);
    assert.strictEqual(stateOf(socket).connectState, 0);
    assert.strictEqual(stateOf(socket).bindState, 2);
    socket.connectSync(1234, '127.0.0.1');
    assert.strictEqual(socket.remoteAddress().port, 1234);
  });

  it('rejects a socket that is being bound', async () => {
    const socket = open('udp4');
    socket.bind();
    throwsCode(() => socket.connectSync(1234),
      Error, 'ERR_SOCKET_ALREADY_BOUND', 'Socket is already bound');
    await once(socket, 'listening');
    socket.connectSync(1234);
  });

  it('throws when connected, before it checks the address', () => {
    const socket = open('udp4');
    socket.connectSync(1234);
    throwsCode(() => socket.connectSync(1235, 5),
      Error, 'ERR_SOCKET_DGRAM_IS_CONNECTED', 'Already connected');
    throwsCode(() => socket.connect(1235),
      Error, 'ERR_SOCKET_DGRAM_IS_CONNECTED', 'Already connected');
  });

  it('throws after close(), before any other check', () => {
    const socket = open('udp4');
    socket.close();
    throwsCode(() => socket.connectSync(0),
      Error, 'ERR_SOCKET_DGRAM_NOT_RUNNING', 'Not running');
  });

  it('throws for an address in sendBlockList', () => {
    const sendBlockList = new net.BlockList();
    sendBlockList.addAddress('127.0.0.1');
    const socket = open({ type: 'udp4', sendBlockList });
    throwsCode(() => socket.connectSync(1234),
      Error, 'ERR_IP_BLOCKED', 'IP(127.0.0.1) is blocked by net.BlockList');
    assert.strictEqual(stateOf(socket).connectState, 0);
  });
});
