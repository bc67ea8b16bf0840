'use strict';

// Hostile values. Each has a name for the report, and a function that creates
// it for a socket, so that each implementation gets a separate one.

/** The behaviour of a value when it is converted, read or called. */
const throwing = () => { throw new RangeError('thrown by a value'); };

/** Re-entrant: acts on the socket whose method is about to read the value. */
const ACTIONS = {
  close: ({ socket }) => socket.close(),
  bind: ({ socket }) => socket.bind(0, socket.type === 'udp4' ?
    '127.0.0.1' : '::1'),
  send: ({ socket, port }) => socket.send('re-entrant', port),
  connect: ({ socket, port }) => socket.connect(port),
  disconnect: ({ socket }) => socket.disconnect(),
  address: ({ socket }) => socket.address(),
};

/** Acts, and swallows the error, so that the value itself is tested. */
function enter(context, action) {
  try {
    const returned = ACTIONS[action](context);
    if (returned instanceof Promise) context.addPromise(action, returned);
  } catch {
    // For example, already closed.
  }
}

const value = (name, make) => ({ name, make, toString: () => name });

/** Values without behaviour. */
const constant = (thing, name = String(thing)) => value(name, () => thing);

const primitives = [
  ...[undefined, null, true, false, 0, 1, -1, 2, 255, 256, 1.5, NaN, Infinity,
    -Infinity, 2 ** 31, 2 ** 32, 2 ** 32 + 1, 2 ** 53, -(2 ** 31)]
    .map((thing) => constant(thing)),
  constant(-0, '-0'),
  ...['', '0', '1', ' ', '0x10', 'abc', '127.0.0.1', '::1', '127.0.0.1\0x',
    '\ud800', "it's"].map((thing) => constant(thing, JSON.stringify(thing))),
  constant('x'.repeat(300), '300 characters'),
  constant(5n, '5n'),
  constant(-(2n ** 70n), '-2n**70n'),
  constant(Symbol('s'), 'Symbol(s)'),
  constant(Symbol.iterator, 'Symbol.iterator'),
];

const functions = [
  value('function', () => function named() {}),
  value('anonymous function', () => (() => () => {})()),
  value('class', () => class Named {}),
  value('async function', () => async function later() {}),
  value('proxy of a function', () => new Proxy(function target() {}, {})),
];

function revoked(target) {
  const { proxy, revoke } = Proxy.revocable(target, {});
  revoke();
  return proxy;
}

const objects = [
  value('{}', () => ({})),
  value('Object.create(null)', () => Object.create(null)),
  value('Date', () => new Date(0)),
  value('RegExp', () => /x/),
  value('new String', () => new String('127.0.0.1')),
  value('new Number', () => new Number(7)),
  value('Map', () => new Map([[1, 2]])),
  value('Promise', () => Promise.resolve()),
  value('proxy', () => new Proxy({}, {})),
  value('revoked proxy', () => revoked({})),
  value('revoked proxy of an array', () => revoked([])),
  value('proxy that throws', () => new Proxy({}, {
    get: throwing, has: throwing, getPrototypeOf: throwing, ownKeys: throwing,
    getOwnPropertyDescriptor: throwing,
  })),
  value('valueOf throws', () => ({ valueOf: throwing })),
  value('toString throws', () => ({ toString: throwing })),
  value('toPrimitive throws', () => ({ [Symbol.toPrimitive]: throwing })),
  value('constructor getter throws', () => ({
    get constructor() { return throwing(); },
  })),
  value('constructor is odd', () => ({ constructor: { name: 5 } })),
  value('getters throw', () => ({
    get port() { return throwing(); },
    get type() { return throwing(); },
  })),
  ...Object.keys(ACTIONS).flatMap((action) => [
    value(`valueOf: ${action}`, (context) => ({
      valueOf() { enter(context, action); return 1; },
    })),
    value(`toString: ${action}`, (context) => ({
      toString() { enter(context, action); return '127.0.0.1'; },
    })),
    value(`get: ${action}`, (context) => new Proxy({}, {
      get(target, key) {
        enter(context, action);
        return Reflect.get(target, key);
      },
    })),
  ]),
];

function detached() {
  const bytes = new Uint8Array(8);
  structuredClone(bytes.buffer, { transfer: [bytes.buffer] });
  return bytes;
}

/** A view of memory that shrank (Node 20). */
function shrunk(offset, length) {
  const buffer = new ArrayBuffer(16, { maxByteLength: 32 });
  const bytes = new Uint8Array(buffer, offset, length);
  buffer.resize?.(4);
  return bytes;
}

class Lying extends Uint8Array {
  get byteLength() { return 1e9; }
  get byteOffset() { return 4e9; }
}

class Throwing extends Uint8Array {
  get buffer() { return throwing(); }
}

const buffers = [
  value('Buffer', () => Buffer.from('bytes')),
  value('empty Buffer', () => Buffer.alloc(0)),
  value('Uint16Array', () => new Uint16Array([1, 2, 3])),
  value('Float64Array', () => new Float64Array(2)),
  value('BigInt64Array', () => new BigInt64Array(2)),
  value('DataView', () => new DataView(new ArrayBuffer(9), 1, 4)),
  value('ArrayBuffer', () => new ArrayBuffer(8)),
  value('SharedArrayBuffer', () => new SharedArrayBuffer(8)),
  value('view of shared memory', () =>
    new Uint8Array(new SharedArrayBuffer(8))),
  value('view of growable shared memory', () =>
    new Uint8Array(new SharedArrayBuffer(8, { maxByteLength: 16 }))),
  value('view of resizable memory', () =>
    new Uint8Array(new ArrayBuffer(8, { maxByteLength: 16 }))),
  value('view of shrunk memory', () => shrunk(0)),
  value('fixed view of shrunk memory', () => shrunk(0, 12)),
  value('view beyond shrunk memory', () => shrunk(8)),
  value('detached view', detached),
  value('view that lies', () => new Lying(4)),
  value('view that throws', () => new Throwing(4)),
  value('proxy of a Buffer', () => new Proxy(Buffer.from('bytes'), {})),
  value('70,000 bytes', () => Buffer.alloc(70000)),
];

/** An array with an accessor as element. */
function arrayWith(getter) {
  const list = ['first'];
  Object.defineProperty(list, 1, { get: getter, enumerable: true });
  return list;
}

const arrays = [
  value('[]', () => []),
  value('[string, Buffer]', () => ['a', Buffer.from('b')]),
  value('[5]', () => [5]),
  value('[undefined]', () => [undefined]),
  value('sparse array', () => new Array(3)),
  value('[detached view]', () => [detached()]),
  value('[view of shrunk memory]', () => ['a', shrunk(8)]),
  value('[[]]', () => [[]]),
  value('[view that throws]', () => [new Throwing(4)]),
  value('array whose getter throws', () => arrayWith(throwing)),
  value('array whose getter closes', (context) => arrayWith(() => {
    enter(context, 'close');
    return 'second';
  })),
  value('array without an iterator', () =>
    Object.assign(['a'], { [Symbol.iterator]: undefined })),
  value('proxy of an array', () => new Proxy(['a'], {})),
  value('array of one million', () => Object.assign([], { 1000000: 1 })),
];

const any = [...primitives, ...functions, ...objects, ...buffers, ...arrays];

module.exports = {
  any, arrays, buffers, constant, enter, functions, objects, primitives,
  throwing, value,
};
