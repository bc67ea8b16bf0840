'use strict';

// Exports, methods, own keys and inheritance: what node:dgram has, and ways to
// create, subclass and patch sockets.

const assert = require('node:assert');
const { AsyncResource } = require('node:async_hooks');
const { EventEmitter } = require('node:events');
const util = require('node:util');
const {
  bound, closeLater, dgram, isNative, itNative, itSince, nodeAtLeast, open,
  reportsOf, stateOf,
} = require('../../support/dgram');

/** Methods and their declared number of parameters. */
const METHODS = {
  bind: 2,
  bindSync: 0,
  connect: 3,
  connectSync: 2,
  disconnect: 0,
  sendto: 6,
  send: 6,
  close: 1,
  address: 0,
  remoteAddress: 0,
  setBroadcast: 1,
  setTTL: 1,
  setMulticastTTL: 1,
  setMulticastLoopback: 1,
  setMulticastInterface: 1,
  addMembership: 2,
  dropMembership: 2,
  addSourceSpecificMembership: 3,
  dropSourceSpecificMembership: 3,
  ref: 0,
  unref: 0,
  setRecvBufferSize: 1,
  setSendBufferSize: 1,
  getRecvBufferSize: 0,
  getSendBufferSize: 0,
  getSendQueueSize: 0,
  getSendQueueCount: 0,
};

const DEPRECATED_METHODS = nodeAtLeast('25.0.0') ? [] :
  ['_healthCheck', '_stopReceiving'];

describe('the exports of the module', () => {
  it('include createSocket and Socket', () => {
    assert.strictEqual(typeof dgram.createSocket, 'function');
    assert.strictEqual(dgram.createSocket.length, 2);
    assert.strictEqual(dgram.createSocket.name, 'createSocket');
    assert.strictEqual(typeof dgram.Socket, 'function');
    assert.strictEqual(dgram.Socket.length, 2);
    assert.strictEqual(dgram.Socket.name, 'Socket');
  });

  it('include those of node:dgram on the running Node', () => {
    for (const key of Object.keys(require('node:dgram')))
      assert.strictEqual(typeof dgram[key], 'function', key);
  });

  it('can be replaced', () => {
    for (const key of ['createSocket', 'Socket']) {
      const { writable, configurable, enumerable } =
        Object.getOwnPropertyDescriptor(dgram, key);
      assert.deepStrictEqual({ writable, configurable, enumerable },
        { writable: true, configurable: true, enumerable: true });
    }
  });
});

