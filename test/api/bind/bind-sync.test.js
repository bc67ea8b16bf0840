'use strict';

// bindSync(): results, events, argument checks and errors.

const assert = require('node:assert');
const net = require('node:net');
const {
  bound, describeSince, isLinux, isOpen, once, open, receiveText, stateOf,
  steps, throwsCode, throwsSystemError, nextIteration,
} = require('../../support/dgram');

describeSince(['24.19.0', '26.4.0'], 'socket.bindSync()', () => {
  it('binds synchronously and returns the address', () => {
    const socket = open('udp4');
    const address = socket.bindSync();
    assert.deepStrictEqual(Object.keys(address), ['address', 'family', 'port']);
    assert.strictEqual(address.address, '0.0.0.0');
    assert.strictEqual(address.family, 'IPv4');
    assert.ok(address.port > 0);
    assert.deepStrictEqual(socket.address(), address);
    assert.strictEqual(stateOf(socket).bindState, 2);
  });

  it('accepts an address', () => {
    const { address, family } =
      open('udp4').bindSync({ port: 0, address: '127.0.0.1' });
    assert.deepStrictEqual({ address, family },
      { address: '127.0.0.1', family: 'IPv4' });
  });

  it('accepts a port', async () => {
    const other = open('udp4');
    const { port } = other.bindSync({ address: '127.0.0.1' });
    other.close();
    assert.deepStrictEqual(
      open('udp4').bindSync({ port: String(port), address: '127.0.0.1' }),
      { address: '127.0.0.1', family: 'IPv4', port });
  });

  it('uses the defaults for falsy values', () => {
    for (const options of [{}, { address: '' }, { address: null },
      { port: null }, { port: undefined, address: undefined }])
      assert.strictEqual(open('udp4').bindSync(options).address, '0.0.0.0');
    assert.strictEqual(open('udp6').bindSync().address, '::');
    assert.strictEqual(
      open({ type: 'udp6', ipv6Only: true }).bindSync().address, '::');
  });

  it('emits \'listening\' in a tick', async () => {
    assert.deepStrictEqual(await steps(5, (log) => {
      process.nextTick(log, 'tick before');
      const socket = open('udp4');
      socket.on('listening', () => log('listening'));
      socket.bindSync();
      log('returned');
      process.nextTick(log, 'tick after');
      setImmediate(log, 'immediate');
    }), ['returned', 'tick before', 'listening', 'tick after', 'immediate']);
  });

  it('does not emit \'listening\' after close()', async () => {
    const socket = open('udp4');
    socket.on('listening', assert.fail);
    socket.bindSync();
    socket.close();
    await once(socket, 'close');
    await nextIteration();
  });

  it('allows the socket to receive and send at once', async () => {
    const socket = open('udp4');
    const { port } = socket.bindSync({ address: '127.0.0.1' });
    const texts = receiveText(socket, 2);
    const sender = open('udp4');
    sender.send('from another', port, '127.0.0.1', () => {
      socket.send('from itself', port, '127.0.0.1');
    });
    assert.deepStrictEqual(await texts, ['from another', 'from itself']);
  });

  it('rejects options that are not an object', () => {
    const socket = open('udp4');
    for (const [options, received] of [
      [1234, 'type number (1234)'], ['x', 'type string (\'x\')'],
      [null, 'null'], [[], 'an instance of Array'],
      [() => {}, 'function '],
    ]) {
      throwsCode(() => socket.bindSync(options),
        TypeError, 'ERR_INVALID_ARG_TYPE',
        'The "options" argument must be of type object. ' +
        `Received ${received}`);
    }
    assert.strictEqual(stateOf(socket).bindState, 0);
  });

  // The package recognises IPv4 addresses itself.
  it('takes the same texts for numeric addresses as net.isIP()', () => {
    const texts = [
      '0.0.0.0', '255.255.255.255', '1.02.3.4', '1.2.3.256', '1.2.3.4.5',
      '1.2.3', '1.2.3.', '.1.2.3.4', '1..2.3', '1.2.3.4 ', ' 1.2.3.4',
      '1.2.3.4\n', '1.2.3.4\0', '0x1.2.3.4', '-1.2.3.4', '1.2.3.4e0',
      '\uff11.2.3.4', '1\u30022.3.4', '16909060', '1.2.3.a',
    ];
    for (let byte = 0; byte < 300; byte++) texts.push(`${byte}.1.${byte}.1`);
    const numeric = texts.filter((address) => {
      try {
        open('udp4').bindSync({ address });
        return true;
      } catch ({ code }) {
        return code !== 'ERR_INVALID_ARG_VALUE'; // EADDRNOTAVAIL is of bind()
      }
    });
    assert.deepStrictEqual(numeric, texts.filter((text) => net.isIP(text)));
  });

  it('rejects a bad port', () => {
    const socket = open('udp4');
    for (const [port, received] of [
      [-1, 'type number (-1)'], [65536, 'type number (65536)'],
      [1.5, 'type number (1.5)'], [NaN, 'type number (NaN)'],
      ['abc', 'type string (\'abc\')'], ['', 'type string (\'\')'],
      [true, 'type boolean (true)'], [{}, 'an instance of Object'],
    ]) {
      throwsCode(() => socket.bindSync({ port }),
        RangeError, 'ERR_SOCKET_BAD_PORT',
        'options.port should be >= 0 and < 65536. ' +
        `Received ${received}.`);
    }
    assert.strictEqual(stateOf(socket).bindState, 0);
  });

  it('rejects a host name', () => {
    const socket = open('udp4');
    for (const address of ['localhost', '127.0.0', 'example.org']) {
      throwsCode(() => socket.bindSync({ address }),
        TypeError, 'ERR_INVALID_ARG_VALUE',
        'The property \'options.address\' must be a numeric IP address; ' +
        'bindSync does not perform DNS resolution. ' +
        `Received '${address}'`);
    }
    assert.strictEqual(stateOf(socket).bindState, 0);
  });

  it('rejects an address that is not a string', () => {
    throwsCode(() => open('udp4').bindSync({ address: 127 }),
      TypeError, 'ERR_INVALID_ARG_TYPE',
      'The "options.address" property must be of type string. ' +
      'Received type number (127)');
  });

  it('checks the port before the address', () => {
    throwsCode(() => open('udp4').bindSync({ port: -1, address: 127 }),
      RangeError, 'ERR_SOCKET_BAD_PORT',
      'options.port should be >= 0 and < 65536. Received type number (-1).');
  });

  it('throws the system error and can be called again', async () => {
    const { port } = (await bound()).address();
    const socket = open('udp4');
    socket.on('error', assert.fail);
    throwsSystemError(() => socket.bindSync({ port, address: '127.0.0.1' }),
      'EADDRINUSE', 'bind', '127.0.0.1', port);
    throwsSystemError(() => socket.bindSync({ address: '203.0.113.1' }),
      'EADDRNOTAVAIL', 'bind', '203.0.113.1');
    throwsSystemError(() => socket.bindSync({ address: '::1' }),
      'EINVAL', 'bind', '::1');
    assert.ok(isOpen(socket));
    assert.strictEqual(stateOf(socket).bindState, 0);
    assert.strictEqual(socket.bindSync({ address: '127.0.0.1' }).address,
      '127.0.0.1');
    await once(socket, 'listening');
  });

  it('throws when bound or binding', async () => {
    const already = (socket) => throwsCode(() => socket.bindSync(),
      Error, 'ERR_SOCKET_ALREADY_BOUND', 'Socket is already bound');
    const socket = open('udp4');
    socket.bindSync();
    already(socket);
    throwsCode(() => socket.bind(),
      Error, 'ERR_SOCKET_ALREADY_BOUND', 'Socket is already bound');
    const binding = open('udp4');
    binding.bind();
    already(binding);
    await once(binding, 'listening');
    already(binding);
  });

  it('throws after close(), before any other check', () => {
    const socket = open('udp4');
    socket.close();
    throwsCode(() => socket.bindSync(5),
      Error, 'ERR_SOCKET_DGRAM_NOT_RUNNING', 'Not running');
  });

  it('does not call lookup', () => {
    const socket = open({ type: 'udp4', lookup: assert.fail });
    assert.strictEqual(socket.bindSync({ address: '127.0.0.1' }).address,
      '127.0.0.1');
  });

  (isLinux ? it : it.skip)('accepts an IPv6 zone', () => {
    assert.strictEqual(open('udp6').bindSync({ address: '::1%lo' }).address,
      '::1');
  });
});
