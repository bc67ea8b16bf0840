'use strict';

// The option closeWhenCollected: a socket that a program has dropped is closed
// by the garbage collector, and no other one.

const assert = require('node:assert');
const path = require('node:path');

const { compileLibrary } = require('../support/compile');
const { inChild, isLinux } = require('../support/dgram');

/** The library that fails system calls. */
const FAULTS = path.join(__dirname, '..', 'faults', 'faults.c');

/** Runs `body` with collect() and isFree(port); see inChild(). */
async function reportsOf(body, options = {}) {
  const source = `async (dgram, report) => {
    const { once } = require('node:events');
    const { setTimeout: sleep } = require('node:timers/promises');
    const { setImmediate: iteration } = require('node:timers/promises');
    const body = ${body};
    /** Finalizers run in tasks of their own. */
    async function collect() {
      for (let i = 0; i < 4; i++) {
        await iteration();
        gc();
        await sleep(1);
      }
    }
    /** Whether no socket is bound to the port any more. */
    async function isFree(port) {
      const probe = dgram.createSocket('udp4');
      try {
        probe.bindSync({ port });
        return true;
      } catch ({ code }) {
        if (code !== 'EADDRINUSE') throw code;
        return false;
      } finally {
        probe.close();
      }
    }
    await body(dgram, report, { collect, isFree, once, sleep });
  }`;
  const { code, signal, stderr, reports } =
    await inChild(source, { execArgv: ['--expose-gc'], ...options });
  assert.deepStrictEqual({ code, signal, stderr },
    { code: 0, signal: null, stderr: '' });
  return reports;
}

const TRANSPORTS = isLinux ? ['linux', 'uv'] : ['uv'];

