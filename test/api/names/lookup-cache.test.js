'use strict';

// The option `lookupCache`: one lookup per name and time, in order, and what
// is not kept.

const assert = require('node:assert');
const { AsyncLocalStorage } = require('node:async_hooks');
const { setTimeout: sleep } = require('node:timers/promises');
const {
  bound, close, describeNative, dgram, isLinux, nextIteration, once, open,
  packed, receiveText, reportsOf, run, send, stateOf, throwsCode,
} = require('../../support/dgram');
const { scaled } = require('../../support/time');

/**
 * A lookup whose answers a test gives: `names` are those it was called with,
 * `answer()` answers the oldest.
 */
class Resolver {
  names = [];
  waiting = [];

  constructor(addresses = {}) {
    this.addresses = addresses;
    this.lookup = (name, family, callback) => {
      if (/^[\d.:]+$/.test(name)) {
        callback(null, name, family);
        return;
      }
      this.names.push(name);
      this.waiting.push(() => {
        const address = this.addresses[name] ?? '127.0.0.1';
        if (address instanceof Error) callback(address);
        else callback(null, address, family);
      });
    };
  }

  answer() {
    this.waiting.shift()();
  }

  /** Answers each lookup in the next iteration. */
  answerAll() {
    const { lookup } = this;
    return (name, family, callback) => {
      lookup(name, family, callback);
      if (this.waiting.length > 0) setImmediate(() => this.answer());
    };
  }
}

const cached = (resolver, limits = {}) =>
  ({ type: 'udp4', lookup: resolver.lookup, lookupCache: limits });

const resolving = (resolver, limits = {}) =>
  ({ type: 'udp4', lookup: resolver.answerAll(), lookupCache: limits });

