'use strict';

// The handle behind the state symbol, whose methods tools and tests replace:
// the replacements are called.

const assert = require('node:assert');
const {
  bound, connectedTo, errnoOf, isSystemError, itNative, once, open, receive,
  receiveText, send, stateOf, throwsSystemError,
} = require('../../support/dgram');

const EBADF = errnoOf('EBADF');
const EPERM = errnoOf('EPERM');

describe('the handle behind the state symbol', () => {
  it('exists from the constructor until close()', async () => {
    const socket = open('udp4');
    const { handle } = stateOf(socket);
    for (const method of ['bind', 'bind6', 'connect', 'connect6', 'open',
      'disconnect', 'send', 'send6', 'recvStart', 'recvStop', 'getsockname',
      'getpeername', 'bufferSize', 'addMembership', 'dropMembership',
      'addSourceSpecificMembership', 'dropSourceSpecificMembership',
      'setMulticastInterface', 'setMulticastTTL', 'setMulticastLoopback',
      'setBroadcast', 'setTTL', 'ref', 'unref', 'hasRef', 'close',
      'getAsyncId', 'lookup', 'getSendQueueSize', 'getSendQueueCount'])
      assert.strictEqual(typeof handle[method], 'function', method);
    socket.close();
    assert.strictEqual(stateOf(socket).handle, null);
  });

  it('has the IPv6 methods under both names for udp6', () => {
    const { handle } = stateOf(open('udp6'));
    assert.strictEqual(handle.bind, handle.bind6);
    assert.strictEqual(handle.connect, handle.connect6);
    assert.strictEqual(handle.send, handle.send6);
  });

  for (const code of ['ENOMEM', 'ENOSPC']) {
    // With node:dgram the socket is bound but never receives.
    itNative(`makes bind() fail if recvStart() fails: ${code}`, async () => {
      const socket = open('udp4');
      stateOf(socket).handle.recvStart = () => errnoOf(code);
      const error = once(socket, 'error');
      socket.bind(0, '127.0.0.1');
      isSystemError((await error)[0], code, 'recvmsg');
    });
  }

  it('has its replaced lookup() called', async () => {
    const receiver = await bound();
    const socket = await bound();
    const calls = [];
    stateOf(socket).handle.lookup = (address, callback) => {
      calls.push(address);
      callback(null, '127.0.0.1');
    };
    const texts = receiveText(receiver, 2);
    await send(socket, '1', receiver.address().port, '127.0.0.1');
    await send(socket, '2', receiver.address().port, 'name');
    assert.deepStrictEqual(calls, ['127.0.0.1', 'name']);
    assert.deepStrictEqual(await texts, ['1', '2']);
  });

  it('makes send() fail if its lookup() fails', async () => {
    const socket = await bound();
    const failure = new Error('fake');
    stateOf(socket).handle.lookup = (address, callback) =>
      process.nextTick(callback, failure);
    await assert.rejects(send(socket, 'x', 1234, '127.0.0.1'), failure);
    const error = once(socket, 'error');
    socket.send('x', 1234, '127.0.0.1');
    assert.strictEqual((await error)[0], failure);
  });

  it('accepts its original lookup() again', async () => {
    const receiver = await bound();
    const socket = await bound();
    const { handle } = stateOf(socket);
    const { lookup } = handle;
    handle.lookup = () => {
      throw new Error('patched');
    };
    assert.throws(() => socket.send('x', 1234, '127.0.0.1'), /patched/);
    handle.lookup = lookup;
    const texts = receiveText(receiver, 1);
    await send(socket, 'x', receiver.address().port, '127.0.0.1');
    assert.deepStrictEqual(await texts, ['x']);
  });

  it('has its replaced send() called and its result reported', async () => {
    const socket = await bound();
    const { handle } = stateOf(socket);
    const calls = [];
    handle.send = (...args) => {
      calls.push(args);
      return EPERM;
    };
    const error = await new Promise((resolve) => {
      socket.send(['ab', 'c'], 1234, '127.0.0.1', resolve);
    });
    isSystemError(error, 'EPERM', 'send', '127.0.0.1', 1234);
    assert.strictEqual(calls.length, 1);
    const [, list, length, port, ip, hasCallback] = calls[0];
    assert.strictEqual(list.map(String).join(''), 'abc');
    assert.deepStrictEqual([length, port, ip, hasCallback],
      [list.length, 1234, '127.0.0.1', true]);
    socket.on('error', assert.fail);
    socket.send('ignored', 1234, '127.0.0.1');
  });

  it('returns the number of bytes plus one from send()', async () => {
    const socket = await bound();
    stateOf(socket).handle.send = () => 6;
    assert.strictEqual(await send(socket, 'abc', 1234, '127.0.0.1'), 5);
  });

  it('has its replaced send() called when connected', async () => {
    const socket = await connectedTo(await bound());
    const calls = [];
    stateOf(socket).handle.send = (...args) => {
      calls.push(args);
      return EPERM;
    };
    const error = await new Promise((resolve) => socket.send('x', resolve));
    isSystemError(error, 'EPERM', 'send', undefined);
    assert.strictEqual(calls.length, 1);
    assert.deepStrictEqual(calls[0].slice(2), [1, true]);
  });

  it('allows a wrapper to call the original send()', async () => {
    const receiver = await bound();
    const socket = await bound();
    const { handle } = stateOf(socket);
    const { send: original } = handle;
    let calls = 0;
    handle.send = function(...args) {
      calls++;
      return Reflect.apply(original, this, args);
    };
    const texts = receiveText(receiver, 2);
    const to = [receiver.address().port, '127.0.0.1'];
    assert.strictEqual(await send(socket, 'abc', ...to), 3);
    socket.send(['d', 'e'], ...to);
    assert.deepStrictEqual(await texts, ['abc', 'de']);
    assert.strictEqual(calls, 2);
  });

  it('has its replaced bind() called and its result reported', async () => {
    const socket = open('udp4');
    const { handle } = stateOf(socket);
    const calls = [];
    handle.bind = (...args) => {
      calls.push(args);
      return EPERM;
    };
    socket.bind(1234, '127.0.0.1');
    isSystemError((await once(socket, 'error'))[0],
      'EPERM', 'bind', '127.0.0.1', 1234);
    assert.deepStrictEqual(calls, [['127.0.0.1', 1234, 0]]);
  });

  it('has recvStart() called at bind, its result ignored', async () => {
    const socket = open('udp4');
    let calls = 0;
    stateOf(socket).handle.recvStart = () => {
      calls++;
      return EPERM;
    };
    socket.bind(0, '127.0.0.1');
    await once(socket, 'listening');
    assert.strictEqual(calls, 1);
    assert.strictEqual(stateOf(socket).receiving, true);
  });

  it('has its replaced getsockname() called by address()', async () => {
    const socket = await bound();
    const { handle } = stateOf(socket);
    handle.getsockname = (out) => {
      out.address = 'fake';
      return 0;
    };
    assert.deepStrictEqual(socket.address(), { address: 'fake' });
    handle.getsockname = () => EPERM;
    assert.throws(() => socket.address(), { message: 'getsockname EPERM' });
  });

  it('reports a failed disconnect() with syscall connect', async () => {
    const socket = await connectedTo(await bound());
    stateOf(socket).handle.disconnect = () => EPERM;
    throwsSystemError(() => socket.disconnect(), 'EPERM', 'connect');
    assert.strictEqual(stateOf(socket).connectState, 2);
  });

  it('reports failed setters with their names as syscall', async () => {
    const socket = await connectedTo(await bound());
    const { handle } = stateOf(socket);
    for (const [own, method, ...args] of [
      ['getpeername', 'remoteAddress'],
      ['setBroadcast', 'setBroadcast', true],
      ['setTTL', 'setTTL', 1],
      ['setMulticastTTL', 'setMulticastTTL', 1],
      ['setMulticastLoopback', 'setMulticastLoopback', true],
      ['setMulticastInterface', 'setMulticastInterface', '127.0.0.1'],
      ['addMembership', 'addMembership', '239.1.1.1'],
      ['dropMembership', 'dropMembership', '239.1.1.1'],
      ['addSourceSpecificMembership', 'addSourceSpecificMembership', 'a', 'b'],
      ['dropSourceSpecificMembership', 'dropSourceSpecificMembership', 'a',
        'b'],
    ]) {
      const calls = [];
      handle[own] = (...values) => {
        calls.push(values);
        return EPERM;
      };
      throwsSystemError(() => socket[method](...args), 'EPERM', own);
      assert.strictEqual(calls.length, 1, own);
    }
  });

  it('has onmessage() called for each message', async () => {
    const socket = await bound();
    const { handle } = stateOf(socket);
    const { onmessage } = handle;
    assert.strictEqual(typeof onmessage, 'function');
    const calls = [];
    handle.onmessage = function(...args) {
      calls.push(args);
      return Reflect.apply(onmessage, this, args);
    };
    const messages = receive(socket, 1);
    await send(await bound(), 'abc', socket.address().port, '127.0.0.1');
    const [{ msg }] = await messages;
    assert.strictEqual(calls.length, 1);
    assert.strictEqual(calls[0][1], handle);
    assert.strictEqual(calls[0][2], msg);
  });

  it('has its replaced close() called', async () => {
    const socket = await bound();
    const { handle } = stateOf(socket);
    const { close } = handle;
    let calls = 0;
    handle.close = function(...args) {
      calls++;
      return Reflect.apply(close, this, args);
    };
    socket.close();
    assert.strictEqual(calls, 1);
    await once(socket, 'close');
  });

  it('accepts a callback in close()', async () => {
    const socket = await bound();
    const { handle } = stateOf(socket);
    stateOf(socket).handle = null;
    await new Promise((resolve) => handle.close(resolve));
  });

  // With node:dgram some calls open a descriptor after close; libuv aborts.
  itNative('returns EBADF from every method after close()', async () => {
    const socket = await bound();
    const { handle } = stateOf(socket);
    socket.close();
    await once(socket, 'close');
    assert.strictEqual(handle.fd, EBADF);
    assert.strictEqual(handle.getsockname({}), EBADF);
    assert.strictEqual(handle.bind('127.0.0.1', 0, 0), EBADF);
    assert.strictEqual(handle.recvStart(), EBADF);
    assert.strictEqual(handle.setTTL(5), EBADF);
    handle.ref();
    handle.unref();
    handle.close();
  });

  itNative('returns EBADF for any other receiver', () => {
    const { handle } = stateOf(open('udp4'));
    for (const receiver of [{}, Object.create(handle), null, 5])
      assert.strictEqual(handle.getsockname.call(receiver, {}), EBADF);
  });
});
