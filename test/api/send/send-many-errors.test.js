'use strict';

// The errors of sendMany(): each has the code of Node's send(), and names the
// index of the invalid element, its value and the expected form.

const assert = require('node:assert');
const {
  bound, connectedTo, describeNative, receiveText, throwsCode,
} = require('../../support/dgram');

const AT = '127.0.0.1';
const FORM = '[message, port, address, ...]';
const CONNECTED_FORM = '[message, message, ...] for a connected socket';

const invalidType = (name, expected, received) => [TypeError,
  'ERR_INVALID_ARG_TYPE', `The "${name}" argument must be ${expected}. ` +
  `Received ${received}`];
const notArray = (form, received) => invalidType('packets',
  `an instance of Array: ${form}, or columns: ` +
  '{ count, data, offsets, sizes, ports, addresses }', received);
const invalidMessage = (name, form, received) => invalidType(name,
  'of type string or an instance of Buffer, TypedArray, or DataView, ' +
  `as the message in ${form}`, received);
const invalidValue = (name, reason, received) => [TypeError,
  'ERR_INVALID_ARG_VALUE',
  `The argument '${name}' ${reason}. Received ${received}`];
const incomplete = (name, received) => invalidValue(name,
  `starts an incomplete datagram; an unconnected socket requires ${FORM}`,
  received);
const invalidPort = (name, received) => [RangeError, 'ERR_SOCKET_BAD_PORT',
  `${name} (the port in ${FORM}) should be > 0 and < 65536. ` +
  `Received ${received}.`];
const invalidAddress = (name, received) =>
  invalidType(name, `of type string, as the address in ${FORM}`, received);
const notNumeric = (name, family, received) => invalidValue(name,
  `must be a numeric IPv${family} address, as in ${FORM}; ` +
  'sendMany does not perform DNS resolution', received);

const NOT_ARRAYS = [
  [undefined, 'undefined'], [null, 'null'], ['x', 'type string (\'x\')'],
  [{}, 'an instance of Object'], [Buffer.from('x'), 'an instance of Buffer'],
  [new Set(['x']), 'an instance of Set'],
];

const NOT_MESSAGES = [
  [undefined, 'undefined'], [null, 'null'], [5, 'type number (5)'],
  [{}, 'an instance of Object'],
  [new ArrayBuffer(8), 'an instance of ArrayBuffer'],
];

const NOT_PORTS = [
  [0, 'type number (0)'], [-1, 'type number (-1)'],
  [65536, 'type number (65536)'], [1.5, 'type number (1.5)'],
  ['', 'type string (\'\')'], ['abc', 'type string (\'abc\')'],
  [undefined, 'undefined'], [null, 'null'], [{}, 'an instance of Object'],
];

const NOT_ADDRESSES = [
  [5, 'type number (5)'], [false, 'type boolean (false)'],
  [{}, 'an instance of Object'], [[AT], 'an instance of Array'],
];

const NOT_NUMERIC = ['localhost', '::1', '127.0.0.256', ' 127.0.0.1'];

/** The positions of a datagram in a list: first, second, hundredth. */
const PLACES = [0, 3, 297];

