'use strict';

// The sockets of the package if there is no addon: those of node:dgram, with
// sendMany() and 'batch'. A second copy of the packed files is loaded here with
// DGRAM_NATIVE_TRANSPORT=node.

const assert = require('node:assert');
const fs = require('node:fs');
const net = require('node:net');
const nodeDgram = require('node:dgram');
const os = require('node:os');
const path = require('node:path');
const {
  bound, closeLater, describeNative, isCode, isLinux, isSystemError,
  nodeAtLeast, once, packed, receiveText, run, thrownBy, throwsCode,
  nextIteration,
} = require('../../support/dgram');

const AT = '127.0.0.1';
const UNAVAILABLE = 'ERR_FEATURE_UNAVAILABLE_ON_PLATFORM';
const HAS_BLOCK_LISTS = nodeAtLeast('22.13.0', '23.4.0');

let folder;
let dgram;

function loadFallback() {
  folder = fs.mkdtempSync(path.join(os.tmpdir(), 'dgram-fallback-'));
  fs.cpSync(path.dirname(packed.main), path.join(folder, 'dist'),
            { recursive: true });
  const { DGRAM_NATIVE_TRANSPORT: before } = process.env;
  process.env.DGRAM_NATIVE_TRANSPORT = 'node';
  try {
    return require(path.join(folder, 'dist', 'index.js'));
  } finally {
    if (before === undefined) delete process.env.DGRAM_NATIVE_TRANSPORT;
    else process.env.DGRAM_NATIVE_TRANSPORT = before;
  }
}

function open(...args) {
  return closeLater(dgram.createSocket(...args));
}

async function openBound(options = 'udp4', address = AT) {
  const socket = open(options);
  socket.bind(0, address);
  await once(socket, 'listening');
  return socket;
}

/** A receiver, and a fallback socket that is connected to it. */
async function openConnected() {
  const receiver = await bound();
  const socket = open('udp4');
  socket.connect(receiver.address().port, AT);
  await once(socket, 'connect');
  return { receiver, socket };
}

function sendMany(socket, packets) {
  return new Promise((resolve) => {
    socket.sendMany(packets, (...values) => resolve(values));
  });
}

/** The datagram of a batch of one. */
function textOf({ count, data, offsets, sizes }) {
  assert.strictEqual(count, 1);
  return data.toString('latin1', offsets[0], offsets[0] + sizes[0]);
}

