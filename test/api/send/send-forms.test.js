'use strict';

// The argument forms of send() and sendto(): each form sends the same bytes as
// with node:dgram.

const assert = require('node:assert');
const {
  bound, connectedTo, open, receive, receiveText, send, stateOf,
} = require('../../support/dgram');

const BYTES = Buffer.from('0123456789abcdef');
const copy = BYTES.buffer.slice(BYTES.byteOffset, BYTES.byteOffset + 16);

const VIEWS = {
  Buffer: BYTES,
  Uint8Array: new Uint8Array(copy),
  Uint8ClampedArray: new Uint8ClampedArray(copy),
  Int8Array: new Int8Array(copy),
  Uint16Array: new Uint16Array(copy),
  Int16Array: new Int16Array(copy),
  Uint32Array: new Uint32Array(copy),
  Int32Array: new Int32Array(copy),
  Float32Array: new Float32Array(copy),
  Float64Array: new Float64Array(copy),
  BigInt64Array: new BigInt64Array(copy),
  BigUint64Array: new BigUint64Array(copy),
  DataView: new DataView(copy),
};

function shared(text) {
  const view = new Uint8Array(new SharedArrayBuffer(text.length));
  view.set(Buffer.from(text));
  return view;
}

describe('argument forms of send() on an unconnected socket', () => {
  let receiver;
  let port;

  beforeEach(async () => {
    receiver = await bound();
    ({ port } = receiver.address());
  });

  const cases = [];
  const form = (text, args, expected) => cases.push([text, args, expected]);
  const at = '127.0.0.1';

  form('(string, port)', (p) => ['text', p], 'text');
  form('(string, port, address)', (p) => ['text', p, at], 'text');
  form('(string, port, undefined)', (p) => ['text', p, undefined], 'text');
  form('(string, port, null)', (p) => ['text', p, null], 'text');
  form('(string, port, \'\')', (p) => ['text', p, ''], 'text');
  form('(string, port, name)', (p) => ['text', p, 'localhost'], 'text');
  form('(string, offset, length, port)', (p) => ['text', 1, 2, p], 'ex');
  form('(string, offset, length, port, address)',
    (p) => ['text', 1, 2, p, at], 'ex');
  form('(string, offset, length, port, null)',
    (p) => ['text', 1, 2, p, null], 'ex');
  form('(string of two-byte characters, byte offset, byte length, port)',
    (p) => ['äöü', 2, 4, p], 'öü');
  form('(string, port as a string, address)',
    (p) => ['text', `${p}`, at], 'text');
  form('(string, hexadecimal port)', (p) => ['text', `0x${p.toString(16)}`],
    'text');
  form('(string, port with spaces)', (p) => ['text', ` ${p} `], 'text');
  form('(string, 1, 2, port as a string)', (p) => ['text', 1, 2, `${p}`], 'ex');
  form('(empty string, port)', (p) => ['', p], '');
  form('(empty buffer, port)', (p) => [Buffer.alloc(0), p], '');
  form('(buffer, 0, 0, port)', (p) => [BYTES, 0, 0, p], '');
  form('(buffer, buffer length, 0, port)', (p) => [BYTES, 16, 0, p], '');
  form('(buffer, 0, buffer length, port)', (p) => [BYTES, 0, 16, p],
    `${BYTES}`);
  form('(buffer, \'1\', \'2\', port, address)',
    (p) => [BYTES, '1', '2', p, at], '12');
  form('(buffer, undefined, 3, port, address)',
    (p) => [BYTES, undefined, 3, p, at], '012');
  form('(buffer, 1.9, 2.9, port)', (p) => [BYTES, 1.9, 2.9, p], '12');
  form('(buffer, 2 ** 32 + 1, 2, port)',
    (p) => [BYTES, 2 ** 32 + 1, 2, p], '12');
  form('(empty array, port)', (p) => [[], p], '');
  form('(array of one item, port)', (p) => [['text'], p], 'text');
  form('(array of strings and views, port, address)', (p) => [[
    'a', Buffer.from('b'), new Uint8Array([99]), new DataView(copy, 1, 2), '',
    Buffer.alloc(0), new Uint16Array(copy, 2, 1), 'ö', shared('s'),
  ], p, at], 'abc1223ös');
  form('(array of 1,000 items, port)', (p) => [Array(1000).fill('ab'), p],
    'ab'.repeat(1000));
  form('(view of a part of a buffer, port)',
    (p) => [BYTES.subarray(3, 6), p], '345');
  form('(Uint16Array with an offset, 1, 2, port)',
    (p) => [new Uint16Array(copy, 2, 3), 1, 2, p], '34');
  form('(DataView with an offset, 1, 2, port)',
    (p) => [new DataView(copy, 4, 5), 1, 2, p], '56');
  form('(view of shared memory, port)', (p) => [shared('text'), p], 'text');
  form('(view of shared memory, 1, 2, port)',
    (p) => [shared('text'), 1, 2, p], 'ex');
  for (const [name, view] of Object.entries(VIEWS)) {
    form(`(${name}, port)`, (p) => [view, p], `${BYTES}`);
    form(`(${name}, 3, 5, port, address)`,
      (p) => [view, 3, 5, p, at], '34567');
    form(`([${name}], port, address)`, (p) => [[view], p, at], `${BYTES}`);
  }

  for (const [text, args, expected] of cases) {
    it(`accepts ${text}`, async () => {
      const socket = open('udp4');
      const texts = receiveText(receiver, 1);
      assert.strictEqual(socket.send(...args(port)), undefined);
      assert.deepStrictEqual(await texts, [expected]);
    });

    it(`accepts ${text.replace(/\)$/, ', callback)')}`, async () => {
      const socket = open('udp4');
      const texts = receiveText(receiver, 1);
      assert.strictEqual(await send(socket, ...args(port)),
        Buffer.byteLength(expected));
      assert.deepStrictEqual(await texts, [expected]);
    });
  }

  it('ignores a callback that is not a function', async () => {
    const socket = open('udp4');
    const texts = receiveText(receiver, 3);
    socket.send('1', 0, 1, port, at, 5);
    socket.send('2', 0, 1, port, at, 'callback');
    socket.send('3', port, at, null);
    assert.deepStrictEqual(await texts, ['1', '2', '3']);
  });

  it('uses the first of two functions as the callback', async () => {
    const socket = open('udp4');
    const texts = receiveText(receiver, 1);
    await new Promise((resolve) => {
      socket.send('x', 0, 1, port, resolve, assert.fail);
    });
    assert.deepStrictEqual(await texts, ['x']);
  });

  it('accepts the six arguments of sendto()', async () => {
    const socket = open('udp4');
    const texts = receiveText(receiver, 2);
    assert.strictEqual(socket.sendto(BYTES, 1, 2, port, at), undefined);
    await new Promise((resolve, reject) => {
      socket.sendto(BYTES, 3, 4, port, at,
        (error, bytes) => error ? reject(error) : resolve(bytes));
    });
    assert.deepStrictEqual(await texts, ['12', '3456']);
  });

  it('binds an unbound socket to the wildcard address', async () => {
    const socket = open('udp4');
    const messages = receive(receiver, 1);
    assert.strictEqual(stateOf(socket).bindState, 0);
    socket.send('x', port);
    assert.strictEqual(stateOf(socket).bindState, 1);
    const [{ rinfo }] = await messages;
    assert.deepStrictEqual(socket.address(),
      { address: '0.0.0.0', family: 'IPv4', port: rinfo.port });
  });

  it('copies a list before it returns', async () => {
    const socket = open('udp4');
    const texts = receiveText(receiver, 1);
    const list = ['a', 'b'];
    socket.send(list, port);
    list.push('c');
    list[0] = 'x';
    assert.deepStrictEqual(await texts, ['ab']);
  });
});

