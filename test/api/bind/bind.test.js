'use strict';

// bind(): argument forms, events and their order, the state of the socket.

const assert = require('node:assert');
const dns = require('node:dns');
const {
  bound, close, freePort, itSince, once, open, ownAddress, stateOf, steps,
  throwsCode,
} = require('../../support/dgram');

describe('socket.bind()', () => {
  it('returns the socket before it is bound', async () => {
    const socket = open('udp4');
    let listening = false;
    socket.on('listening', () => listening = true);
    assert.strictEqual(socket.bind(0), socket);
    assert.strictEqual(listening, false);
    assert.strictEqual(stateOf(socket).bindState, 1);
    await once(socket, 'listening');
    assert.strictEqual(listening, true);
    assert.strictEqual(stateOf(socket).bindState, 2);
    assert.strictEqual(stateOf(socket).receiving, true);
  });

  for (const [text, args, address] of [
    ['no arguments', [], '0.0.0.0'],
    ['undefined', [undefined], '0.0.0.0'],
    ['null', [null], '0.0.0.0'],
    ['a port', [0], '0.0.0.0'],
    ['a port and an address', [0, '127.0.0.1'], '127.0.0.1'],
    ['a port and an empty address', [0, ''], '0.0.0.0'],
    ['a port and null', [0, null], '0.0.0.0'],
    ['a port and a name', [0, 'localhost'], '127.0.0.1'],
    ['an empty object', [{}], '0.0.0.0'],
    ['an object with a port', [{ port: 0 }], '0.0.0.0'],
    ['an object with an address', [{ address: '127.0.0.1' }], '127.0.0.1'],
    ['an object with both', [{ port: 0, address: '127.0.0.1' }], '127.0.0.1'],
    ['an exclusive object', [{ port: 0, exclusive: true }], '0.0.0.0'],
    ['an object whose values are null', [{ port: null, address: null }],
      '0.0.0.0'],
    ['an object and an address that is ignored', [{ port: 0 }, '127.0.0.1'],
      '0.0.0.0'],
  ]) {
    it(`accepts ${text}`, async () => {
      const socket = open('udp4');
      socket.bind(...args);
      await once(socket, 'listening');
      const { port, ...rest } = socket.address();
      assert.deepStrictEqual(rest, { address, family: 'IPv4' });
      assert.ok(Number.isInteger(port) && port > 0 && port < 65536);
    });

    it(`accepts ${text} and a callback`, async () => {
      const socket = open('udp4');
      const [self, ...values] = await new Promise((resolve) => {
        socket.bind(...args, function(...values) {
          resolve([this, ...values]);
        });
      });
      assert.strictEqual(self, socket);
      assert.deepStrictEqual(values, []);
      assert.strictEqual(socket.address().address, address);
      assert.deepStrictEqual(socket.eventNames(), []);
    });
  }

  it('binds udp6 to :: by default', async () => {
    const socket = open('udp6');
    socket.bind();
    await once(socket, 'listening');
    const { port, ...rest } = socket.address();
    assert.deepStrictEqual(rest, { address: '::', family: 'IPv6' });
    assert.ok(port > 0);
  });

  it('binds to the given port', async () => {
    const port = await freePort();
    const socket = await bound('udp4', port);
    assert.deepStrictEqual(socket.address(),
      { address: '127.0.0.1', family: 'IPv4', port });
    assert.deepStrictEqual(Object.keys(socket.address()),
      ['address', 'family', 'port']);
  });

  it('makes address() return a new object per call', async () => {
    const socket = await bound();
    assert.notStrictEqual(socket.address(), socket.address());
  });

  it('calls its callback in listener order', async () => {
    const socket = open('udp4');
    const order = [];
    socket.on('listening', () => order.push('before'));
    socket.bind(0, () => order.push('callback'));
    socket.on('listening', () => order.push('after'));
    await once(socket, 'listening');
    assert.deepStrictEqual(order, ['before', 'callback', 'after']);
  });

  it('emits \'listening\' in a tick', async () => {
    assert.deepStrictEqual(await steps(5, (log) => {
      const socket = open('udp4');
      Promise.resolve().then(() => log('microtask'));
      process.nextTick(log, 'tick before');
      socket.bind(0, () => log('listening'));
      process.nextTick(log, 'tick after');
      setImmediate(log, 'immediate');
    }), ['tick before', 'listening', 'tick after', 'microtask', 'immediate']);
  });

  it('completes synchronously if lookup calls back synchronously', () => {
    const socket = open({
      type: 'udp4',
      lookup: (name, family, callback) => callback(null, '127.0.0.1', 4),
    });
    const order = [];
    socket.on('listening', () => order.push('listening'));
    socket.bind(0, 'any name', () => order.push('callback'));
    order.push('returned');
    assert.deepStrictEqual(order, ['listening', 'callback', 'returned']);
    assert.strictEqual(socket.address().address, '127.0.0.1');
  });

  it('throws when bound or binding', async () => {
    const socket = open('udp4');
    const again = () => throwsCode(() => socket.bind(),
      Error, 'ERR_SOCKET_ALREADY_BOUND', 'Socket is already bound');
    socket.bind();
    again();
    await once(socket, 'listening');
    again();
    throwsCode(() => socket.bind({ fd: 1 }),
      Error, 'ERR_SOCKET_ALREADY_BOUND', 'Socket is already bound');
    assert.strictEqual(socket.listenerCount('listening'), 0);
  });

  it('throws while the implicit bind of send() is pending', async () => {
    const socket = open('udp4');
    socket.send('', 9, '127.0.0.1');
    throwsCode(() => socket.bind(),
      Error, 'ERR_SOCKET_ALREADY_BOUND', 'Socket is already bound');
    await once(socket, 'listening');
  });

  it('throws after close()', () => {
    const socket = open('udp4');
    socket.close();
    throwsCode(() => socket.bind(),
      Error, 'ERR_SOCKET_DGRAM_NOT_RUNNING', 'Not running');
  });

  it('is cancelled by close()', async () => {
    const socket = open('udp4');
    const events = [];
    socket.on('listening', () => events.push('listening'));
    socket.on('close', () => events.push('close'));
    socket.bind(0, () => events.push('callback'));
    socket.close();
    await once(socket, 'close');
    await new Promise((resolve) => dns.lookup('127.0.0.1', resolve));
    assert.deepStrictEqual(events, ['close']);
  });

  it('accepts the port of a socket that was just closed', async () => {
    const first = await bound();
    const { port } = first.address();
    first.close();
    const second = open('udp4');
    second.bind(port, '127.0.0.1');
    await once(second, 'listening');
    assert.strictEqual(second.address().port, port);
  });

  it('accepts one port for two addresses', async () => {
    const port = await freePort();
    const a = await bound('udp4', port);
    const b = open('udp6');
    b.bind(port, '::1');
    await once(b, 'listening');
    assert.strictEqual(a.address().port, b.address().port);
    await close(a);
  });

  it('can be called in the \'error\' listener', async () => {
    const other = await bound('udp4', 0, ownAddress);
    const { port } = other.address();
    const socket = open('udp4');
    const calls = [];
    socket.once('error', (error) => {
      assert.strictEqual(error.code, 'EADDRINUSE');
      assert.strictEqual(stateOf(socket).bindState, 0);
      socket.bind(0, ownAddress, () => calls.push('second'));
    });
    socket.bind(port, ownAddress, () => calls.push('first'));
    await once({ // once() alone would reject with the bind error
      on: (event, listener) => event === 'listening' &&
        socket.on(event, listener),
      removeListener: (...args) => socket.removeListener(...args),
    }, 'listening');
    assert.deepStrictEqual(calls, ['second']);
    assert.notStrictEqual(socket.address().port, port);
  });

  itSince('18.0.0', 'can be called in a listener of another socket',
    async () => {
      const socket = open('udp4');
      const first = open('udp4');
      first.bind(0, () => socket.bind(0, '127.0.0.1'));
      await once(socket, 'listening');
      assert.strictEqual(socket.address().address, '127.0.0.1');
    });
});