describeNative('errors of sendMany() on an unconnected socket', () => {
  let socket;
  let port;

  beforeEach(async () => {
    socket = await bound();
    ({ port } = socket.address());
  });

  /** A list with this datagram at `start`, followed by two valid ones. */
  function listWith(start, datagram) {
    const valid = ['x', port, AT];
    const list = [];
    while (list.length < start) list.push(...valid);
    return [...list, ...datagram, ...valid, ...valid];
  }

  const rejects = (packets, expected) =>
    throwsCode(() => socket.sendMany(packets), ...expected);

  it('contain the form if packets is not an array', () => {
    for (const [packets, received] of NOT_ARRAYS)
      rejects(packets, notArray(FORM, received));
  });

  it('contain the elements of an incomplete datagram', () => {
    rejects(['only'], incomplete('packets[0]', '[ \'only\' ]'));
    rejects(['one', 'two'], incomplete('packets[0]', '[ \'one\', \'two\' ]'));
    rejects(['x', port, AT, 'y', 9],
      incomplete('packets[3]', '[ \'y\', 9 ]'));
    rejects([...listWith(297, ['x', port, AT]), 'last'],
      incomplete('packets[306]', '[ \'last\' ]'));
  });

  it('contain the index of an invalid message', () => {
    for (const start of PLACES) {
      for (const [message, received] of NOT_MESSAGES) {
        rejects(listWith(start, [message, port, AT]),
          invalidMessage(`packets[${start}]`, FORM, received));
      }
    }
  });

  it('contain the indexes of an invalid part of a message', () => {
    for (const start of PLACES) {
      for (const [part, received] of NOT_MESSAGES) {
        rejects(listWith(start, [['x', part, 'y'], port, AT]),
          invalidMessage(`packets[${start}][1]`, FORM, received));
      }
    }
    // A list per datagram, which other libraries require.
    const datagram = ['x', port, AT];
    rejects([datagram, datagram, datagram],
      invalidMessage('packets[0][1]', FORM, `type number (${port})`));
  });

  it('contain the index of a message that a getter changes', () => {
    let reads = 0;
    const message = Object.defineProperty([], 0, {
      get: () => reads++ === 0 ? 5 : 'valid',
    });
    rejects([message, port, AT],
      invalidMessage('packets[0]', FORM, 'an instance of Array'));
  });

  it('contain the index of an invalid port', () => {
    for (const start of PLACES) {
      for (const [value, received] of NOT_PORTS) {
        // In the first datagram an object starts another form of the list.
        if (start === 0 && typeof value === 'object' && value) continue;
        rejects(listWith(start, ['x', value, AT]),
          invalidPort(`packets[${start + 1}]`, received));
      }
    }
    rejects(['a', 'b', 'c'], invalidPort('packets[1]', 'type string (\'b\')'));
  });

  it('contain the index of an address that is not a string', () => {
    for (const start of PLACES) {
      for (const [address, received] of NOT_ADDRESSES) {
        rejects(listWith(start, ['x', port, address]),
          invalidAddress(`packets[${start + 2}]`, received));
      }
    }
  });

  it('contain the index of a host name or a foreign address', async () => {
    for (const start of PLACES) {
      for (const address of NOT_NUMERIC) {
        rejects(listWith(start, ['x', port, address]),
          notNumeric(`packets[${start + 2}]`, 4, `'${address}'`));
      }
    }
    socket = await bound('udp6', 0, '::1');
    rejects(['x', port, '::1', 'x', port, AT],
      notNumeric('packets[5]', 6, `'${AT}'`));
  });

  it('contain an invalid callback before the list is checked', () => {
    throwsCode(() => socket.sendMany(5, 'callback'),
      ...invalidType('callback', 'of type function',
        'type string (\'callback\')'));
  });

  it('contain the first invalid value, and nothing is sent', async () => {
    const receiver = await bound();
    const to = receiver.address().port;
    rejects(['x', to, AT, 'x', to, 'name', 5, 0, 5],
      notNumeric('packets[5]', 4, '\'name\''));
    const texts = receiveText(receiver, 1);
    socket.sendMany(['only this', to, AT]);
    assert.deepStrictEqual(await texts, ['only this']);
  });
});

describeNative('errors of sendMany() on a connected socket', () => {
  let socket;

  beforeEach(async () => {
    socket = await connectedTo(await bound());
  });

  const rejects = (packets, expected) =>
    throwsCode(() => socket.sendMany(packets), ...expected);

  it('contain the connected form if packets is not an array', () => {
    for (const [packets, received] of NOT_ARRAYS)
      rejects(packets, notArray(CONNECTED_FORM, received));
  });

  it('contain the index of an invalid message, without a port', () => {
    for (const [message, received] of NOT_MESSAGES) {
      rejects([message],
        invalidMessage('packets[0]', CONNECTED_FORM, received));
      rejects(['x', 'y', message, 'z'],
        invalidMessage('packets[2]', CONNECTED_FORM, received));
    }
  });

  it('contain the indexes of an invalid part, without a port', () => {
    rejects(['x', ['y', Buffer.from('z'), null]],
      invalidMessage('packets[1][2]', CONNECTED_FORM, 'null'));
  });

  it('contain the index of a port, which is not accepted', () => {
    rejects(['x', 9, AT],
      invalidMessage('packets[1]', CONNECTED_FORM, 'type number (9)'));
  });
});