describeNative('the fallback', function() {
  before('load it', () => { dgram = loadFallback(); });
  after(() => fs.rmSync(folder, { recursive: true, force: true }));

  describe('createSocket()', () => {
    it('creates instances of both classes', () => {
      const socket = open('udp4');
      assert.strictEqual(dgram.transport, 'node');
      assert.ok(socket instanceof dgram.Socket);
      assert.ok(socket instanceof nodeDgram.Socket);
      assert.ok(!(nodeDgram.createSocket('udp4').close() instanceof
        dgram.Socket));
      assert.strictEqual(socket.constructor, dgram.Socket);
      assert.deepStrictEqual([dgram.Socket.name, dgram.createSocket.name],
        ['Socket', 'createSocket']);
      assert.deepStrictEqual(Object.keys(dgram.Socket.prototype), []);
      assert.strictEqual(Object.getPrototypeOf(dgram.Socket),
        require('node:events'));
    });

    it('lets a class extend Socket, and a function call it', async () => {
      class Extended extends dgram.Socket {
        constructor() { super('udp4'); }
      }
      function Called() { dgram.Socket.call(this, { type: 'udp4' }); }
      Object.setPrototypeOf(Called.prototype, dgram.Socket.prototype);
      for (const Class of [Extended, Called]) {
        const receiver = await bound();
        const socket = closeLater(new Class());
        assert.ok(socket instanceof Class);
        const texts = receiveText(receiver, 1);
        socket.sendMany(['x', receiver.address().port, AT]);
        assert.deepStrictEqual(await texts, ['x']);
      }
    });

    it('passes options to node:dgram, including inherited ones', () => {
      const socket = open(Object.create({ type: 'udp6' }));
      assert.strictEqual(socket.type, 'udp6');
      const asked = [];
      const lookup = (host, family, callback) => {
        asked.push([host, family]);
        callback(null, AT);
      };
      open({ type: 'udp4', lookup }).bind(0, 'some.name.invalid');
      assert.deepStrictEqual(asked, [['some.name.invalid', 4]]);
    });

    it('throws what node:dgram throws', () => {
      for (const args of [[], ['udp5'], [{}], [{ type: 'tcp' }], [null],
        [{ type: 'udp4', lookup: 5 }],
        [{ type: 'udp4', signal: 5 }]]) {
        const expected = thrownBy(() => nodeDgram.createSocket(...args));
        throwsCode(() => dgram.createSocket(...args), expected.constructor,
          expected.code, expected.message);
      }
    });

    it('rejects sharedBuffers', () => {
      assert.ok(open({ type: 'udp4', sharedBuffers: false }));
      throwsCode(() => open({ type: 'udp4', sharedBuffers: true }), TypeError,
        UNAVAILABLE,
        'The option sharedBuffers requires the compiled addon, and ' +
        'dgram.transport is \'node\'. Omit it if dgram.transport is ' +
        '\'node\', or make the addon load; see docs/installing.md of ' +
        'dgram-native.');
      throwsCode(() => open({ type: 'udp4', sharedBuffers: 1 }), TypeError,
        'ERR_INVALID_ARG_TYPE', 'The "options.sharedBuffers" property must ' +
        'be of type boolean. Received type number (1)');
    });

    for (const name of ['receiveBlockList', 'sendBlockList', 'reusePort']) {
      it(`rejects ${name} if node:dgram would ignore it`, () => {
        const value = name === 'reusePort' ? true : new net.BlockList();
        if (HAS_BLOCK_LISTS) {
          assert.ok(open({ type: 'udp4', [name]: value }));
        } else {
          const error = thrownBy(() => open({ type: 'udp4', [name]: value }));
          assert.strictEqual(error.code, UNAVAILABLE);
          assert.match(error.message, new RegExp(`^node:dgram of Node\\.js ${
            process.versions.node} does not support the option ${name}, `));
        }
        assert.ok(open({ type: 'udp4', [name]: undefined }));
      });
    }

    it('ignores DGRAM_NATIVE_SHARED_BUFFERS', async () => {
      const { code, reports, stderr } = await run(['-e', `
        const dgram = require(${JSON.stringify(packed.main)});
        dgram.createSocket('udp4').close();
        dgram.createSocket({ type: 'udp4' }).close();
        console.log(dgram.transport);
      `], { env: { DGRAM_NATIVE_TRANSPORT: 'node',
        DGRAM_NATIVE_SHARED_BUFFERS: '1' } });
      assert.deepStrictEqual({ code, reports, stderr },
        { code: 0, reports: ['node'], stderr: '' });
    });
  });

  describe('event batch', () => {
    it('has the columns of a batch, for each datagram', async () => {
      const socket = await openBound();
      const sender = await bound();
      const { port } = sender.address();
      const batches = [];
      socket.on('batch', (batch) => batches.push(batch));
      for (const text of ['a', '', 'x'.repeat(2000)])
        sender.send(text, socket.address().port, AT);
      while (batches.length < 3) await nextIteration();
      assert.deepStrictEqual(batches.map(textOf), ['a', '', 'x'.repeat(2000)]);
      for (const { data, offsets, sizes, ...rest } of batches) {
        assert.ok(Buffer.isBuffer(data));
        assert.deepStrictEqual(offsets, Uint32Array.of(0));
        assert.deepStrictEqual(sizes, Uint32Array.of(data.length));
        assert.deepStrictEqual(rest, { count: 1, ports: Uint16Array.of(port),
          addresses: [AT], family: 'IPv4' });
      }
    });

    it('precedes the message, and shares no memory with it', async () => {
      const socket = await openBound();
      const events = [];
      socket.on('batch', (batch) => {
        events.push(`batch ${textOf(batch)}`);
        batch.data.fill('x');
      });
      socket.on('message', (msg, { address, size }) =>
        events.push(`message ${msg} ${address} ${size}`));
      const sender = await bound();
      sender.send('abc', socket.address().port, AT);
      await once(socket, 'message');
      assert.deepStrictEqual(events, ['batch abc', `message abc ${AT} 3`]);
    });

    it('is not emitted without a listener', async () => {
      const socket = await openBound();
      const events = [];
      socket.emit = function(event, ...args) {
        events.push(event);
        return dgram.Socket.prototype.emit.call(this, event, ...args);
      };
      const text = receiveText(socket, 1);
      (await bound()).send('x', socket.address().port, AT);
      assert.deepStrictEqual(await text, ['x']);
      assert.ok(!events.includes('batch'), events.join());
    });

    it('is the last event after close() in its listener', async () => {
      const socket = await openBound();
      socket.on('message', assert.fail);
      socket.on('batch', () => socket.close());
      const sender = await bound();
      sender.send('x', socket.address().port, AT);
      sender.send('x', socket.address().port, AT);
      await once(socket, 'close');
      await nextIteration();
    });

    it('does not lose or reorder messages if its listener throws', async () => {
      const { code, reports, stderr } = await run(['-e', `
        const dgram = require(${JSON.stringify(packed.main)});
        process.on('uncaughtException', ({ message }) => console.log(message));
        const socket = dgram.createSocket('udp4');
        socket.on('batch', ({ data }) => {
          if (String(data) < 'c') throw new Error('thrown');
        });
        socket.on('message', (msg) => {
          console.log(String(msg));
          if (String(msg) === 'c') socket.close();
          if (String(msg) === 'b') throw new Error('thrown, too');
        });
        socket.bind(0, '${AT}', () => {
          for (const text of 'abc')
            socket.send(text, socket.address().port, '${AT}');
        });
      `], { env: { DGRAM_NATIVE_TRANSPORT: 'node' } });
      assert.deepStrictEqual({ code, stderr }, { code: 0, stderr: '' });
      assert.deepStrictEqual(
        reports.filter((text) => !text.startsWith('thrown')), ['a', 'b', 'c']);
      assert.deepStrictEqual(
        reports.filter((text) => text.startsWith('thrown')),
        ['thrown', 'thrown', 'thrown, too']);
    });
  });

  describe('sendMany()', () => {
    it('sends to several peers, in order, before it returns', async () => {
      const [a, b] = [await bound(), await bound()];
      const texts = [receiveText(a, 3), receiveText(b, 1)];
      const socket = await openBound();
      const [{ port }, other] = [a.address(), b.address()];
      const bytes = Buffer.from('1');
      socket.send('0', port, AT);
      await nextIteration();
      assert.strictEqual(socket.sendMany([bytes, port, AT, ['b', '!'],
        other.port, null, new DataView(new ArrayBuffer(2)), port, '']), 3);
      bytes.fill('x');
      socket.close();
      assert.deepStrictEqual(await Promise.all(texts),
        [['0', '1', '\0\0'], ['b!']]);
    });

    it('sends columns', async () => {
      const { receiver, socket } = await openConnected();
      const texts = receiveText(receiver, 6);
      const { port } = receiver.address();
      const columns = {
        count: 2, data: Buffer.from('abc'), offsets: Uint32Array.of(0, 1),
        sizes: [1, 2],
      };
      assert.deepStrictEqual(await sendMany(socket, columns), [null, 2]);
      const other = await openBound();
      assert.deepStrictEqual(
        await sendMany(other, { ...columns, ports: port }), [null, 2]);
      assert.strictEqual(other.sendMany({
        ...columns, ports: Uint16Array.of(port, port), addresses: [AT, ''],
      }), 2);
      columns.data.fill('x');
      assert.deepStrictEqual(await texts, ['a', 'bc', 'a', 'bc', 'a', 'bc']);
    });

    it('sends a received batch', async () => {
      const server = await openBound();
      server.on('batch', (batch) => server.sendMany(batch));
      const client = await bound();
      const texts = receiveText(client, 2);
      client.send('one', server.address().port, AT);
      client.send('two', server.address().port, AT);
      assert.deepStrictEqual(await texts, ['one', 'two']);
    });

    it('sends to the connected peer, after earlier sends', async () => {
      const { receiver, socket } = await openConnected();
      const texts = receiveText(receiver, 4);
      socket.send('0');
      assert.strictEqual(socket.sendMany(['1', Buffer.from('2')]), 2);
      socket.send('3');
      assert.deepStrictEqual(await texts, ['0', '1', '2', '3']);
    });

    it('sends after earlier sends of the same tick', async () => {
      const receiver = await bound();
      const socket = await openBound();
      const { port } = receiver.address();
      const texts = receiveText(receiver, 3);
      socket.send('0', port, AT);
      socket.sendMany(['1', port, AT]);
      socket.send('2', port, AT);
      assert.deepStrictEqual(await texts, ['0', '1', '2']);
    });

    it('binds an unbound socket; \'listening\' follows', async () => {
      const receiver = await bound();
      const texts = receiveText(receiver, 1);
      const socket = open('udp4');
      socket.on('listening', () => events.push('listening'));
      const events = [];
      events.push(socket.sendMany(['x', receiver.address().port, AT]));
      assert.notStrictEqual(socket.address().port, 0);
      await once(socket, 'listening');
      assert.deepStrictEqual(events, [1, 'listening']);
      assert.deepStrictEqual(await texts, ['x']);
    });

    it('sends even if the socket is closed in the same tick', async () => {
      const receiver = await bound();
      const texts = receiveText(receiver, 1);
      const socket = open('udp4');
      socket.on('listening', assert.fail);
      socket.sendMany(['x', receiver.address().port, AT]);
      socket.close();
      assert.deepStrictEqual(await texts, ['x']);
    });

    it('waits for a pending bind()', async () => {
      const receiver = await bound();
      const socket = open('udp4');
      const texts = receiveText(receiver, 2);
      const bytes = Buffer.from('abc');
      socket.bind();
      assert.strictEqual(socket.sendMany([bytes, receiver.address().port, AT,
        'd', receiver.address().port, AT]), 0);
      bytes.fill('x');
      assert.deepStrictEqual(await texts, ['abc', 'd']);
    });

    (isLinux ? it : it.skip)('throws the error of bind(2)', () => {
      const socket = open({ type: 'udp4', lookup() { assert.fail(); } });
      const { bind } = Object.getPrototypeOf(handleOf(socket));
      handleOf(socket).bind = () => -13;
      socket.on('error', assert.fail);
      const error = thrownBy(() => socket.sendMany(['x', 9, AT]));
      isSystemError(error, 'EACCES', 'bind', '0.0.0.0');
      handleOf(socket).bind = bind;
      assert.strictEqual(socket.sendMany(['x', 9, AT]), 1);
    });

    function handleOf(socket) {
      const symbol = Object.getOwnPropertySymbols(socket)
        .find(({ description }) => description === 'state symbol');
      return socket[symbol].handle;
    }

    it('calls back once, asynchronously, after the last datagram', async () => {
      const { socket } = await openConnected();
      assert.deepStrictEqual(await sendMany(socket, ['1', '2', '3']),
        [null, 3]);
      let hasReturned = false;
      const called = new Promise((resolve) =>
        socket.sendMany([], (...values) => resolve([hasReturned, ...values])));
      hasReturned = true;
      assert.deepStrictEqual(await called, [true, null, 0]);
    });

    it('calls back with the first error', async () => {
      const { receiver, socket } = await openConnected();
      const texts = receiveText(receiver, 2);
      const [error, count] = await sendMany(socket,
        ['1', Buffer.alloc(70000), '2', Buffer.alloc(65508)]);
      isSystemError(error, 'EMSGSIZE', 'send');
      assert.strictEqual(count, 2);
      assert.deepStrictEqual(await texts, ['1', '2']);
      const unconnected = await sendMany(await openBound(),
        [Buffer.alloc(70000), receiver.address().port, AT]);
      isSystemError(unconnected[0], 'EMSGSIZE', 'send');
    });

    it('calls back with the error of a pending bind()', async () => {
      const socket = open('udp4');
      const errors = [];
      socket.on('error', (error) => errors.push(error));
      socket.bind(0, '192.0.2.1'); // TEST-NET-1: no address of this host
      const [error, count] = await sendMany(socket, ['x', 9, AT, 'y', 9, AT]);
      assert.deepStrictEqual(errors, [error]);
      assert.strictEqual(error.syscall, 'bind');
      assert.strictEqual(count, 0);
      socket.close();
      await once(socket, 'close');
    });

    it('calls back if the socket is closed before it sends', async () => {
      const lookup = (host, family, callback) => {
        if (host === AT) process.nextTick(callback, null, AT);
      };
      const resolving = await openBound({ type: 'udp4', lookup });
      resolving.send('x', 9, 'never.resolved.invalid');
      const binding = open('udp4');
      binding.bind(0, AT);
      for (const socket of [binding, resolving]) {
        const results = [];
        socket.sendMany(['x', 9, AT, 'y', 9, AT],
                        (...values) => results.push(values));
        socket.close();
        await once(socket, 'close');
        for (let i = 0; i < 5; i++) await nextIteration();
        assert.strictEqual(results.length, 1);
        isSystemError(results[0][0], 'ECANCELED', 'send');
        assert.strictEqual(results[0][1], 0);
      }
    });

    (HAS_BLOCK_LISTS ? it : it.skip)('respects block lists', async () => {
      const sendBlockList = new net.BlockList();
      sendBlockList.addAddress('127.0.0.2');
      const receiver = await bound();
      const { port } = receiver.address();
      const texts = receiveText(receiver, 2);
      const socket = await openBound({ type: 'udp4', sendBlockList });
      const packets = ['1', port, AT, 'x', port, '127.0.0.2', '2', port, AT];
      assert.strictEqual(socket.sendMany([]), 0);
      const [error, count] = await new Promise((resolve) => {
        assert.strictEqual(
          socket.sendMany(packets, (...values) => resolve(values)), 2);
      });
      isCode(error, Error, 'ERR_IP_BLOCKED',
        'IP(127.0.0.2) is blocked by net.BlockList');
      assert.strictEqual(count, 2);
      assert.deepStrictEqual(await texts, ['1', '2']);
    });

    it('throws the errors of the native sendMany()', async () => {
      const native = await bound();
      const socket = await openBound();
      const { port } = native.address();
      const good = ['x', port, AT];
      for (const args of [[], [null], ['x'], [{}], [good, 'callback'],
        [[...good, 'x']], [[...good, 'x', port, 'localhost']],
        [[...good, 'x', port, '::1']], [[...good, 'x', port, true]],
        [[...good, 'x', 0, AT]], [[...good, 'x', undefined, AT]],
        [[5, port, AT]], [[[5], port, AT]], [[null, port, AT]],
        ...[{ count: 2 }, { data: 5 }, { offsets: [2] }, { sizes: ['1'] },
          { ports: [0] }, { addresses: 'name' }, { addresses: [5] }]
          .map((change) => [{ count: 1, data: Buffer.from('x'), offsets: [0],
            sizes: [1], ports: port, ...change }])]) {
        const expected = thrownBy(() => native.sendMany(...args));
        throwsCode(() => socket.sendMany(...args), expected.constructor,
          expected.code, expected.message);
      }
      socket.close();
      throwsCode(() => socket.sendMany(good), Error,
        'ERR_SOCKET_DGRAM_NOT_RUNNING', 'Not running');
    });

    it('calls back in its async context', async () => {
      const { AsyncLocalStorage } = require('node:async_hooks');
      const storage = new AsyncLocalStorage();
      const { socket } = await openConnected();
      const seen = await storage.run('mine', () => new Promise((resolve) =>
        socket.sendMany(['x'], () => resolve(storage.getStore()))));
      assert.strictEqual(seen, 'mine');
    });
  });

  describe('back-pressure', () => {
    const numbers = (count) => Array.from({ length: count }, (_, i) => `${i}`);

    async function sendTo(socket, texts) {
      const sender = await bound();
      const { port } = socket.address();
      await Promise.all(texts.map((text) => new Promise((resolve) =>
        sender.send(text, port, AT, resolve))));
    }

    it('pauses before, during and after bind()', async () => {
      const early = open('udp4').pause();
      const during = open('udp4');
      const late = await openBound();
      early.bind(0, AT);
      during.bind(0, AT).pause();
      late.pause();
      await once(during, 'listening');
      for (const socket of [early, during, late]) {
        const seen = [];
        socket.on('message', (msg) => {
          seen.push(String(msg));
          socket.pause();
        });
        assert.strictEqual(socket.isPaused(), true);
        await sendTo(socket, numbers(3));
        for (let i = 0; i < 5; i++) await nextIteration();
        assert.deepStrictEqual(seen, []);
        for (let i = 1; i <= 3; i++) {
          assert.strictEqual(socket.resume(), socket);
          while (seen.length < i) await nextIteration();
          await nextIteration();
          assert.strictEqual(seen.length, i);
        }
        assert.deepStrictEqual(seen, numbers(3));
        socket.close();
        assert.strictEqual(socket.resume().pause().isPaused(), false);
      }
    });

    it('iterates', async () => {
      const socket = open('udp4').pause();
      socket.bind(0, AT);
      await once(socket, 'listening');
      await sendTo(socket, numbers(100));
      const seen = [];
      for (const limit of [3, 100]) {
        for await (const [msg] of socket.iterator({ highWaterMark: 5 })) {
          seen.push(String(msg));
          if (seen.length === limit) break;
        }
        assert.strictEqual(socket.isPaused(), true);
      }
      assert.deepStrictEqual(seen, numbers(100));
      const rest = (async () => {
        for await (const [msg] of socket) seen.push(msg);
      })();
      socket.close();
      await rest;
      throwsCode(() => socket.iterator(), Error,
        'ERR_SOCKET_DGRAM_NOT_RUNNING', 'Not running');
    });
  });
});
