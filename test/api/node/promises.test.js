'use strict';

// dgram-native/promises.

const assert = require('node:assert');
const path = require('node:path');
const { pathToFileURL } = require('node:url');
const {
  bound, closeLater, describeNative, dgram, freePort, isLinux, isOpen,
  modulePath, nextIteration, once, receiveText, run, temporary,
} = require('../../support/dgram');

const AT = '127.0.0.1';
const file = path.join(path.dirname(modulePath), 'promises.js');

let promises;

/** A socket on which 'error' must not be emitted. */
function open(...args) {
  const socket = closeLater(promises.createSocket(...args));
  socket.on('error', (error) => {
    socket.emitted = error;
  });
  return socket;
}

async function openBound(options = 'udp4') {
  const socket = open(options);
  await socket.bind(0, AT);
  return socket;
}

/** The error with which a promise is rejected, and that none was emitted. */
async function failureOf(promise, socket) {
  const error = await promise.then(() => assert.fail('missing rejection'),
                                   (reason) => reason);
  await nextIteration();
  await nextIteration();
  assert.strictEqual(socket.emitted, undefined);
  return error;
}

const failingLookup = (name, family, callback) => {
  const error = new Error('no such name');
  error.code = 'ENOTFOUND';
  process.nextTick(callback, error);
};