for (const transport of TRANSPORTS) {
  const options = { env: { DGRAM_NATIVE_TRANSPORT: transport } };

  describe(`closeWhenCollected, transport ${transport}`, () => {
    it('closes a bound socket that nobody holds, with listeners', async () => {
      assert.deepStrictEqual(
        await reportsOf(async (dgram, report, { collect, isFree }) => {
          const bind = (closeWhenCollected) => {
            const socket = dgram.createSocket(
              { type: 'udp4', closeWhenCollected });
            socket.on('message', () => report(socket.type));
            return socket.bindSync().port;
          };
          const ports = [bind(true), bind(false), bind(undefined)];
          await collect();
          report([await isFree(ports[0]), await isFree(ports[1]),
                  await isFree(ports[2])]);
          process.exit();
        }, options), [[true, false, false]]);
    });

    it('keeps one that is held, which receives', async () => {
      assert.deepStrictEqual(
        await reportsOf(async (dgram, report, { collect, once }) => {
          const socket =
            dgram.createSocket({ type: 'udp4', closeWhenCollected: true });
          const { port } = socket.bindSync({ address: '127.0.0.1' });
          await collect();
          socket.on('message', (msg) => report(String(msg)));
          const client = dgram.createSocket('udp4');
          for (let i = 0; i < 3; i++) {
            client.send(String(i), port, '127.0.0.1');
            await once(socket, 'message');
            await collect();
          }
          client.close();
          socket.close();
        }, options), ['0', '1', '2']);
    });

    it('lets the process end', async () => {
      assert.deepStrictEqual(
        await reportsOf(async (dgram, report, { collect }) => {
          for (const bind of [true, false]) {
            const socket =
              dgram.createSocket({ type: 'udp4', closeWhenCollected: true });
            if (bind) socket.bindSync();
          }
          await collect();
          report('done');
        }, options), ['done']);
    });

    it('sends what was sent before, and calls callbacks', async () => {
      assert.deepStrictEqual(
        await reportsOf(async (dgram, report, { collect }) => {
          const peer = dgram.createSocket('udp4');
          const { port } = peer.bindSync({ address: '127.0.0.1' });
          let count = 0;
          peer.on('message', () => count++);
          const options = { type: 'udp4', closeWhenCollected: true };
          for (let i = 0; i < 10; i++) {
            dgram.createSocket(options).send('x', port, '127.0.0.1');
            dgram.createSocket(options).send('x', port, 'localhost',
              (error, bytes) => report(error ?? bytes));
            const connected = dgram.createSocket(options);
            connected.connect(port, '127.0.0.1', () => connected.send('x'));
          }
          while (count < 30) {
            await collect();
          }
          peer.close();
        }, options), new Array(10).fill(1));
    });

    it('is closed by close() once, and its id is not closed again',
      async () => {
        assert.deepStrictEqual(
          await reportsOf(async (dgram, report, { collect }) => {
            const options = { type: 'udp4', closeWhenCollected: true };
            let closed = 0;
            for (let i = 0; i < 5000; i++) {
              const socket = dgram.createSocket(options);
              socket.on('close', () => closed++);
              socket.close();
              if (i % 1000 === 0) await collect();
            }
            await collect();
            // Ids are reused: these must stay open.
            const held = Array.from({ length: 50 }, () => {
              const socket = dgram.createSocket('udp4');
              socket.bindSync();
              return socket;
            });
            await collect();
            report([closed, held.every((socket) => socket.address().port > 0)]);
            for (const socket of held) socket.close();
          }, options), [[5000, true]]);
      });

    it('sends what waits for a writable socket', async function() {
      if (!isLinux) this.skip(); // LD_PRELOAD
      assert.deepStrictEqual(
        await reportsOf(async (dgram, report, { collect, isFree, sleep }) => {
          const peer = dgram.createSocket('udp4');
          const { port } = peer.bindSync({ address: '127.0.0.1' });
          const texts = [];
          peer.on('message', (msg) => texts.push(String(msg)));
          const send = () => {
            const socket =
              dgram.createSocket({ type: 'udp4', closeWhenCollected: true });
            const own = socket.bindSync().port;
            for (const text of ['a', 'b', 'c'])
              socket.send(text, port, '127.0.0.1');
            return own;
          };
          const own = send();
          await collect();
          report([texts.length, await isFree(own)]); // it waits
          while (texts.length < 3) await sleep(5);
          while (!await isFree(own)) await sleep(5);
          report(texts);
          peer.close();
        }, {
          env: {
            ...options.env, LD_PRELOAD: compileLibrary(FAULTS),
            DGRAM_FAULTS: 'send:1-60=EAGAIN',
          },
        }), [[0, false], ['a', 'b', 'c']]);
    });

    it('calls the callback of close() of its handle', async () => {
      assert.deepStrictEqual(
        await reportsOf(async (dgram, report, { collect }) => {
          const close = () => {
            const socket =
              dgram.createSocket({ type: 'udp4', closeWhenCollected: true });
            const symbol = Object.getOwnPropertySymbols(socket)
              .find(({ description }) => description === 'state symbol');
            socket[symbol].handle.close(() => report('closed'));
          };
          close();
          globalThis.gc();
          await collect();
        }, options), ['closed']);
    });

    it('destroys the async resource once', async () => {
      assert.deepStrictEqual(
        await reportsOf(async (dgram, report, { collect }) => {
          const ids = new Map();
          require('node:async_hooks').createHook({
            init(id, type) {
              if (type === 'UDPWRAP') ids.set(id, 0);
            },
            destroy(id) {
              if (ids.has(id)) ids.set(id, ids.get(id) + 1);
            },
          }).enable();
          const open = () => dgram.createSocket(
            { type: 'udp4', closeWhenCollected: true });
          open().bindSync();
          open().close();
          await collect();
          await collect();
          report([...ids.values()]);
        }, options), [[1, 1]]);
    });

    it('drops the datagrams that arrive in between', async () => {
      assert.deepStrictEqual(
        await reportsOf(async (dgram, report, { collect, isFree, sleep }) => {
          const peer = dgram.createSocket('udp4');
          peer.bindSync();
          const bind = () => {
            const socket = dgram.createSocket(
              { type: 'udp4', closeWhenCollected: true });
            socket.on('message', () => {});
            return socket.bindSync({ address: '127.0.0.1' }).port;
          };
          const port = bind();
          const timer = setInterval(() => {
            for (let i = 0; i < 50; i++) peer.send('x', port, '127.0.0.1');
          }, 1);
          const end = Date.now() + 5000;
          while (!await isFree(port) && Date.now() < end) {
            await collect();
            await sleep(1);
          }
          clearInterval(timer);
          report(await isFree(port));
          peer.close();
        }, options), [true]);
    });

    it('closes a Unix socket, and removes its file', async function() {
      if (!isLinux || transport === 'uv') this.skip();
      assert.deepStrictEqual(
        await reportsOf(async (dgram, report, { collect }) => {
          const fs = require('node:fs');
          const os = require('node:os');
          const at = `${os.tmpdir()}/collected-${process.pid}.sock`;
          const bind = (closeWhenCollected) => dgram.createSocket(
            { type: 'unix_dgram', closeWhenCollected }, () => {}).bindSync(at);
          bind(true);
          const peer = dgram.createSocket('unix_dgram');
          peer.send('x', at);
          report(fs.existsSync(at));
          await collect();
          await collect();
          report(fs.existsSync(at));
          bind(false); // keeps the process alive
          await collect();
          await collect();
          report(fs.existsSync(at));
          fs.unlinkSync(at);
          process.exit();
        }, options), [true, false, true]);
    });

    it('leaves the addresses of those datagrams new', async function() {
      if (!isLinux || transport === 'uv') this.skip(); // no receiveInfo
      assert.deepStrictEqual(
        await reportsOf(async (dgram, report, { sleep }) => {
          const peer = dgram.createSocket('udp4');
          peer.bindSync({ address: '127.0.0.1' });
          const bind = (options) => {
            const socket = dgram.createSocket(
              { type: 'udp4', receiveInfo: ['localAddress'], ...options });
            socket.on('message', (msg, { localAddress }) =>
              report(`${msg} to ${localAddress}`));
            return socket.bindSync().port;
          };
          const send = (text, port) => peer.sendMany(
            [text, port, '127.0.0.7', text, port, '127.0.0.8']);
          const dropped = bind({ closeWhenCollected: true });
          const kept = bind();
          await sleep(10);
          setTimeout(() => {
            send('x', dropped); // is read before the finalizer runs
            for (let i = 0; i < 3; i++) globalThis.gc();
          }, 10);
          await sleep(100);
          send('y', kept);
          await sleep(100);
          process.exit();
        }, options), ['y to 127.0.0.7', 'y to 127.0.0.8']);
    });

    it('works in a worker, and at its end', async () => {
      assert.deepStrictEqual(
        await reportsOf(async (dgram, report, { once }) => {
          const { Worker } = require('node:worker_threads');
          const worker = new Worker(`
            const { workerData, parentPort } = require('node:worker_threads');
            const dgram = require(workerData);
            dgram.createSocket({ type: 'udp4', closeWhenCollected: true })
              .bindSync();
            gc();
            parentPort.postMessage('bound');
            setTimeout(() => process.exit(), 20);
          `, { eval: true, workerData: Object.keys(require.cache)
            .find((name) => /dist.index\.js$/.test(name)) });
          report(await once(worker, 'message'));
          await once(worker, 'exit');
        }, options), [['bound']]);
    });
  });
}

describe('closeWhenCollected, its argument', () => {
  it('is a boolean; true requires the addon', async () => {
    const body = async (dgram, report) => {
      for (const closeWhenCollected of [1, null, false, true]) {
        try {
          dgram.createSocket({ type: 'udp4', closeWhenCollected }).close();
          report('created');
        } catch ({ code }) {
          report(code);
        }
      }
    };
    const type = 'ERR_INVALID_ARG_TYPE';
    assert.deepStrictEqual(await reportsOf(body),
      [type, type, 'created', 'created']);
  });
});
