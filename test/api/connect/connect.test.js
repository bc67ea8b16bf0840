'use strict';

// connect(): binding, events, callbacks, argument checks and errors.

const assert = require('node:assert');
const {
  bound, connectedTo, isSystemError, itSince, once, open, receive, send,
  stateOf, steps, throwsCode, nextIteration,
} = require('../../support/dgram');

const throwsConnected = (body) => throwsCode(body,
  Error, 'ERR_SOCKET_DGRAM_IS_CONNECTED', 'Already connected');

describe('socket.connect()', () => {
  it('binds, connects and emits \'connect\'', async () => {
    const peer = await bound();
    const socket = open('udp4');
    const events = [];
    socket.on('listening', () => events.push('listening'));
    socket.on('connect', (...args) => events.push('connect', ...args));
    assert.strictEqual(
      socket.connect(peer.address().port, '127.0.0.1'), undefined);
    assert.strictEqual(stateOf(socket).connectState, 1);
    await once(socket, 'connect');
    assert.strictEqual(stateOf(socket).connectState, 2);
    assert.deepStrictEqual(events, ['listening', 'connect']);
    assert.deepStrictEqual(socket.remoteAddress(), peer.address());
    assert.deepStrictEqual(Object.keys(socket.remoteAddress()),
      ['address', 'family', 'port']);
  });

  it('connects to loopback by default', async () => {
    for (const [type, address, family] of [
      ['udp4', '127.0.0.1', 'IPv4'], ['udp6', '::1', 'IPv6'],
    ]) {
      const { port } = (await bound(type)).address();
      for (const args of [[port], [port, ''], [port, undefined]]) {
        const socket = open(type);
        socket.connect(...args);
        await once(socket, 'connect');
        assert.deepStrictEqual(socket.remoteAddress(),
          { address, family, port });
        assert.strictEqual(socket.address().address, address);
      }
    }
  });

  it('connects to a host name', async () => {
    const socket = open('udp4');
    socket.connect(1234, 'localhost');
    await once(socket, 'connect');
    assert.deepStrictEqual(socket.remoteAddress(),
      { address: '127.0.0.1', family: 'IPv4', port: 1234 });
  });

  it('adds its callback as a listener that is called once', async () => {
    for (const args of [[1234], [1234, '127.0.0.1'], ['1234', undefined]]) {
      const socket = open('udp4');
      const [self, ...values] = await new Promise((resolve) => {
        socket.connect(...args, function(...values) {
          resolve([this, ...values]);
        });
      });
      assert.strictEqual(self, socket);
      assert.deepStrictEqual(values, []);
      assert.strictEqual(socket.listenerCount('connect'), 0);
    }
  });

  it('restricts the socket to its peer', async () => {
    const peer = await bound();
    const socket = await connectedTo(peer);
    const other = await bound();
    const there = receive(peer, 1);
    const back = receive(socket, 1);
    socket.send('there');
    const [{ msg, rinfo }] = await there;
    assert.strictEqual(String(msg), 'there');
    assert.strictEqual(rinfo.port, socket.address().port);
    // Loopback keeps the order: an unfiltered datagram would arrive first.
    other.send('from another', rinfo.port, '127.0.0.1', () => {
      peer.send('back', rinfo.port, '127.0.0.1');
    });
    const [answer] = await back;
    assert.strictEqual(String(answer.msg), 'back');
    assert.strictEqual(answer.rinfo.port, peer.address().port);
  });

  it('waits for a pending bind', async () => {
    const socket = open('udp4');
    const events = [];
    socket.bind(0, () => events.push('bound'));
    socket.connect(1234, () => events.push('connected'));
    await once(socket, 'connect');
    await nextIteration();
    assert.deepStrictEqual(events, ['bound', 'connected']);
  });

  it('makes a send to another destination fail with EISCONN', async () => {
    const socket = await bound();
    socket.connect(1234);
    // Decoded as an unconnected send, sent by a connected socket.
    await assert.rejects(send(socket, 'x', 1235, '127.0.0.1'), (error) => {
      isSystemError(error, 'EISCONN', 'send', '127.0.0.1', 1235);
      return true;
    });
  });

  it('completes after two ticks on a bound socket', async () => {
    const socket = await bound();
    assert.deepStrictEqual(await steps(5, (log) => {
      process.nextTick(() => {
        log('tick 1');
        process.nextTick(log, 'tick 1b');
      });
      socket.connect(1234, '127.0.0.1', () => log('connect'));
      process.nextTick(() => {
        log('tick 2');
        process.nextTick(log, 'tick 2b');
      });
    }), ['tick 1', 'tick 2', 'tick 1b', 'connect', 'tick 2b']);
  });

  it('rejects a bad port', () => {
    const socket = open('udp4');
    for (const [port, received] of [
      [0, 'type number (0)'], [-1, 'type number (-1)'],
      [65536, 'type number (65536)'], [1.5, 'type number (1.5)'],
      [NaN, 'type number (NaN)'], ['abc', 'type string (\'abc\')'],
      ['', 'type string (\'\')'], [' ', 'type string (\' \')'],
      [undefined, 'undefined'], [null, 'null'],
      [true, 'type boolean (true)'], [{}, 'an instance of Object'],
      [[1234], 'an instance of Array'],
    ]) {
      throwsCode(() => socket.connect(port),
        RangeError, 'ERR_SOCKET_BAD_PORT',
        `Port should be > 0 and < 65536. Received ${received}.`);
    }
    assert.strictEqual(stateOf(socket).connectState, 0);
    assert.strictEqual(stateOf(socket).bindState, 0);
  });

  it('rejects an address that is not a string', () => {
    const socket = open('udp4');
    for (const [address, received] of [
      [null, 'null'], [5, 'type number (5)'], [{}, 'an instance of Object'],
      [false, 'type boolean (false)'],
    ]) {
      throwsCode(() => socket.connect(1234, address),
        TypeError, 'ERR_INVALID_ARG_TYPE',
        'The "address" argument must be of type string. ' +
        `Received ${received}`);
    }
    assert.strictEqual(stateOf(socket).connectState, 0);
  });

  it('accepts a port as a string', async () => {
    for (const port of ['1234', '0x4d2', ' 1234 ', '1.234e3']) {
      const socket = open('udp4');
      socket.connect(port);
      await once(socket, 'connect');
      assert.strictEqual(socket.remoteAddress().port, 1234);
    }
  });

  it('throws when connected or connecting', async () => {
    const socket = open('udp4');
    socket.connect(1234);
    throwsConnected(() => socket.connect(1235));
    await once(socket, 'connect');
    throwsConnected(() => socket.connect(1235));
    assert.strictEqual(socket.remoteAddress().port, 1234);
  });

  it('passes a system error to the callback', async () => {
    const socket = await bound();
    socket.on('error', assert.fail);
    const error = await new Promise((resolve) => {
      socket.connect(1234, '::1', resolve);
    });
    isSystemError(error, 'EINVAL', 'connect', '::1', 1234);
    assert.strictEqual(socket.listenerCount('connect'), 0);
    assert.strictEqual(stateOf(socket).connectState, 0);
  });

  it('emits a system error without a callback', async () => {
    const socket = await bound();
    socket.connect(1234, '::1');
    isSystemError((await once(socket, 'error'))[0],
      'EINVAL', 'connect', '::1', 1234);
    assert.strictEqual(stateOf(socket).connectState, 0);
  });

  it('passes a lookup error to the callback', async () => {
    const failure = new Error('no such name');
    const socket = open({
      type: 'udp4',
      lookup: (name, family, callback) => process.nextTick(callback,
        ...(name === '0.0.0.0' ? [null, name, 4] : [failure])),
    });
    assert.strictEqual(await new Promise((resolve) => {
      socket.connect(1234, 'name', resolve);
    }), failure);
  });

  it('can be called again after an error', async () => {
    const socket = await bound();
    await new Promise((resolve) => socket.connect(1234, '::1', resolve));
    socket.connect(1234, '127.0.0.1');
    await once(socket, 'connect');
    assert.strictEqual(socket.remoteAddress().port, 1234);
  });

  it('reports the host name in errors, not its address', async () => {
    const socket = open({
      type: 'udp4',
      lookup: (name, family, callback) => process.nextTick(callback, null,
        name === 'name' ? '::1' : name, 4),
    });
    const error = await new Promise((resolve) => {
      socket.connect(1234, 'name', resolve);
    });
    isSystemError(error, 'EINVAL', 'connect', 'name', 1234);
  });

  it('does not connect after close()', async () => {
    const socket = open('udp4');
    socket.on('connect', assert.fail);
    socket.connect(1234);
    socket.close();
    await once(socket, 'close');
    await nextIteration();
  });

  // As in node:dgram up to Node 26, which does not check whether the socket is
  // still open. connectSync() does check.
  it('emits \'connect\' on a socket closed one tick earlier', async () => {
    const socket = await bound();
    assert.deepStrictEqual(await steps(2, (log) => {
      socket.on('connect', () => log('connect'));
      socket.on('close', () => log('close'));
      socket.connect(1234, '127.0.0.1');
      process.nextTick(() => socket.close());
    }), ['connect', 'close']);
  });

  it('throws a TypeError after close() on a bound socket',
    async () => {
      const socket = await bound();
      socket.close();
      assert.throws(() => socket.connect(1234), {
        name: 'TypeError',
        message: 'Cannot read properties of null (reading \'lookup\')',
      });
    });

  it('throws ERR_SOCKET_DGRAM_NOT_RUNNING after close() when unbound', () => {
    const socket = open('udp4');
    socket.close();
    throwsCode(() => socket.connect(1234),
      Error, 'ERR_SOCKET_DGRAM_NOT_RUNNING', 'Not running');
  });

  itSince('22.13.0', 'checks the port before the state', async () => {
    const socket = await connectedTo(await bound());
    throwsCode(() => socket.connect(0), RangeError, 'ERR_SOCKET_BAD_PORT',
      'Port should be > 0 and < 65536. Received type number (0).');
    throwsCode(() => socket.connect(1, 2), TypeError, 'ERR_INVALID_ARG_TYPE',
      'The "address" argument must be of type string. ' +
      'Received type number (2)');
  });
});