describeNative('the option lookupCache', () => {
  let receiver;
  let port;

  beforeEach(async () => {
    receiver = await bound();
    ({ port } = receiver.address());
  });

  it('starts one lookup for calls with the same name, which keep their order',
    async () => {
      const resolver = new Resolver();
      const socket = await bound(cached(resolver));
      const texts = receiveText(receiver, 4);
      const bytes = Buffer.from('1');
      const sent = [];
      const count = (text) => (error, size) => sent.push([text, error, size]);
      socket.send(bytes, port, 'name', count('1'));
      bytes.fill('x'); // the caller may reuse its buffer
      socket.send('2', port, 'name');
      socket.send('3', port, 'name', count('3'));
      assert.deepStrictEqual(resolver.names, ['name']);
      resolver.answer();
      socket.send('4', port, 'name', count('4'));
      assert.deepStrictEqual(await texts, ['1', '2', '3', '4']);
      await nextIteration();
      assert.deepStrictEqual(sent,
        [['1', null, 1], ['3', null, 1], ['4', null, 1]]);
      assert.deepStrictEqual(resolver.names, ['name']);
    });

  it('has lookups of several names at the same time', async () => {
    const resolver = new Resolver();
    const socket = await bound(cached(resolver));
    const texts = receiveText(receiver, 4);
    for (const name of ['a', 'b', 'a', 'b']) socket.send(name, port, name);
    assert.deepStrictEqual(resolver.names, ['a', 'b']);
    resolver.waiting.pop()(); // b
    await nextIteration();
    resolver.answer();
    assert.deepStrictEqual(await texts, ['b', 'b', 'a', 'a']);
  });

  it('sends to a known name like to its address, without a lookup',
    async () => {
      const resolver = new Resolver();
      const socket = await bound(resolving(resolver));
      const texts = receiveText(receiver, 100);
      await send(socket, '0', port, 'name');
      const calls = dgram.transport === 'linux' ? socket.stats().sendCalls : 0;
      const order = [];
      for (let i = 1; i < 100; i++) {
        socket.send(`${i}`, port, i % 2 ? 'name' : '127.0.0.1',
                    () => order.push(i));
      }
      const expected = Array.from({ length: 100 }, (_, i) => `${i}`);
      // A program's own lookup is called for numeric addresses, so that the
      // first of them is not known.
      assert.deepStrictEqual((await texts).sort((a, b) => a - b), expected);
      await nextIteration();
      assert.strictEqual(order.length, 99);
      assert.deepStrictEqual(resolver.names, ['name']);
      if (dgram.transport === 'linux')
        assert.ok(socket.stats().sendCalls - calls < 60);
    });

  it('asks again when an answer has expired: the address may have changed',
    async function() {
      if (!isLinux) this.skip(); // one loopback address
      const other = await bound('udp4', port, '127.0.0.2');
      const resolver = new Resolver({ name: '127.0.0.2' });
      const ttl = scaled(200);
      const socket = open(resolving(resolver, { ttl }));
      socket.bind();
      await once(socket, 'listening');
      const first = receiveText(other, 2);
      await send(socket, '1', port, 'name');
      resolver.addresses.name = '127.0.0.1';
      await send(socket, '2', port, 'name');
      assert.deepStrictEqual(await first, ['1', '2']);
      await sleep(ttl + 5);
      const second = receiveText(receiver, 2);
      await send(socket, '3', port, 'name');
      await send(socket, '4', port, 'name');
      assert.deepStrictEqual(await second, ['3', '4']);
      assert.deepStrictEqual(resolver.names, ['name', 'name']);
    });

  it('with ttl 0 shares lookups, and keeps no answer', async () => {
    const resolver = new Resolver();
    const socket = await bound(resolving(resolver, { ttl: 0 }));
    const texts = receiveText(receiver, 3);
    socket.send('1', port, 'name');
    await send(socket, '2', port, 'name');
    await send(socket, '3', port, 'name');
    assert.deepStrictEqual(await texts, ['1', '2', '3']);
    assert.deepStrictEqual(resolver.names, ['name', 'name']);
  });

  it('does not keep errors: all that wait get them, the next call asks again',
    async () => {
      const failure = new Error('no such name');
      const resolver = new Resolver({ name: failure });
      const socket = await bound(resolving(resolver));
      const outcomes = await Promise.allSettled(
        ['1', '2'].map((text) => send(socket, text, port, 'name')));
      assert.deepStrictEqual(outcomes.map(({ reason }) => reason),
        [failure, failure]);
      const emitted = once(socket, 'error');
      socket.send('3', port, 'name');
      assert.strictEqual((await emitted)[0], failure);
      delete resolver.addresses.name;
      const texts = receiveText(receiver, 1);
      assert.strictEqual(await send(socket, '4', port, 'name'), 1);
      assert.deepStrictEqual(await texts, ['4']);
      assert.strictEqual(resolver.names.length, 3);
    });

  it('drops an expired answer when the lookup then fails', async () => {
    const resolver = new Resolver();
    const socket = await bound(resolving(resolver, { ttl: 1 }));
    await send(socket, 'x', port, 'name');
    await sleep(5);
    resolver.addresses.name = new Error('gone');
    await assert.rejects(send(socket, 'x', port, 'name'), /gone/);
    await assert.rejects(send(socket, 'x', port, 'name'), /gone/);
    assert.strictEqual(resolver.names.length, 3);
  });

  it('keeps no answer that is not an address of the socket', async () => {
    for (const address of [null, ['127.0.0.1'], '::1', 'other.name', '']) {
      const resolver = new Resolver();
      const socket = await bound({ type: 'udp4', lookupCache: {},
        lookup: (name, family, callback) => {
          if (name !== 'name') return callback(null, name, 4);
          resolver.names.push(name);
          return setImmediate(callback, null, address, 4);
        } });
      for (let i = 0; i < 2; i++) {
        await assert.rejects(send(socket, 'x', port, 'name'),
          { message: `send EINVAL name:${port}` });
      }
      assert.deepStrictEqual(resolver.names, ['name', 'name']);
    }
  });

  it('replaces the least recently used name', async () => {
    const resolver = new Resolver();
    const socket = open(resolving(resolver, { max: 2 }));
    socket.connect(port, 'a'); // bind() looks up 0.0.0.0
    await once(socket, 'connect');
    socket.disconnect();
    for (const name of ['b', 'a', 'a', 'c', 'a', 'c', 'b', 'a', 'c'])
      await send(socket, name, port, name);
    //                                  a, b | evicts b |  evicts c... a used
    assert.deepStrictEqual(resolver.names, ['a', 'b', 'c', 'b', 'a', 'c']);
  });

  it('is used by connect() and by bind()', async () => {
    const resolver = new Resolver();
    const socket = open(resolving(resolver));
    socket.bind(0, 'name');
    await once(socket, 'listening');
    socket.connect(port, 'name');
    await once(socket, 'connect');
    assert.strictEqual(socket.remoteAddress().address, '127.0.0.1');
    socket.disconnect();
    await send(socket, 'x', port, 'name');
    assert.deepStrictEqual(resolver.names, ['name']);
  });

  it('keeps the order also if lookups call back at once', async () => {
    const names = [];
    const socket = await bound({ type: 'udp4', lookupCache: { ttl: 0 },
      lookup: (name, family, callback) => {
        names.push(name);
        callback(null, '127.0.0.1', family);
      } });
    const texts = receiveText(receiver, 20);
    for (let i = 0; i < 20; i++)
      socket.send(`${i}`, port, 'name');
    assert.deepStrictEqual(await texts, Array.from({ length: 20 },
                                                   (_, i) => `${i}`));
    assert.strictEqual(names.filter((name) => name === 'name').length, 1);
  });

  it('throws what the lookup throws, and asks again', async () => {
    const failure = new Error('thrown by lookup');
    let fails = true;
    const socket = await bound({ type: 'udp4', lookupCache: {},
      lookup: (name, family, callback) => {
        if (name === 'name' && fails) throw failure;
        callback(null, '127.0.0.1', family);
      } });
    assert.throws(() => socket.send('x', port, 'name', () =>
      assert.fail('called back')), failure);
    await nextIteration();
    fails = false;
    assert.strictEqual(await send(socket, 'y', port, 'name'), 1);
  });

  it('takes the first answer of a lookup that calls back twice', async () => {
    const socket = await bound({ type: 'udp4', lookupCache: {},
      lookup: (name, family, callback) => {
        setImmediate(callback, null, '127.0.0.1', family);
        setImmediate(callback, new Error('second'));
      } });
    const texts = receiveText(receiver, 2);
    await send(socket, '1', port, 'name');
    await send(socket, '2', port, 'name');
    assert.deepStrictEqual(await texts, ['1', '2']);
  });

  it('calls back in the async context of each call', async () => {
    const storage = new AsyncLocalStorage();
    const resolver = new Resolver();
    const socket = await bound(cached(resolver));
    const found = [];
    const note = () => found.push(storage.getStore());
    for (const id of [1, 2])
      storage.run(id, () => socket.send('x', port, 'name', note));
    storage.run('answer', () => resolver.answer());
    storage.run(3, () => socket.send('x', port, 'name', note));
    await send(socket, 'x', port, 'name');
    await nextIteration();
    assert.deepStrictEqual(found, [1, 2, 3]);
  });

  it('names the host in the errors of sends', async () => {
    const resolver = new Resolver();
    const socket = await bound(resolving(resolver));
    const message = Buffer.alloc(65536);
    for (let i = 0; i < 2; i++) {
      await assert.rejects(send(socket, message, port, 'name'), {
        message: `send EMSGSIZE name:${port}`, address: 'name', port,
      });
    }
    assert.deepStrictEqual(resolver.names, ['name']);
  });

  it('is used with a block list and a replaced handle.send', async () => {
    const { BlockList } = require('node:net');
    const blockList = new BlockList();
    blockList.addAddress('127.0.0.9');
    const resolver = new Resolver({ bad: '127.0.0.9' });
    const socket =
      await bound({ ...resolving(resolver), sendBlockList: blockList });
    for (let i = 0; i < 2; i++) {
      await assert.rejects(send(socket, 'x', port, 'bad'),
        { code: 'ERR_IP_BLOCKED' });
      await send(socket, 'x', port, 'good');
    }
    const calls = [];
    const { handle } = stateOf(socket);
    const original = handle.send;
    handle.send = function(...args) {
      calls.push(args[4]);
      return original.apply(this, args);
    };
    await send(socket, 'x', port, 'good');
    assert.deepStrictEqual(calls, ['127.0.0.1']);
    assert.deepStrictEqual(resolver.names, ['bad', 'good']);
  });

  it('drops what waits when the socket is closed', async () => {
    const resolver = new Resolver();
    const socket = await bound(cached(resolver));
    socket.send('x', port, 'name', () => assert.fail('called back'));
    socket.send('y', port, 'name', () => assert.fail('called back'));
    await close(socket);
    resolver.answer();
    await nextIteration();
  });

  it('continues with the next call after one has thrown', async () => {
    assert.deepStrictEqual(await reportsOf((dgram, report) => {
      process.on('uncaughtException', ({ message }) => report(message));
      let answer;
      const socket = dgram.createSocket({ type: 'udp4', lookupCache: {},
        lookup: (name, family, callback) => {
          if (name === 'name') answer = () => callback(null, '127.0.0.1', 4);
          else callback(null, name, 4);
        } });
      socket.on('message', (msg) => {
        report(`${msg}`);
        if (`${msg}` === '3') socket.close();
      });
      socket.bind(0, '127.0.0.1', () => {
        const { port } = socket.address();
        const symbol = Object.getOwnPropertySymbols(socket)
          .find(({ description }) => description === 'state symbol');
        const { handle } = socket[symbol];
        const { send } = handle;
        handle.send = function(request, list, ...rest) {
          if (`${list[0]}` === '1') throw new Error('thrown');
          return send.call(this, request, list, ...rest);
        };
        for (const text of ['1', '2', '3']) socket.send(text, port, 'name');
        setImmediate(() => answer());
      });
    }), ['thrown', '2', '3']);
  });

  it('caches dns.lookup(), which is not called for numeric addresses',
    async () => {
      assert.deepStrictEqual(await reportsOf((dgram, report) => {
        const socket = dgram.createSocket({ type: 'udp4', lookupCache: {} });
        const requests = new Set();
        require('node:async_hooks').createHook({
          init(id, type) {
            if (type === 'GETADDRINFOREQWRAP') requests.add(id);
          },
        }).enable();
        let left = 6;
        socket.on('message', (msg) => {
          report(`${msg}`);
          if (--left > 0) return;
          report(requests.size);
          socket.close();
        });
        socket.bind(0, '127.0.0.1', () => {
          const { port } = socket.address();
          socket.send('1', port, 'localhost');
          socket.send('2', port, 'localhost', () => {
            socket.send('3', port, 'localhost');
            socket.send('4', port, '127.0.0.1');
            socket.send('5', port);
            socket.send('6', port, 'localhost');
          });
        });
      }), ['1', '2', '3', '4', '5', '6', 1]);
    });

  it('works with fake clocks', async () => {
    assert.deepStrictEqual(await reportsOf((dgram, report) => {
      const names = [];
      const { setTimeout } = globalThis;
      // As fake clocks do: time stands still.
      process.hrtime = Object.assign(() => [0, 0], { bigint: () => 0n });
      Date.now = () => 0;
      globalThis.setTimeout = () => {};
      const socket = dgram.createSocket({ type: 'udp4',
        lookupCache: { ttl: 20 },
        lookup: (name, family, callback) => {
          names.push(name);
          setImmediate(callback, null, '127.0.0.1', 4);
        } });
      socket.send('x', 9, 'name', () => {
        setTimeout(() => socket.send('x', 9, 'name', () => {
          report(names.filter((name) => name === 'name').length);
          socket.close();
        }), 30);
      });
    }), [2]);
  });

  it('rejects other values', () => {
    const create = (lookupCache) => () =>
      dgram.createSocket({ type: 'udp4', lookupCache });
    for (const [value, shown] of [
      [true, 'type boolean (true)'], [5, 'type number (5)'], [null, 'null'],
      [[], 'an instance of Array'],
    ]) {
      throwsCode(create(value), TypeError, 'ERR_INVALID_ARG_TYPE',
        'The "options.lookupCache" property must be of type object. Received ' +
        shown);
    }
    for (const name of ['ttl', 'max']) {
      throwsCode(create({ [name]: '5' }), TypeError, 'ERR_INVALID_ARG_TYPE',
        `The "options.lookupCache.${name}" property must be of type number. ` +
        'Received type string (\'5\')');
      throwsCode(create({ [name]: 1.5 }), RangeError, 'ERR_OUT_OF_RANGE',
        `The value of "options.lookupCache.${name}" is out of range. It must ` +
        'be an integer. Received 1.5');
    }
    throwsCode(create({ ttl: -1 }), RangeError, 'ERR_OUT_OF_RANGE',
      'The value of "options.lookupCache.ttl" is out of range. It must be ' +
      '>= 0 && <= 4294967295. Received -1');
    throwsCode(create({ max: 0 }), RangeError, 'ERR_OUT_OF_RANGE',
      'The value of "options.lookupCache.max" is out of range. It must be ' +
      '>= 1 && <= 1000000. Received 0');
    create(undefined)().close();
  });

  it('works on the fallback', async () => {
    const { code, reports, stderr } = await run(['-e', `
      const dgram = require(${JSON.stringify(packed.main)});
      const names = [];
      const socket = dgram.createSocket({ type: 'udp4', lookupCache: {},
        lookup: (name, family, callback) => {
          names.push(name);
          setImmediate(callback, null, '127.0.0.1', family);
        } });
      const texts = [];
      socket.on('message', (msg) => {
        texts.push(String(msg));
        if (texts.length < 3) return;
        console.log(JSON.stringify([dgram.features.lookupCache, names, texts]));
        socket.close();
      });
      socket.bind(0, 'name', () => {
        const { port } = socket.address();
        socket.send('1', port, 'name');
        socket.send('2', port, 'other', () => socket.send('3', port, 'other'));
      });
      for (const lookupCache of [true, { max: 0 }]) {
        try {
          dgram.createSocket({ type: 'udp4', lookupCache });
        } catch ({ code }) {
          console.log(JSON.stringify(code));
        }
      }`], { env: { DGRAM_NATIVE_TRANSPORT: 'node' } });
    assert.deepStrictEqual({ code, stderr, reports }, {
      code: 0, stderr: '', reports: [
        'ERR_INVALID_ARG_TYPE', 'ERR_OUT_OF_RANGE',
        [true, ['name', 'other'], ['1', '2', '3']],
      ],
    });
  });
});
