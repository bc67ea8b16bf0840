'use strict';

// Argument checks of send() and sendto(): error class, code and message, and
// the order of the checks.

const assert = require('node:assert');
const {
  bound, connectedTo, open, receiveText, stateOf, throwsCode,
} = require('../../support/dgram');

const AT = '127.0.0.1';
const argumentType = (name, expected, received) => [TypeError,
  'ERR_INVALID_ARG_TYPE', `The "${name}" argument must be ${expected}. ` +
  `Received ${received}`];
const bufferType = (received) => argumentType('buffer',
  'of type string or an instance of Buffer, TypedArray, or DataView', received);
const listType = (received) => [TypeError, 'ERR_INVALID_ARG_TYPE',
  'The "buffer list arguments" argument must be of type string or ' +
  `an instance of Buffer, TypedArray, or DataView. Received ${received}`];
const badPort = (received) => [RangeError, 'ERR_SOCKET_BAD_PORT',
  `Port should be > 0 and < 65536. Received ${received}.`];
const outside = (name) => [RangeError, 'ERR_BUFFER_OUT_OF_BOUNDS',
  `"${name}" is outside of buffer bounds`];

const NOT_BYTES = [
  [undefined, 'undefined'], [null, 'null'], [5, 'type number (5)'],
  [true, 'type boolean (true)'], [5n, 'type bigint (5n)'],
  [{}, 'an instance of Object'], [new Date(0), 'an instance of Date'],
  [new ArrayBuffer(8), 'an instance of ArrayBuffer'],
  [new SharedArrayBuffer(8), 'an instance of SharedArrayBuffer'],
  [Symbol('x'), 'type symbol (Symbol(x))'],
  [new String('x'), 'an instance of String'],
  [{ length: 1, 0: 1 }, 'an instance of Object'],
];

const BAD_PORTS = [
  [0, 'type number (0)'], [-1, 'type number (-1)'],
  [65536, 'type number (65536)'], [1.5, 'type number (1.5)'],
  [NaN, 'type number (NaN)'], [Infinity, 'type number (Infinity)'],
  ['', 'type string (\'\')'], ['  ', 'type string (\'  \')'],
  ['abc', 'type string (\'abc\')'], ['65536', 'type string (\'65536\')'],
  [undefined, 'undefined'], [null, 'null'], [true, 'type boolean (true)'],
  [{}, 'an instance of Object'], [[1234], 'an instance of Array'],
];

