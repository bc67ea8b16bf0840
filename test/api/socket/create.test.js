'use strict';

// createSocket() and the Socket constructor: types, options and their checks.

const assert = require('node:assert');
const { EventEmitter } = require('node:events');
const net = require('node:net');
const {
  dgram, isOpen, itSince, open, stateOf, throwsCode,
} = require('../../support/dgram');

const BAD_TYPE =
  'Bad socket type specified. Valid types are: udp4, udp6';

describe('dgram.createSocket()', () => {
  for (const type of ['udp4', 'udp6']) {
    it(`creates a socket of type ${type} from a string`, () => {
      const socket = open(type);
      assert.ok(socket instanceof dgram.Socket);
      assert.ok(socket instanceof EventEmitter);
      assert.strictEqual(socket.type, type);
    });

    it(`creates a socket of type ${type} from an object`, () => {
      const socket = open({ type });
      assert.ok(socket instanceof dgram.Socket);
      assert.strictEqual(socket.type, type);
    });
  }

  for (const [text, type] of [
    ['undefined', undefined], ['null', null], ['an empty string', ''],
    ['UDP', 'UDP'], ['UDP4', 'UDP4'], ['tcp', 'tcp'], ['a number', 4],
    ['true', true], ['a symbol', Symbol('udp4')], ['a function', () => {}],
    ['an empty object', {}], ['an array', ['udp4']],
    ['an object with a bad type', { type: 'udp5' }],
    ['a String object', new String('udp4')],
  ]) {
    it(`rejects ${text} as the type`, () => {
      throwsCode(() => dgram.createSocket(type),
        TypeError, 'ERR_SOCKET_BAD_TYPE', BAD_TYPE);
      throwsCode(() => new dgram.Socket(type),
        TypeError, 'ERR_SOCKET_BAD_TYPE', BAD_TYPE);
    });
  }

  it('adds a \'message\' listener', () => {
    const listener = () => {};
    assert.deepStrictEqual(open('udp4', listener).listeners('message'),
      [listener]);
    assert.deepStrictEqual(open({ type: 'udp4' }, listener)
      .listeners('message'), [listener]);
  });

  it('ignores a listener that is not a function', () => {
    for (const listener of [null, {}, 'message', 5])
      assert.deepStrictEqual(open('udp4', listener).eventNames(), []);
  });

  it('rejects a lookup that is not a function', () => {
    throwsCode(() => dgram.createSocket({ type: 'udp4', lookup: 'dns' }),
      TypeError, 'ERR_INVALID_ARG_TYPE',
      'The "lookup" argument must be of type function. ' +
      'Received type string (\'dns\')');
    throwsCode(() => dgram.createSocket({ type: 'udp4', lookup: null }),
      TypeError, 'ERR_INVALID_ARG_TYPE',
      'The "lookup" argument must be of type function. Received null');
    assert.ok(isOpen(open({ type: 'udp4', lookup: undefined })));
  });

  it('rejects a signal that is not an AbortSignal', () => {
    throwsCode(() => dgram.createSocket({ type: 'udp4', signal: {} }),
      TypeError, 'ERR_INVALID_ARG_TYPE',
      'The "options.signal" property must be an instance of AbortSignal. ' +
      'Received an instance of Object');
    throwsCode(() => dgram.createSocket({ type: 'udp4', signal: null }),
      TypeError, 'ERR_INVALID_ARG_TYPE',
      'The "options.signal" property must be an instance of AbortSignal. ' +
      'Received null');
    throwsCode(() => dgram.createSocket({ type: 'udp4', signal: 'abort' }),
      TypeError, 'ERR_INVALID_ARG_TYPE',
      'The "options.signal" property must be an instance of AbortSignal. ' +
      'Received type string (\'abort\')');
  });

  for (const name of ['recvBufferSize', 'sendBufferSize']) {
    itSince(['20.19.0', '22.13.0'], `rejects a bad ${name}`, () => {
      const create = (size) =>
        () => dgram.createSocket({ type: 'udp4', [name]: size });
      const range = `The value of "options.${name}" is out of range. It must `;
      throwsCode(create('1000'), TypeError, 'ERR_INVALID_ARG_TYPE',
        `The "options.${name}" property must be of type number. ` +
        'Received type string (\'1000\')');
      throwsCode(create({}), TypeError, 'ERR_INVALID_ARG_TYPE',
        `The "options.${name}" property must be of type number. ` +
        'Received an instance of Object');
      throwsCode(create(-1), RangeError, 'ERR_OUT_OF_RANGE',
        `${range}be >= 0 && <= 4294967295. Received -1`);
      throwsCode(create(2 ** 33), RangeError, 'ERR_OUT_OF_RANGE',
        `${range}be >= 0 && <= 4294967295. Received 8_589_934_592`);
      // Node inserts separators into any number, even with an exponent.
      for (const [size, received] of [[-(2 ** 33), '-8_589_934_592'],
        [-1e11, '-100_000_000_000'], [1e21, '1e_+21'], [-1e21, '-1e_+21'],
        [1.25e300, '1.2_5e+_300']]) {
        throwsCode(create(size), RangeError, 'ERR_OUT_OF_RANGE',
          `${range}be >= 0 && <= 4294967295. Received ${received}`);
      }
      throwsCode(create(1.5), RangeError, 'ERR_OUT_OF_RANGE',
        `${range}be an integer. Received 1.5`);
      throwsCode(create(Infinity), RangeError, 'ERR_OUT_OF_RANGE',
        `${range}be an integer. Received Infinity`);
    });

    it(`ignores a falsy ${name}`, () => {
      for (const size of [0, -0, NaN, null, undefined, false, ''])
        assert.ok(isOpen(open({ type: 'udp4', [name]: size })));
    });
  }

  for (const name of ['receiveBlockList', 'sendBlockList']) {
    itSince('22.13.0', `rejects a ${name} that is not a BlockList`, () => {
      throwsCode(() => dgram.createSocket({ type: 'udp4', [name]: {} }),
        TypeError, 'ERR_INVALID_ARG_TYPE',
        `The "options.${name}" property must be an net.BlockList. ` +
        'Received an instance of Object');
      throwsCode(() => dgram.createSocket({ type: 'udp4', [name]: 'all' }),
        TypeError, 'ERR_INVALID_ARG_TYPE',
        `The "options.${name}" property must be an net.BlockList. ` +
        'Received type string (\'all\')');
    });
  }

  itSince('22.13.0', 'checks its options in the order of node:dgram', () => {
    const options = {
      signal: 1,
      type: 'udp5',
      lookup: 1,
      sendBlockList: 1,
      receiveBlockList: 1,
      sendBufferSize: 'a',
      recvBufferSize: 'a',
    };
    for (const [name, good, text] of [
      ['recvBufferSize', 0, /"options\.recvBufferSize" property/],
      ['sendBufferSize', 0, /"options\.sendBufferSize" property/],
      ['receiveBlockList', new net.BlockList(), /"options\.receiveBlockList"/],
      ['sendBlockList', new net.BlockList(), /"options\.sendBlockList"/],
      ['lookup', undefined, /"lookup" argument/],
      ['type', 'udp4', /Bad socket type/],
      ['signal', undefined, /"options\.signal" property/],
    ]) {
      assert.throws(() => dgram.createSocket(options), text, name);
      options[name] = good;
    }
    assert.ok(isOpen(open(options)));
  });

  itSince('22.12.0', 'stores its options in the state', () => {
    const options = {
      type: 'udp6', reuseAddr: true, reusePort: 1, ipv6Only: 'yes',
      recvBufferSize: 1000, sendBufferSize: 2000,
    };
    const { handle, ...state } = stateOf(open(options));
    assert.strictEqual(typeof handle, 'object');
    assert.strictEqual(typeof handle.fd, 'number');
    const expected = {
      receiving: false,
      bindState: 0,
      connectState: 0,
      queue: undefined,
      reuseAddr: true,
      reusePort: 1,
      ipv6Only: 'yes',
      recvBufferSize: 1000,
      sendBufferSize: 2000,
      receiveBlockList: undefined,
      sendBlockList: undefined,
    };
    for (const key of Object.keys(expected))
      assert.strictEqual(state[key], expected[key], key);
  });
});