describeNative('dgram-native/promises', () => {
  before('load it', () => {
    promises = require(file);
  });

  it('exports createSocket and a subclass of Socket', () => {
    assert.deepStrictEqual(Object.keys(promises), ['createSocket', 'Socket']);
    const socket = open('udp4');
    assert.ok(socket instanceof promises.Socket);
    assert.ok(socket instanceof dgram.Socket);
    assert.ok(socket instanceof require('node:dgram').Socket);
    assert.ok(!(dgram.createSocket('udp4').close() instanceof promises.Socket));
  });

  it('is the same for require and import', async () => {
    const { default: all, createSocket, Socket } =
      await import(pathToFileURL(file.replace(/\.js$/, '.mjs')));
    assert.strictEqual(all, promises);
    assert.strictEqual(createSocket, promises.createSocket);
    assert.strictEqual(Socket, promises.Socket);
  });

  it('takes options and a listener', async () => {
    const messages = [];
    const socket = closeLater(promises.createSocket(
      { type: 'udp4', sharedBuffers: true }, (msg) => messages.push(`${msg}`)));
    await socket.bind();
    const sender = await openBound();
    await sender.send('hello', socket.address().port);
    while (messages.length === 0) await nextIteration();
    assert.deepStrictEqual(messages, ['hello']);
  });

  it('has sockets of both families', async () => {
    if (!dgram.features.dualStack) return;
    const socket = await openBound({ type: 'udp' });
    assert.strictEqual(socket.type, 'udp');
  });

  it('continues with a ticket', async () => {
    if (!dgram.features.detach) return;
    const first = await openBound();
    const { port } = first.address();
    const socket = open({ from: first.detach() });
    assert.ok(socket instanceof promises.Socket);
    assert.strictEqual(socket.address().port, port);
  });

  describe('bind()', () => {
    it('resolves with the address, after \'listening\'', async () => {
      const socket = open('udp4');
      const log = [];
      socket.on('listening', () => log.push('listening'));
      const address = await socket.bind(0, AT);
      assert.deepStrictEqual(log, ['listening']);
      assert.deepStrictEqual(address, socket.address());
    });

    it('takes options', async () => {
      const socket = open('udp4');
      const { address } = await socket.bind({ address: AT });
      assert.strictEqual(address, AT);
    });

    it('rejects with the system\'s error', async () => {
      const other = await bound();
      const socket = open('udp4');
      const { port } = other.address();
      const error = await failureOf(socket.bind(port, AT), socket);
      assert.strictEqual(error.code, 'EADDRINUSE');
      assert.strictEqual(error.syscall, 'bind');
      await socket.bind(0, AT);
    });

    it('rejects with the error of the lookup', async () => {
      const socket = open({ type: 'udp4', lookup: failingLookup });
      const error = await failureOf(socket.bind(0, 'name'), socket);
      assert.strictEqual(error.code, 'ENOTFOUND');
    });

    it('rejects when it is called again', async () => {
      const socket = open('udp4');
      const first = socket.bind(0, AT);
      const error = await failureOf(socket.bind(0, AT), socket);
      assert.strictEqual(error.code, 'ERR_SOCKET_ALREADY_BOUND');
      await first;
      await assert.rejects(socket.bind(0, AT),
        { code: 'ERR_SOCKET_ALREADY_BOUND' });
    });

    it('returns a promise also if the second argument is null', async () => {
      const socket = open('udp4');
      assert.strictEqual((await socket.bind(0, null)).address, '0.0.0.0');
      const again = socket.bind(undefined, null);
      await assert.rejects(again, { code: 'ERR_SOCKET_ALREADY_BOUND' });
      const getter = { get port() { throw new Error('port'); } };
      await assert.rejects(open('udp4').bind(getter, null), /port/);
      const nothing = { get port() { throw undefined; } };
      assert.strictEqual(await open('udp4').bind(nothing)
        .then(() => 'bound', (reason) => reason), undefined);
    });

    it('rejects if the socket is closed meanwhile', async () => {
      const socket = open('udp4');
      const binding = socket.bind(0, AT);
      await socket.close();
      const error = await failureOf(binding, socket);
      assert.deepStrictEqual({ ...error },
        { errno: error.errno, code: 'ECANCELED', syscall: 'bind' });
      assert.ok(error.errno < 0);
    });

    it('rejects with the error of address(); the socket is bound', async () => {
      const socket = open('udp4');
      const failure = new Error('expected');
      socket.address = () => {
        throw failure;
      };
      const listening = once(socket, 'listening');
      const binding = socket.bind(0, AT);
      const sending = socket.send('x', 9, AT);
      assert.strictEqual(await failureOf(binding, socket), failure);
      await listening;
      assert.strictEqual(await sending, 1);
      await socket.close();
    });

    it('rejects with a buffer size that the system refuses', async () => {
      const socket = open({ type: 'udp4', recvBufferSize: 2 ** 32 - 1 });
      const error = await socket.bind(0, AT).then(() => null, (e) => e);
      if (error !== null)
        assert.strictEqual(error.code, 'ERR_SOCKET_BUFFER_SIZE');
      assert.strictEqual(socket.emitted, undefined);
    });

    it('with a callback is that of dgram-native', async () => {
      const socket = open('udp4');
      const listening = await new Promise((resolve) => {
        assert.strictEqual(socket.bind(0, AT, resolve), socket);
      });
      assert.strictEqual(listening, undefined);
      const other = open('udp4');
      other.bind(socket.address().port, AT, () => {});
      assert.strictEqual((await once(other, 'error').catch((e) => [e]))[0].code,
                         'EADDRINUSE');
    });
  });

  describe('connect()', () => {
    it('resolves when the socket is connected', async () => {
      const peer = await bound();
      const socket = open('udp4');
      assert.strictEqual(await socket.connect(peer.address().port, AT),
                         undefined);
      assert.strictEqual(socket.remoteAddress().port, peer.address().port);
      const texts = receiveText(peer, 1);
      assert.strictEqual(await socket.send('hello'), 5);
      assert.deepStrictEqual(await texts, ['hello']);
    });

    it('rejects with the error of the lookup', async () => {
      const socket = await openBound({ type: 'udp4', lookup: (...args) =>
        (args[0] === AT ? args[2](null, AT) : failingLookup(...args)) });
      const error = await failureOf(socket.connect(1, 'name'), socket);
      assert.strictEqual(error.code, 'ENOTFOUND');
    });

    it('rejects with the error of the implicit bind()', async () => {
      const socket = open({ type: 'udp4', lookup: failingLookup });
      const error = await failureOf(socket.connect(1, AT), socket);
      assert.strictEqual(error.code, 'ENOTFOUND');
    });

    it('rejects invalid arguments', async () => {
      const socket = open('udp4');
      assert.strictEqual((await failureOf(socket.connect(0), socket)).code,
                         'ERR_SOCKET_BAD_PORT');
    });

    it('rejects if the socket is closed meanwhile', async () => {
      const socket = await openBound({ type: 'udp4', lookup:
        (name, family, callback) => {
          if (name === AT) callback(null, AT);
        } });
      const connecting = socket.connect(1, 'name');
      await socket.close();
      const { code, syscall } = await failureOf(connecting, socket);
      assert.deepStrictEqual([code, syscall], ['ECANCELED', 'connect']);
    });
  });

  describe('send()', () => {
    it('resolves with the bytes', async () => {
      const peer = await bound();
      const { port } = peer.address();
      const texts = receiveText(peer, 5);
      const socket = open('udp4');
      assert.strictEqual(await socket.send('one', port, AT), 3);
      assert.strictEqual(await socket.send('four', port), 4);
      assert.strictEqual(await socket.send('ab5cd', 2, 1, port, AT), 1);
      assert.strictEqual(await socket.send('six', { port, address: AT }), 3);
      assert.strictEqual(await socket.sendto('ab7', 2, 1, port, AT), 1);
      assert.deepStrictEqual(await texts, ['one', 'four', '5', 'six', '7']);
    });

    it('rejects with the system\'s error', async () => {
      const socket = open('udp4');
      const error =
        await failureOf(socket.send(Buffer.alloc(65536), 1, AT), socket);
      assert.strictEqual(error.code, 'EMSGSIZE');
    });

    it('rejects invalid arguments', async () => {
      const socket = open('udp4');
      assert.strictEqual((await failureOf(socket.send(5, 1), socket)).code,
                         'ERR_INVALID_ARG_TYPE');
      assert.strictEqual((await failureOf(socket.send('x', 0), socket)).code,
                         'ERR_SOCKET_BAD_PORT');
      await socket.close();
      assert.strictEqual((await failureOf(socket.send('x', 1), socket)).code,
                         'ERR_SOCKET_DGRAM_NOT_RUNNING');
    });

    it('rejects a port or an address on a connected socket', async () => {
      const socket = await openBound();
      await socket.connect(1, AT);
      for (const args of [[1], [1, AT], [1, null], ['1'], [null], [0, 1, 1],
                          [{ port: 1 }], [1, AT, 'more', 'more', 'more']]) {
        const { code } = await failureOf(socket.send('x', ...args), socket);
        assert.strictEqual(code, 'ERR_SOCKET_DGRAM_IS_CONNECTED', `${args}`);
      }
    });

    it('does not take other arguments for its callback', async () => {
      const { port } = (await bound()).address();
      const socket = await openBound();
      for (const args of [[port, null], [{ port }, null],
                          [0, 1, { port }, null], [0, 1, port, AT, 'more']]) {
        assert.strictEqual(await socket.send('x', ...args), 1, `${args}`);
      }
      await socket.connect(port, AT, 'more');
      assert.strictEqual(await socket.send('x', {}, undefined), 1);
    });

    it('rejects with the error of the implicit bind()', async () => {
      const socket = open({ type: 'udp4', lookup: failingLookup });
      const error = await failureOf(socket.send('x', 1, AT), socket);
      assert.strictEqual(error.code, 'ENOTFOUND');
    });

    it('rejects with the error of lookup', async () => {
      const socket = await openBound({ type: 'udp4', lookup: (...args) =>
        (args[0] === AT ? args[2](null, AT) : failingLookup(...args)) });
      const error = await failureOf(socket.send('x', 1, 'name'), socket);
      assert.strictEqual(error.code, 'ENOTFOUND');
    });

    it('rejects if close() drops the datagram', async () => {
      const socket = await openBound();
      const sending = socket.send('x', 1, AT);
      await socket.close();
      const { code, syscall } = await failureOf(sending, socket);
      assert.deepStrictEqual([code, syscall], ['ECANCELED', 'send']);
    });

    it('with a callback is that of dgram-native', async () => {
      const peer = await bound();
      const socket = open('udp4');
      const bytes = await new Promise((resolve) => {
        assert.strictEqual(
          socket.send('hello', peer.address().port, AT,
                      (error, sent) => resolve(sent)),
          undefined);
      });
      assert.strictEqual(bytes, 5);
    });
  });

  describe('sendMany()', () => {
    it('resolves with the number of datagrams', async () => {
      const peer = await bound();
      const { port } = peer.address();
      const texts = receiveText(peer, 3);
      const socket = open('udp4');
      assert.strictEqual(
        await socket.sendMany(['one', port, AT, 'two', port, AT]), 2);
      assert.strictEqual(await socket.sendMany(['three', port, AT], undefined),
                         1);
      assert.deepStrictEqual(await texts, ['one', 'two', 'three']);
    });

    it('rejects with the first error and the number sent', async () => {
      const peer = await bound();
      const { port } = peer.address();
      const socket = open('udp4');
      const error = await failureOf(socket.sendMany(
        ['one', port, AT, Buffer.alloc(65536), port, AT]), socket);
      assert.strictEqual(error.code, 'EMSGSIZE');
      assert.strictEqual(error.sent, 1);
    });

    it('rejects invalid arguments', async () => {
      const socket = open('udp4');
      assert.strictEqual((await failureOf(socket.sendMany(5), socket)).code,
                         'ERR_INVALID_ARG_TYPE');
    });
  });

  describe('close()', () => {
    it('resolves when all other promises are settled', async () => {
      const socket = await openBound();
      const settled = [];
      for (const call of [['send', 'x', 1, AT], ['connect', 1, AT]]) {
        const [method, ...args] = call;
        socket[method](...args).catch(({ code }) => code)
          .then((code) => settled.push(`${method} ${code}`));
      }
      await socket.close();
      await Promise.resolve(); // for then()
      assert.deepStrictEqual(settled, ['send ECANCELED', 'connect ECANCELED']);
    });

    it('resolves after iterators have ended', async () => {
      const socket = open('udp4');
      const ended = [];
      socket.connect(1, AT).catch(() => {}); // close() waits for its bind()
      const closed = socket.close().then(() => ended.push('close'));
      socket.iterator().next().then(() => ended.push('iterator'));
      await closed;
      assert.deepStrictEqual(ended, ['iterator', 'close']);
    });

    it('leaves no later call pending', async () => {
      const socket = open('udp4');
      // As with node:dgram, calls now wait for this bind() for ever.
      await assert.rejects(socket.bind({ address: {} }));
      await socket.close();
      const error = await failureOf(socket.connect(1, AT), socket);
      assert.deepStrictEqual([error.code, error.syscall],
                             ['ECANCELED', 'connect']);
    });

    it('may be called twice while bind() is in progress', async () => {
      const unhandled = [];
      const listener = (reason) => unhandled.push(reason);
      process.on('unhandledRejection', listener);
      try {
        const socket = open('udp4');
        const connecting = socket.connect(1, AT); // binds the socket
        const closing = [socket.close(), socket.close()];
        assert.deepStrictEqual(await Promise.all(closing),
                               [undefined, undefined]);
        await connecting.catch(() => {});
        await nextIteration();
      } finally {
        process.removeListener('unhandledRejection', listener);
      }
      assert.deepStrictEqual(unhandled, []);
    });

    it('resolves after \'close\'', async () => {
      const socket = await openBound();
      let closed = false;
      socket.on('close', () => {
        closed = true;
      });
      assert.strictEqual(await socket.close(), undefined);
      assert.strictEqual(closed, true);
      assert.strictEqual((await failureOf(socket.close(), socket)).code,
                         'ERR_SOCKET_DGRAM_NOT_RUNNING');
    });

    it('follows Symbol.asyncDispose and a signal', async () => {
      const socket = await openBound();
      await socket[Symbol.asyncDispose]();
      assert.strictEqual(isOpen(socket), false);
      const controller = new AbortController();
      const { signal } = controller;
      const other = await openBound({ type: 'udp4', signal });
      const closed = once(other, 'close');
      controller.abort();
      await closed;
      const aborted = open({ type: 'udp4', signal });
      assert.strictEqual(isOpen(aborted), false);
    });
  });

  it('gives its datagrams to for await', async () => {
    const socket = await openBound();
    const sender = await openBound();
    const { port } = socket.address();
    const texts = [];
    await sender.send('one', port, AT);
    await sender.send('two', port, AT);
    for await (const [msg] of socket) {
      texts.push(String(msg));
      if (texts.length === 2) await socket.close();
    }
    assert.deepStrictEqual(texts, ['one', 'two']);
  });

  it('reports errors of receiving as events', async () => {
    const port = await freePort();
    const socket = open('udp4');
    await socket.connect(port, AT);
    if (process.platform !== 'linux') return;
    await socket.send('x');
    while (socket.emitted === undefined) await nextIteration();
    assert.strictEqual(socket.emitted.code, 'ECONNREFUSED');
  });

  // Jest's fake timers never call it, and its jsdom environment has none.
  for (const [title, replacement] of [
    ['is replaced', '() => {}'], ['is missing', 'undefined'],
  ]) {
    it(`rejects what is pending if setImmediate() ${title}`, async () => {
      const program = temporary('promises.js', `
        globalThis.setImmediate = ${replacement};
        const { createSocket } = require(${JSON.stringify(file)});
        const lookup = (name, family, callback) => {
          if (name === '${AT}') process.nextTick(callback, null, name, 4);
        };
        (async () => {
          const socket = createSocket({ type: 'udp4', lookup });
          await socket.bind(0, '${AT}');
          const sent = socket.send('x', 1, 'a.test');
          await socket.close();
          await sent.catch(({ code }) => console.log(JSON.stringify(code)));
        })();
      `);
      const { code, reports, stderr } = await run([program]);
      assert.deepStrictEqual({ code, stderr }, { code: 0, stderr: '' });
      assert.deepStrictEqual(reports, ['ECANCELED']);
    });
  }

  for (const transport of [...isLinux ? ['linux'] : [], 'uv', 'node']) {
    it(`needs no listener for its errors: ${transport}`, async () => {
      const program = temporary('promises.js', `
        const { createSocket } = require(${JSON.stringify(file)});
        const codes = [];
        const fails = (promise) =>
          promise.then(() => codes.push('ok'), ({ code }) => codes.push(code));
        (async () => {
          const a = createSocket('udp4');
          await a.bind(0, '127.0.0.1');
          const b = createSocket('udp4');
          await fails(b.bind(a.address().port, '127.0.0.1'));
          const lookup = (name, family, callback) =>
            process.nextTick(callback, Object.assign(new Error(), { code: 'E' }));
          const c = createSocket({ type: 'udp4', lookup });
          await Promise.all([
            fails(c.send('x', 1, '127.0.0.1')), fails(c.send('y', 1)),
            fails(c.sendMany([])),
          ]);
          await fails(b.send('z', a.address().port, '127.0.0.1'));
          for await (const [msg] of a) {
            codes.push(String(msg));
            break;
          }
          await Promise.all([a.close(), b.close(), c.close()]);
          console.log(JSON.stringify(codes));
        })();
      `);
      const { code, reports, stderr } = await run([program],
        { env: { DGRAM_NATIVE_TRANSPORT: transport } });
      assert.deepStrictEqual({ code, stderr }, { code: 0, stderr: '' });
      assert.deepStrictEqual(reports[0].filter((x) => x !== 'ok').slice(0, 3),
                             ['EADDRINUSE', 'E', 'E']);
      assert.strictEqual(reports[0].at(-1), 'z');
    });
  }
});