describe('a socket', () => {
  it('has the own keys of an emitter, the type and two symbols', () => {
    const emitter = Reflect.ownKeys(new EventEmitter());
    const names = emitter.filter((key) => typeof key === 'string');
    const symbols = emitter.filter((key) => typeof key === 'symbol')
      .map(String);
    const keys = Reflect.ownKeys(open('udp4'));
    assert.deepStrictEqual(keys.filter((key) => typeof key === 'string'),
      [...names, 'type']);
    assert.deepStrictEqual(
      keys.filter((key) => typeof key === 'symbol').map(String),
      [...symbols, 'Symbol(async_id_symbol)', 'Symbol(state symbol)']);
  });

  // 10,000 idle sockets are to fit. Options and defaults are on prototypes.
  itNative('has few properties in its state and its handle', async () => {
    const socket = await bound();
    socket.on('message', () => {});
    const state = stateOf(socket);
    const ids = Reflect.ownKeys(new AsyncResource('TEST')).length;
    assert.ok(Reflect.ownKeys(state).length <= 7, Object.keys(state).join());
    assert.ok(Reflect.ownKeys(state.handle).length <= ids + 3,
              Object.keys(state.handle).join());
  });

  it('has enumerable methods', () => {
    const names = Object.keys(METHODS).filter((name) =>
      isNative || nodeAtLeast('24.19.0', '26.4.0') || !name.endsWith('Sync'));
    assert.deepStrictEqual(Object.keys(dgram.Socket.prototype).sort(),
      [...names, ...DEPRECATED_METHODS].sort());
  });

  for (const [name, length] of Object.entries(METHODS)) {
    const since = name.endsWith('Sync') ? ['24.19.0', '26.4.0'] : ['18.8.0'];
    itSince(since, `has ${name}() with ${length} parameters`, () => {
      const descriptor =
        Object.getOwnPropertyDescriptor(dgram.Socket.prototype, name);
      assert.strictEqual(typeof descriptor.value, 'function');
      assert.strictEqual(descriptor.value.length, length);
      assert.ok(descriptor.writable && descriptor.configurable);
    });
  }

  itSince(['18.18.0', '20.5.0'], 'has Symbol.asyncDispose', () => {
    assert.strictEqual(typeof Symbol.asyncDispose, 'symbol');
    const dispose = dgram.Socket.prototype[Symbol.asyncDispose];
    assert.strictEqual(typeof dispose, 'function');
    assert.strictEqual(dispose.length, 0);
  });

  it('inherits statics and methods from EventEmitter', () => {
    assert.strictEqual(Object.getPrototypeOf(dgram.Socket), EventEmitter);
    // The package's class derives from a class that stands in for Node's.
    const prototype = Object.getPrototypeOf(dgram.Socket.prototype);
    assert.strictEqual(
      isNative ? Object.getPrototypeOf(prototype) : prototype,
      EventEmitter.prototype);
    assert.strictEqual(dgram.Socket.prototype.constructor, dgram.Socket);
    assert.strictEqual(Object.keys(dgram.Socket.prototype)
      .includes('constructor'), false);
  });

  it('has an async id', () => {
    const [a, b] = [open('udp4'), open('udp6')].map((socket) => {
      const symbol = Object.getOwnPropertySymbols(socket)
        .find(({ description }) => description === 'async_id_symbol');
      return socket[symbol];
    });
    assert.ok(Number.isSafeInteger(a) && a > 0);
    assert.ok(Number.isSafeInteger(b) && b > a);
  });

  it('can be inspected in every state', async () => {
    const socket = open('udp4');
    assert.match(util.inspect(socket), /^(<ref \*1> )?Socket \{/);
    socket.bindSync?.();
    assert.match(util.inspect(socket), /^(<ref \*1> )?Socket \{/);
    socket.close();
    assert.match(util.inspect(socket), /^(<ref \*1> )?Socket \{/);
  });
});

describe('the Socket class', () => {
  it('constructs sockets with new', () => {
    const listener = () => {};
    const socket = closeLater(new dgram.Socket({ type: 'udp6' }, listener));
    assert.strictEqual(socket.type, 'udp6');
    assert.deepStrictEqual(socket.listeners('message'), [listener]);
  });

  it('can be called without new as a method of the exports', async () => {
    assert.deepStrictEqual(await reportsOf((dgram, report) => {
      report(dgram.Socket('udp4') === undefined);
      report([dgram.type, Object.getOwnPropertySymbols(dgram)
        .some(({ description }) => description === 'state symbol')]);
    }), [true, ['udp4', true]]);
  });

  it('throws when called without new and receiver', () => {
    const { Socket } = dgram;
    assert.throws(() => Socket('udp4'), TypeError);
  });

  it('can be subclassed with util.inherits()', async () => {
    function Sub() {
      dgram.Socket.call(this, 'udp4');
      this.sub = true;
    }
    util.inherits(Sub, dgram.Socket);
    const socket = closeLater(new Sub());
    assert.ok(socket instanceof dgram.Socket);
    assert.strictEqual(socket.sub, true);
    await new Promise((resolve) => socket.bind(0, '127.0.0.1', resolve));
    const message = new Promise((resolve) => socket.on('message', resolve));
    socket.send('to itself', socket.address().port);
    assert.strictEqual(String(await message), 'to itself');
  });

  it('can be subclassed with class extends', async () => {
    class Sub extends dgram.Socket {
      constructor() {
        super('udp4', (msg) => this.emit('text', String(msg)));
      }
      send(text, ...rest) {
        super.send(`[${text}]`, ...rest);
      }
    }
    const socket = closeLater(new Sub());
    await new Promise((resolve) => socket.bind(0, '127.0.0.1', resolve));
    const text = new Promise((resolve) => socket.on('text', resolve));
    socket.send('over', socket.address().port);
    assert.strictEqual(await text, '[over]');
  });

  it('calls wrapped methods of its prototype', async () => {
    assert.deepStrictEqual(await reportsOf((dgram, report) => {
      const { send } = dgram.Socket.prototype;
      dgram.Socket.prototype.send = function(...args) {
        report(['send', args[0]]);
        return Reflect.apply(send, this, args);
      };
      const socket = dgram.createSocket('udp4');
      socket.bind(0, '127.0.0.1', () => {
        socket.send('a', socket.address().port, () => socket.close());
      });
    }), [['send', 'a']]);
  });

  it('calls an emit() overridden on an instance', async () => {
    const socket = open('udp4');
    const events = [];
    socket.emit = function(event, ...args) {
      events.push(event);
      return dgram.Socket.prototype.emit.call(this, event, ...args);
    };
    await new Promise((resolve) => socket.bind(0, '127.0.0.1', resolve));
    const message = new Promise((resolve) => socket.on('message', resolve));
    socket.send('x', socket.address().port);
    await message;
    await new Promise((resolve) => socket.close(resolve));
    assert.deepStrictEqual(events.filter((event) => event !== 'newListener'),
      ['listening', 'message', 'close']);
  });

  itNative('has its transport in the exports', () => {
    assert.ok(['linux', 'uv'].includes(dgram.transport));
  });
});
