'use strict';

// Socket options: broadcast, TTL, multicast TTL and multicast loopback.

const assert = require('node:assert');
const {
  bound, isLinux, isSystemError, open, receiveText, send, throwsCode,
  throwsSystemError,
} = require('../../support/dgram');

const notNumber = (name, received) => [TypeError, 'ERR_INVALID_ARG_TYPE',
  `The "${name}" argument must be of type number. Received ${received}`];

describe('socket.setBroadcast()', () => {
  it('throws EBADF before the socket is bound', () => {
    throwsSystemError(() => open('udp4').setBroadcast(true),
      'EBADF', 'setBroadcast');
  });

  it('accepts any value as a boolean and returns undefined', async () => {
    const socket = await bound();
    for (const value of [true, 1, 'yes', {}, false, 0, '', null, undefined])
      assert.strictEqual(socket.setBroadcast(value), undefined);
  });

  (isLinux ? it : it.skip)('allows sends to a broadcast address', async () => {
    const socket = open('udp4');
    await send(socket, 'x', 9, '127.0.0.1');
    const denied = () => assert.rejects(
      send(socket, 'x', 9, '127.255.255.255'), (error) => {
        isSystemError(error, 'EACCES', 'send', '127.255.255.255', 9);
        return true;
      });
    await denied();
    socket.setBroadcast(true);
    assert.strictEqual(await send(socket, 'x', 9, '127.255.255.255'), 1);
    socket.setBroadcast(false);
    await denied();
  });

  (isLinux ? it : it.skip)('allows a receiver at the broadcast address',
    async () => {
      const receiver = open('udp4');
      await new Promise((resolve) => receiver.bind(0, resolve));
      const socket = await bound();
      socket.setBroadcast(true);
      const texts = receiveText(receiver, 1);
      await send(socket, 'to all', receiver.address().port,
        '127.255.255.255');
      assert.deepStrictEqual(await texts, ['to all']);
    });
});

for (const [method, name, returns] of [
  ['setTTL', 'ttl', true], ['setMulticastTTL', 'ttl', true],
]) {
  describe(`socket.${method}()`, () => {
    it('throws EBADF before the socket is bound', () => {
      throwsSystemError(() => open('udp4')[method](16), 'EBADF', method);
    });

    it('returns its argument', async () => {
      for (const type of ['udp4', 'udp6']) {
        const socket = await bound(type);
        for (const ttl of [1, 16, 64, 255])
          assert.strictEqual(socket[method](ttl), returns ? ttl : undefined);
      }
    });

    it('rejects a value that is not a number', async () => {
      const socket = await bound();
      for (const [value, received] of [
        ['16', 'type string (\'16\')'], [undefined, 'undefined'],
        [null, 'null'], [true, 'type boolean (true)'],
        [{}, 'an instance of Object'],
      ])
        throwsCode(() => socket[method](value), ...notNumber(name, received));
      throwsCode(() => open('udp4')[method]('16'),
        ...notNumber(name, 'type string (\'16\')'));
    });

    it('throws EINVAL for a value out of range', async () => {
      const socket = await bound();
      for (const ttl of [256, 1000, -2])
        throwsSystemError(() => socket[method](ttl), 'EINVAL', method);
    });
  });
}

describe('socket.setTTL() conversion', () => {
  it('throws EINVAL for 0 and values converted to 0', async () => {
    const socket = await bound();
    for (const ttl of [0, NaN, 0.5, 2 ** 32])
      throwsSystemError(() => socket.setTTL(ttl), 'EINVAL', 'setTTL');
  });

  it('converts its argument to an int32', async () => {
    const socket = await bound();
    assert.strictEqual(socket.setTTL(2 ** 32 + 5), 2 ** 32 + 5);
    assert.strictEqual(socket.setTTL(1.9), 1.9);
  });
});

describe('socket.setMulticastTTL() range', () => {
  it('includes 0', async () => {
    const socket = await bound();
    assert.strictEqual(socket.setMulticastTTL(0), 0);
  });
});

describe('socket.setMulticastLoopback()', () => {
  it('throws EBADF before the socket is bound', () => {
    throwsSystemError(() => open('udp4').setMulticastLoopback(true),
      'EBADF', 'setMulticastLoopback');
  });

  it('returns its argument', async () => {
    for (const type of ['udp4', 'udp6']) {
      const socket = await bound(type);
      const object = {};
      for (const value of [0, 1, true, false, 16, object, null, '', 'x'])
        assert.strictEqual(socket.setMulticastLoopback(value), value);
    }
  });
});

describe('an option set between two sends', () => {
  it('does not delay earlier sends', async () => {
    const receiver = await bound();
    const socket = open('udp4');
    await new Promise((resolve) =>
      socket.connect(receiver.address().port, resolve));
    const texts = receiveText(receiver, 6);
    for (let i = 0; i < 6; i++) {
      socket.send(`${i}`);
      socket.setTTL(10 + i);
      socket.setBroadcast(i % 2);
    }
    assert.deepStrictEqual(await texts, ['0', '1', '2', '3', '4', '5']);
  });
});