describe('argument forms of send() on a connected socket', () => {
  let receiver;
  let socket;

  beforeEach(async () => {
    receiver = await bound();
    socket = await connectedTo(receiver);
  });

  const cases = [
    ['(string)', ['text'], 'text'],
    ['(buffer)', [BYTES], `${BYTES}`],
    ['(string, offset, length)', ['text', 1, 2], 'ex'],
    ['(buffer, offset, length)', [BYTES, 3, 4], '3456'],
    ['(buffer, offset, 0)', [BYTES, 3, 0], ''],
    ['(buffer, undefined, length)', [BYTES, undefined, 4], '0123'],
    ['(buffer, 2 ** 32 + 1, 2)', [BYTES, 2 ** 32 + 1, 2], '12'],
    ['(buffer, object with valueOf(), length)',
     [BYTES, { valueOf: () => 3 }, 4], '3456'],
    ['(empty string)', [''], ''],
    ['(empty array)', [[]], ''],
    ['(array)', [['a', BYTES, new Uint16Array(copy, 0, 1), 'b']],
      `a${BYTES}01b`],
    ['(view of shared memory)', [shared('text')], 'text'],
    ...Object.entries(VIEWS).flatMap(([name, view]) => [
      [`(${name})`, [view], `${BYTES}`],
      [`(${name}, 3, 5)`, [view, 3, 5], '34567'],
      [`([${name}])`, [[view]], `${BYTES}`],
    ]),
  ];

  for (const [text, args, expected] of cases) {
    it(`accepts ${text}`, async () => {
      const texts = receiveText(receiver, 1);
      assert.strictEqual(socket.send(...args), undefined);
      assert.deepStrictEqual(await texts, [expected]);
    });

    it(`accepts ${text.slice(0, -1)}, callback)`, async () => {
      const texts = receiveText(receiver, 1);
      assert.strictEqual(await send(socket, ...args),
        Buffer.byteLength(expected));
      assert.deepStrictEqual(await texts, [expected]);
    });
  }

  it('ignores an offset without a length', async () => {
    const texts = receiveText(receiver, 3);
    socket.send('abc', 1);
    socket.send('abc', 1, '1');
    socket.send('abc', 1, undefined);
    assert.deepStrictEqual(await texts, ['abc', 'abc', 'abc']);
  });

  it('accepts port 0, null and an empty address as absent', async () => {
    const texts = receiveText(receiver, 2);
    socket.send('abc', 0, 3, 0, '');
    socket.send('abc', undefined, undefined, null, null);
    assert.deepStrictEqual(await texts, ['abc', 'abc']);
  });

  it('calls back after a null port and a null address', async () => {
    const texts = receiveText(receiver, 1);
    assert.strictEqual(await send(socket, 'abc', 0, 3, null, null), 3);
    assert.deepStrictEqual(await texts, ['abc']);
  });
});