describe('argument checks of send() on an unconnected socket', () => {
  let socket;

  beforeEach(() => {
    socket = open('udp4');
  });

  // A rejected call must not change the socket.
  afterEach(() => {
    assert.strictEqual(stateOf(socket).bindState, 0);
    assert.strictEqual(stateOf(socket).queue, undefined);
  });

  for (const [value, received] of NOT_BYTES) {
    it(`rejects ${received} as the message`, () => {
      const error = bufferType(received);
      throwsCode(() => socket.send(value, 1234, AT), ...error);
      throwsCode(() => socket.send(value, 1234), ...error);
      throwsCode(() => socket.send(value, 1234, assert.fail), ...error);
      throwsCode(() => socket.send(value, 0, 1, 1234, AT), ...error);
      throwsCode(() => socket.send(value, 0, 1, 1234), ...error);
    });
  }

  it('rejects a function as the message', () => {
    throwsCode(() => socket.send(assert.fail, 1234, AT),
      ...bufferType('function fail'));
  });

  it('rejects a list with an invalid item', () => {
    for (const list of [[1], [null], ['a', undefined], [[]], [['a']],
      [new ArrayBuffer(1)], ['a', {}], Array(1)]) {
      throwsCode(() => socket.send(list, 1234, AT),
        ...listType('an instance of Array'));
    }
  });

  it('rejects a list with an offset', () => {
    throwsCode(() => socket.send(['abc'], 0, 1, 1234, AT),
      ...bufferType('an instance of Array'));
  });

  for (const [port, received] of BAD_PORTS) {
    it(`rejects ${received} as the port`, () => {
      throwsCode(() => socket.send('x', port, AT), ...badPort(received));
      throwsCode(() => socket.send('x', port, assert.fail),
        ...badPort(received));
      throwsCode(() => socket.send('x', 0, 1, port, AT), ...badPort(received));
    });
  }

  it('rejects a missing port', () => {
    throwsCode(() => socket.send('x'), ...badPort('undefined'));
    throwsCode(() => socket.send('x', assert.fail),
      ...badPort('function fail'));
    throwsCode(() => socket.send('x', 0, 1), ...badPort('type number (0)'));
    throwsCode(() => socket.send('x', 0, 1, assert.fail),
      ...badPort('type number (0)'));
  });

  for (const [address, received] of [
    [5, 'type number (5)'], [true, 'type boolean (true)'],
    [false, 'type boolean (false)'], [{}, 'an instance of Object'],
    [[], 'an instance of Array'], [0, 'type number (0)'],
  ]) {
    it(`rejects ${received} as the address`, () => {
      const error = argumentType('address', 'of type string', received);
      throwsCode(() => socket.send('x', 1234, address), ...error);
      throwsCode(() => socket.send('x', 0, 1, 1234, address), ...error);
      throwsCode(() => socket.send('x', 0, 1, 1234, address, assert.fail),
        ...error);
    });
  }

  for (const [text, args, name] of [
    ['an offset beyond the end', ['abc', 4, 0], 'offset'],
    ['a negative offset', ['abc', -1, 1], 'offset'],
    ['a length beyond the end', ['abc', 0, 4], 'length'],
    ['an offset plus length beyond the end', ['abc', 2, 2], 'length'],
    ['a negative length', ['abc', 0, -1], 'length'],
    ['an offset that counts elements', [new Uint16Array(2), 5, 0], 'offset'],
    ['a sum above 2 ** 32', ['abc', 1, 2 ** 32 - 1], 'length'],
  ]) {
    it(`rejects ${text}`, () => {
      throwsCode(() => socket.send(...args, 1234, AT), ...outside(name));
      throwsCode(() => socket.send(...args, 1234), ...outside(name));
      throwsCode(() => socket.send(...args, 1234, AT, assert.fail),
        ...outside(name));
    });
  }

  it('checks bounds, type, port, address and state in this order', () => {
    socket.close();
    throwsCode(() => socket.send(5, 9, 9, -1, 5), ...bufferType(
      'type number (5)'));
    throwsCode(() => socket.send('x', 9, 9, -1, 5), ...outside('offset'));
    throwsCode(() => socket.send('x', 0, 9, -1, 5), ...outside('length'));
    throwsCode(() => socket.send('x', 0, 1, -1, 5), ...badPort(
      'type number (-1)'));
    throwsCode(() => socket.send([5], -1, 5), ...listType(
      'an instance of Array'));
    throwsCode(() => socket.send('x', 0, 1, 1, 5), ...argumentType('address',
      'of type string', 'type number (5)'));
    throwsCode(() => socket.send('x', 0, 1, 1, AT), Error,
      'ERR_SOCKET_DGRAM_NOT_RUNNING', 'Not running');
    socket = open('udp4');
  });

  describe('argument checks of sendto()', () => {
    const bytes = Buffer.from('abc');

    for (const [text, args, name, type, received] of [
      ['an offset', [bytes, '0', 1, 1234, AT], 'offset', 'number',
        'type string (\'0\')'],
      ['a length', [bytes, 0, undefined, 1234, AT], 'length', 'number',
        'undefined'],
      ['a port', [bytes, 0, 1, '1234', AT], 'port', 'number',
        'type string (\'1234\')'],
      ['an address', [bytes, 0, 1, 1234], 'address', 'string', 'undefined'],
      ['an address', [bytes, 0, 1, 1234, assert.fail], 'address', 'string',
        'function fail'],
    ]) {
      it(`rejects ${received} as ${text}`, () => {
        throwsCode(() => socket.sendto(...args),
          ...argumentType(name, `of type ${type}`, received));
      });
    }

    it('checks offset, length, port and address in this order', () => {
      throwsCode(() => socket.sendto(), ...argumentType('offset',
        'of type number', 'undefined'));
      throwsCode(() => socket.sendto(5, 1), ...argumentType('length',
        'of type number', 'undefined'));
      throwsCode(() => socket.sendto(5, 1, 1), ...argumentType('port',
        'of type number', 'undefined'));
      throwsCode(() => socket.sendto(5, 1, 1, 0), ...argumentType('address',
        'of type string', 'undefined'));
      throwsCode(() => socket.sendto(5, 1, 1, 0, AT), ...bufferType(
        'type number (5)'));
      throwsCode(() => socket.sendto('abc', 1, 1, 0, AT), ...badPort(
        'type number (0)'));
    });
  });
});

describe('argument checks of send() on a connected socket', () => {
  let peer;
  let socket;

  beforeEach(async () => {
    peer = await bound();
    socket = await connectedTo(peer);
  });

  for (const [value, received] of NOT_BYTES) {
    it(`rejects ${received} as the message`, () => {
      throwsCode(() => socket.send(value), ...bufferType(received));
      throwsCode(() => socket.send(value, assert.fail),
        ...bufferType(received));
      throwsCode(() => socket.send(value, 0, 1), ...bufferType(received));
    });
  }

  it('rejects a list with an invalid item', () => {
    throwsCode(() => socket.send(['a', 1]),
      ...listType('an instance of Array'));
  });

  it('rejects an offset or a length beyond the end', () => {
    throwsCode(() => socket.send('abc', 4, 0), ...outside('offset'));
    throwsCode(() => socket.send('abc', 2, 2), ...outside('length'));
    throwsCode(() => socket.send('abc', -1, 2, assert.fail),
      ...outside('offset'));
  });

  it('rejects a port and an address', async () => {
    const connected = [Error, 'ERR_SOCKET_DGRAM_IS_CONNECTED',
      'Already connected'];
    throwsCode(() => socket.send('abc', 0, 1, 1234), ...connected);
    throwsCode(() => socket.send('abc', 0, 1, 1234, AT), ...connected);
    throwsCode(() => socket.send('abc', 0, 1, null, AT), ...connected);
    throwsCode(() => socket.send('abc', 1234, AT, assert.fail), ...connected);
    throwsCode(() => socket.send(5, 1234, AT, assert.fail), ...connected);
    throwsCode(() => socket.sendto('abc', 0, 1, 1234, AT), ...connected);
    const texts = receiveText(peer, 1);
    socket.send('alive');
    assert.deepStrictEqual(await texts, ['alive']);
  });

  it('ignores a port in the position of the offset', async () => {
    const texts = receiveText(peer, 1);
    socket.send('abc', 1234, AT);
    assert.deepStrictEqual(await texts, ['abc']);
  });

  it('checks the message before the state', () => {
    socket.close();
    throwsCode(() => socket.send(5), ...bufferType('type number (5)'));
    throwsCode(() => socket.send('x'), Error,
      'ERR_SOCKET_DGRAM_NOT_RUNNING', 'Not running');
  });
});
