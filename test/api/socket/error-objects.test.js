'use strict';

// Properties, inspection and serialization of error objects.

const assert = require('node:assert');
const util = require('node:util');
const {
  bound, itSince, once, open, thrownBy, throwsCode,
} = require('../../support/dgram');

describe('error objects', () => {
  it('of system calls have plain properties', async () => {
    const { port } = (await bound()).address();
    const socket = open('udp4');
    socket.bind(port, '127.0.0.1');
    const [error] = await once(socket, 'error');
    for (const [key, descriptor] of
      Object.entries(Object.getOwnPropertyDescriptors(error))) {
      if (key === 'stack')
        continue;
      const { writable, configurable, enumerable } = descriptor;
      assert.deepStrictEqual({ key, writable, configurable, enumerable }, {
        key,
        writable: true,
        configurable: true,
        enumerable: key !== 'message',
      });
    }
    assert.ok(util.types.isNativeError(error));
    assert.strictEqual(Object.prototype.toString.call(error),
      '[object Error]');
    assert.match(util.inspect(error), new RegExp(
      `^Error: bind EADDRINUSE 127\\.0\\.0\\.1:${port}\\n[^]*` +
      `\\{\\s+errno: -\\d+,\\s+code: 'EADDRINUSE',\\s+syscall: 'bind',` +
      `\\s+address: '127\\.0\\.0\\.1',\\s+port: ${port}\\s+\\}$`));
    assert.strictEqual(util.getSystemErrorName(error.errno), 'EADDRINUSE');
  });

  it('of system calls can be cloned and serialized', () => {
    const error = thrownBy(() => open('udp4').address());
    assert.strictEqual(structuredClone(error).message, 'getsockname EBADF');
    assert.deepStrictEqual(JSON.parse(JSON.stringify(error)), { ...error });
  });

  it('of Node have a code that util.inspect() shows', () => {
    const error = thrownBy(() => open('udp4').disconnect());
    assert.ok(util.types.isNativeError(error));
    assert.match(util.inspect(error),
      /^Error \[ERR_SOCKET_DGRAM_NOT_CONNECTED\]: Not connected\n/);
    assert.strictEqual(error.constructor.name === 'Error' ||
      error.constructor.name === 'NodeError', true);
  });

  // Node 20 to 24 use any `name`, even '' or 5.
  itSince('26.10.0', 'of Node contain the class name of an invalid value',
    () => {
      const socket = open('udp4');
      for (const [value, received] of [
        [{ constructor: { name: '' } }, '[Object]'],
        [{ constructor: { name: 5 } }, '[Object]'],
        [{ constructor: 5 }, '[Object]'], [new (class {})(), '{}'],
        [Object.create(null), '[Object: null prototype] {}'],
        [{ constructor: { name: 'Own' } }, 'an instance of Own'],
      ]) {
        throwsCode(() => socket.connect(value), RangeError,
          'ERR_SOCKET_BAD_PORT',
          `Port should be > 0 and < 65536. Received ${received}.`);
      }
    });

  it('have a stack that begins with the called method', () => {
    for (const [body, frame] of [
      [() => open('udp4').address(), /^ {4}at Socket\.address /],
      [() => open('udp4').setTTL(1000), /^ {4}at Socket\.setTTL /],
    ])
      assert.match(thrownBy(body).stack.split('\n')[1], frame);
  });
});
