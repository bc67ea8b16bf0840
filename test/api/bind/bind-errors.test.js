'use strict';

// Errors of bind(): their shape, the state of the socket afterwards, and who
// handles them: a listener, the callback or 'uncaughtException'.

const assert = require('node:assert');
const { errorMonitor } = require('node:events');
const {
  bound, inChild, isNative, isOpen, isSystemError, itNative, nodeAtLeast, once,
  open, reportsOf, stateOf, nextIteration,
} = require('../../support/dgram');

async function assertInvalid(answer) {
  const socket = open({
    type: 'udp4',
    lookup: (name, family, callback) => callback(null, answer, 4),
  });
  const error = once(socket, 'error');
  socket.bind(0, 'name');
  isSystemError((await error)[0], 'EINVAL', 'bind', answer);
}

describe('an error of socket.bind()', () => {
  it('is EADDRINUSE with address and port for a port in use', async () => {
    const { port } = (await bound()).address();
    const socket = open('udp4');
    socket.bind(port, '127.0.0.1');
    const [error] = await once(socket, 'error');
    isSystemError(error, 'EADDRINUSE', 'bind', '127.0.0.1', port);
  });

  it('is EADDRINUSE for IPv6', async () => {
    const { port } = (await bound('udp6')).address();
    const socket = open('udp6');
    socket.bind(port, '::1');
    const [error] = await once(socket, 'error');
    isSystemError(error, 'EADDRINUSE', 'bind', '::1', port);
  });

  it('has the address that a host name resolved to', async () => {
    const { port } = (await bound()).address();
    const socket = open({
      type: 'udp4',
      lookup: (name, family, callback) =>
        process.nextTick(callback, null, '127.0.0.1', 4),
    });
    socket.bind(port, 'some.name');
    const [error] = await once(socket, 'error');
    isSystemError(error, 'EADDRINUSE', 'bind', '127.0.0.1', port);
  });

  it('has no port when the port is 0', async () => {
    const socket = open('udp4');
    socket.bind(0, '203.0.113.1');
    const [error] = await once(socket, 'error');
    isSystemError(error, 'EADDRNOTAVAIL', 'bind', '203.0.113.1');
  });

  it('has the port as it was given', async () => {
    const socket = open('udp4');
    socket.bind('70000', '203.0.113.1');
    const [error] = await once(socket, 'error');
    isSystemError(error, 'EADDRNOTAVAIL', 'bind', '203.0.113.1', '70000');
  });

  it('is EINVAL for an address of the other family', async () => {
    const four = open('udp4');
    four.bind(0, '::1');
    isSystemError((await once(four, 'error'))[0], 'EINVAL', 'bind', '::1');
    const six = open('udp6');
    six.bind(1234, '127.0.0.1');
    isSystemError((await once(six, 'error'))[0],
      'EINVAL', 'bind', '127.0.0.1', 1234);
  });

  it('is EINVAL if lookup resolves to no valid address', async () => {
    for (const answer of ['nowhere', '1.2.3', ' 127.0.0.1', '127.0.0.1 ',
      '127.0.0.1'.padEnd(200, '0')])
      await assertInvalid(answer);
  });

  // The built-in passes a C string to libuv and binds to 127.0.0.1.
  itNative('is EINVAL for an address with a NUL byte', async () => {
    await assertInvalid('127.0.0.1\0');
    await assertInvalid('127.0.0.1\0.example.org');
  });

  it('is the error of lookup', async () => {
    const failure = new Error('no such name');
    const socket = open({
      type: 'udp4',
      lookup: (name, family, callback) => process.nextTick(callback, failure),
    });
    socket.bind(0, 'name');
    const [error] = await once(socket, 'error');
    assert.strictEqual(error, failure);
    assert.strictEqual(stateOf(socket).bindState, 0);
  });

  it('leaves the socket open and unbound', async () => {
    const { port } = (await bound()).address();
    const socket = open('udp4');
    socket.bind(port, '127.0.0.1');
    await once(socket, 'error');
    assert.ok(isOpen(socket));
    assert.strictEqual(stateOf(socket).bindState, 0);
    assert.strictEqual(stateOf(socket).receiving, false);
    socket.bind(0, '127.0.0.1');
    await once(socket, 'listening');
    assert.strictEqual(socket.address().address, '127.0.0.1');
  });

  it('does not call the callback of that bind, even later', async () => {
    const { port } = (await bound()).address();
    const socket = open('udp4');
    const calls = [];
    socket.on('error', () => {});
    socket.bind(port, '127.0.0.1', () => calls.push('first'));
    await once(socket, 'error');
    assert.strictEqual(socket.listenerCount('listening'), 0);
    assert.strictEqual(socket.listenerCount(errorMonitor), 0);
    assert.strictEqual(socket.listenerCount('error'), 1);
    socket.bind(0, '127.0.0.1', () => calls.push('second'));
    await once(socket, 'listening');
    assert.deepStrictEqual(calls, ['second']);
  });

  // With node:dgram the callback is lost, although the socket is bound.
  itNative('emitted by the program does not cancel the callback',
    async () => {
      const socket = open('udp4');
      const calls = [];
      socket.on('error', () => calls.push('error'));
      socket.bind(0, '127.0.0.1', () => calls.push('callback'));
      socket.emit('error', new Error('no'));
      await once(socket, 'listening');
      assert.deepStrictEqual(calls, ['error', 'callback']);
    });

  it('is not emitted after close()', async () => {
    const socket = open('udp4');
    socket.on('error', assert.fail);
    socket.bind(0, '203.0.113.1');
    socket.close();
    await once(socket, 'close');
    await nextIteration();
  });

  it('is uncaught without an \'error\' listener', async () => {
    const { code, stderr } = await inChild((dgram) => {
      dgram.createSocket('udp4').bind(0, '203.0.113.1');
    });
    assert.strictEqual(code, 1);
    assert.match(stderr, /bind EADDRNOTAVAIL 203\.0\.113\.1\r?\n/);
    assert.match(stderr, /Emitted 'error' event on Socket instance at:/);
  });

  // On earlier releases an internal listener of the callback handles the error.
  const isThrown = nodeAtLeast('24.21.0', '26.8.0');

  it(`is ${isThrown ? 'uncaught' : 'handled'} with a callback but without an ` +
    '\'error\' listener', async () => {
    const { code, reports, stderr } = await inChild((dgram, report) => {
      const socket = dgram.createSocket('udp4');
      socket.bind(0, '203.0.113.1', () => report('callback'));
      socket.once(require('node:events').errorMonitor, (error) => {
        report(error.code);
        // After the other listeners were called.
        process.nextTick(() => report([
          socket.listenerCount('error'), socket.listenerCount('listening')]));
      });
    });
    assert.deepStrictEqual(reports,
      ['EADDRNOTAVAIL', ...isThrown ? [] : [[0, 0]]]);
    assert.strictEqual(code, isThrown ? 1 : 0);
    if (isThrown)
      assert.match(stderr, /bind EADDRNOTAVAIL 203\.0\.113\.1\r?\n/);
    else
      assert.strictEqual(stderr, '');
  });

  it('reaches uncaughtException without a callback, and with one as on the ' +
    'running Node', async () => {
    const reports = await reportsOf((dgram, report) => {
      process.on('uncaughtException', ({ message }) => report(message));
      dgram.createSocket('udp4').bind(0, '203.0.113.1', () => report('cb'));
      dgram.createSocket('udp4').bind(0, '203.0.113.2');
      // A callback that is not a function, and that of an earlier bind().
      dgram.createSocket('udp4').bind({ address: '203.0.113.3' }, null);
      const socket = dgram.createSocket('udp4');
      socket.once('error', () => socket.bind(0, '203.0.113.4'));
      socket.bind(0, '203.0.113.1', () => report('cb'));
    });
    assert.deepStrictEqual(reports, [
      ...isThrown ? ['bind EADDRNOTAVAIL 203.0.113.1'] : [],
      'bind EADDRNOTAVAIL 203.0.113.2', 'bind EADDRNOTAVAIL 203.0.113.3',
      'bind EADDRNOTAVAIL 203.0.113.4']);
  });

  it('reaches every listener, with or without a callback', async () => {
    for (const callback of [undefined, assert.fail]) {
      const socket = open('udp4');
      const codes = [];
      socket.on('error', ({ code }) => codes.push(code));
      socket.bind(0, '203.0.113.1', callback);
      socket.on('error', ({ code }) => codes.push(code));
      await once(socket, 'error');
      await nextIteration();
      assert.deepStrictEqual(codes, ['EADDRNOTAVAIL', 'EADDRNOTAVAIL']);
    }
  });

  it('is emitted for the implicit bind() of send()', async () => {
    const failure = new Error('no');
    const socket = open({
      type: 'udp4',
      lookup: (name, family, callback) => {
        process.nextTick(callback, failure);
      },
    });
    const calls = [];
    socket.on(errorMonitor, () => calls.push('monitor'));
    socket.send('lost', 1234, '127.0.0.1', () => calls.push('send'));
    const [error] = await once(socket, 'error');
    assert.strictEqual(error, failure);
    assert.strictEqual(stateOf(socket).queue, undefined);
    await nextIteration();
    // See queued-calls.test.js.
    assert.deepStrictEqual(calls, isNative ? ['monitor', 'send'] :
      ['monitor']);
  });
});
