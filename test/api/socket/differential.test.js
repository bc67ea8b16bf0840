'use strict';

// Differential tests: the same calls, valid or not, on a socket of the package
// and on one of node:dgram return the same values, throw the same errors and
// deliver the same datagrams.

const assert = require('node:assert');
const nodeDgram = require('node:dgram');
const {
  closeLater, describeNative, dgram, nodeAtLeast, once, open,
} = require('../../support/dgram');
const { describeError, outcome, show } = require('../../support/outcome');
const { scaled } = require('../../support/time');

/** A linear congruential generator: the same numbers below `n` in every run. */
function random(seed) {
  let state = seed;
  return (n) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor(state / 2 ** 32 * n);
  };
}

describeNative('send() with random arguments', () => {
  const pools = (port) => ({
    message: ['text', '', Buffer.from('bytes'), new Uint16Array([1, 2, 3]),
      ['li', Buffer.from('st')], [], ['a', 5], null, undefined, 7, {},
      new DataView(new ArrayBuffer(4))],
    second: [0, 1, 2, 3, 100, -1, '1', 1.5, NaN, undefined, null, port, port,
      port, `${port}`, 'x', {}],
    third: [0, 1, 2, 3, 100, -1, '1', undefined, null, '', '127.0.0.1',
      'name', {}, true],
    fourth: [port, port, port, `${port}`, 0, -1, 65536, undefined, null, '', 'x', {}],
    fifth: ['127.0.0.1', '', 'name', undefined, null, 5, true, {}],
  });

  async function makeSocket(module, port, connected) {
    const socket = closeLater(module.createSocket({
      type: 'udp4',
      lookup: (name, family, callback) =>
        process.nextTick(callback, null, '127.0.0.1', 4),
    }));
    socket.bind(0, '127.0.0.1');
    await once(socket, 'listening');
    if (connected) {
      socket.connect(port);
      await once(socket, 'connect');
    }
    return socket;
  }

  /** Makes all calls; resolves to their results and the received datagrams. */
  async function run(module, receiver, connected, calls) {
    const { port } = receiver.address();
    const socket = await makeSocket(module, port, connected);
    const results = [];
    const arrived = [];
    for (let i = 0; i < calls.length; i += 50) {
      const end = new Promise((resolve) => {
        receiver.on('message', function onMessage(msg) {
          if (String(msg) === 'END OF PART') {
            receiver.removeListener('message', onMessage);
            resolve();
          } else {
            arrived.push(msg.toString('latin1'));
          }
        });
      });
      for (const { args, withCallback } of calls.slice(i, i + 50)) {
        const result = {};
        const callback = (error, bytes) => {
          result.called = error ? describeError(error) : bytes;
        };
        Object.assign(result, outcome(() => socket.send(
          ...args.map((arg) => arg === calls.CALLBACK ? callback : arg),
          ...(withCallback ? [callback] : []))));
        results.push(result);
      }
      // Ticks of lookups run before the end marker is sent.
      await new Promise((resolve) => setImmediate(resolve));
      socket.send('END OF PART', ...(connected ? [] : [port]));
      await end;
    }
    return { results, arrived };
  }

  for (const connected of [false, true]) {
    const state = connected ? 'connected' : 'unconnected';

    it(`behaves as with node:dgram, ${state}`, async () => {
      const receiver = open('udp4');
      receiver.bind(0, '127.0.0.1');
      await once(receiver, 'listening');
      const { port } = receiver.address();
      const drawn = pools(port);
      // On a connected socket, an object is an addition there: docs/parity.md.
      if (connected) drawn.second.pop();
      if (connected) drawn.fourth.pop();
      const { message, second, third, fourth, fifth } = drawn;
      const next = random(connected ? 1 : 2);
      const CALLBACK = Symbol('callback');
      const pick = (pool) => next(12) === 0 ? CALLBACK :
        pool[next(pool.length)];
      const calls = [];
      calls.CALLBACK = CALLBACK;
      for (let i = 0; i < 5000; i++) {
        const args = [message[next(message.length)], pick(second),
          pick(third), pick(fourth), pick(fifth)].slice(0, 1 + next(5));
        calls.push({ args, withCallback: next(2) === 0 });
      }
      const native = await run(dgram, receiver, connected, calls);
      const builtin = await run(nodeDgram, receiver, connected, calls);
      for (const [i, { args, withCallback }] of calls.entries()) {
        assert.deepStrictEqual(native.results[i], builtin.results[i],
          `send(${args.map(show).join(', ')}${withCallback ?
            ', callback' : ''})\npackage: ${show(native.results[i])}\n` +
          `node:dgram: ${show(builtin.results[i])}`);
      }
      assert.deepStrictEqual(native.arrived, builtin.arrived);
      // Enough calls succeeded and failed for a meaningful comparison.
      assert.ok(native.arrived.length > 200, `${native.arrived.length}`);
      const thrown = new Set(native.results.flatMap(({ thrown }) =>
        thrown?.own.code ?? []));
      assert.ok(thrown.size >= 3, [...thrown].join());
    }).timeout(scaled(40000));
  }
});

describeNative('methods with random arguments', () => {
  const VALUES = [undefined, null, true, false, 0, 1, -1, 2, 64, 255, 256, 1.5,
    NaN, Infinity, 2 ** 31, 2 ** 32, 2 ** 32 + 1, '', '1', 'x', '127.0.0.1',
    '0.0.0.0', '::', '::1', '239.255.78.1', '232.1.78.1', 'ff02::78:1',
    '203.0.113.1', {}, [], ['1'], function named() {}, 5n];
  const METHODS = {
    setBroadcast: 1,
    setTTL: 1,
    setMulticastTTL: 1,
    setMulticastLoopback: 1,
    setMulticastInterface: 1,
    addMembership: 2,
    dropMembership: 2,
    addSourceSpecificMembership: 3,
    dropSourceSpecificMembership: 3,
    setRecvBufferSize: 1,
    setSendBufferSize: 1,
    getRecvBufferSize: 1,
    getSendBufferSize: 1,
    getSendQueueSize: 1,
    getSendQueueCount: 1,
    address: 1,
    remoteAddress: 1,
    disconnect: 1,
  };

  const STATES = {
    unbound: () => {},
    bound: async (socket) => {
      socket.bind(0, socket.type === 'udp4' ? '127.0.0.1' : '::1');
      await once(socket, 'listening');
    },
    connected: async (socket) => {
      socket.connect(9);
      await once(socket, 'connect');
    },
    closed: (socket) => {
      socket.close();
    },
  };

  /** A result without its port, which the system chooses. */
  function withoutPort({ returned, thrown }) {
    if (returned?.port !== undefined)
      returned.port = returned.port > 0;
    return { returned, thrown };
  }

  for (const type of ['udp4', 'udp6']) {
    for (const [state, prepare] of Object.entries(STATES)) {
      it(`behave as with node:dgram: ${type}, ${state}`, async () => {
        const next = random(type.length + state.length);
        const sockets = [open(type), closeLater(nodeDgram.createSocket(type))];
        for (const socket of sockets)
          await prepare(socket);
        for (const [method, count] of Object.entries(METHODS)) {
          const lists = VALUES.map((value) => [value]);
          for (let i = 0; i < 60 * (count - 1); i++) {
            lists.push(Array.from({ length: count },
              () => VALUES[next(VALUES.length)]));
          }
          for (const args of method.startsWith('get') || count === 0 ?
            [[]] : lists) {
            const [native, builtin] = sockets.map((socket) =>
              withoutPort(outcome(() => socket[method](...args))));
            assert.deepStrictEqual(native, builtin,
              `${method}(${args.map(show).join(', ')})\n` +
              `package: ${show(native)}\nnode:dgram: ${show(builtin)}`);
          }
        }
      });
    }
  }

  it('throw as with node:dgram: bind, connect, sendto, close', async () => {
    for (const [method, pool] of [
      ['connect', [[], [0], ['x'], [1, 5], [1, null], [1, {}], [-1, 5],
        [65536], [1.5], [true], [[1]], [' ']]],
      ['bind', [[{ fd: 2 ** 30 }], [{ fd: 2 ** 30, exclusive: true }]]],
      ['sendto', [[], ['x'], ['x', 0], ['x', 0, 1], ['x', 0, 1, 1],
        ['x', '0', 1, 1, 'a'], ['x', 0, 9, 1, 'a'], ['x', 0, 1, 0, 'a'],
        [5, 0, 1, 1, 'a']]],
      ['close', [[]]],
    ]) {
      for (const args of pool) {
        const [native, builtin] = [dgram, nodeDgram].map((module) => {
          const socket = module.createSocket('udp4');
          if (method === 'close')
            socket.close();
          const result = outcome(() => socket[method](...args));
          if (method !== 'close')
            socket.close();
          return result;
        });
        assert.ok(builtin.thrown, `${method}(${args.map(show).join(', ')})`);
        assert.deepStrictEqual(native, builtin);
      }
    }
  });

  (nodeAtLeast('22.13.0') ? it : it.skip)('throw as with node:dgram: ' +
    'createSocket', () => {
    for (const options of [undefined, null, '', 'tcp', 5, {}, [],
      { type: 'udp4', lookup: 5 }, { type: 'udp4', recvBufferSize: 'x' },
      { type: 'udp4', recvBufferSize: -1 }, { type: 'udp4', signal: 5 },
      { type: 'udp4', sendBufferSize: 1.5 }, { type: 'udp4', signal: null },
      { type: 'udp4', sendBlockList: {} }, { type: 'udp4', sendBlockList: 5 },
      { type: 'udp4', receiveBlockList: {} },
      { type: 5, lookup: 5, signal: 5 },
    ]) {
      const [native, builtin] = [dgram, nodeDgram].map((module) =>
        outcome(() => module.createSocket(options)));
      assert.ok(builtin.thrown, show(options));
      assert.deepStrictEqual(native, builtin);
    }
  });
});
