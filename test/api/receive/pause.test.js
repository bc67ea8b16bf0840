'use strict';

// pause(), resume() and isPaused(): nothing is read from the kernel and nothing
// is emitted in between, and no datagram is lost or overtaken.

const assert = require('node:assert');
const fs = require('node:fs');
const nodeDgram = require('node:dgram');
const events = require('node:events');
const {
  bound, connectedTo, describeNative, errnoOf, freePort, isLinux,
  isSystemError, isWindows, nextIteration, nodeAtLeast, once, open, packed,
  reportsOf, stateOf,
} = require('../../support/dgram');

const { descriptor } = packed.binding();

const AT = '127.0.0.1';

const itLinux = isLinux ? it : it.skip;

/** Sends texts from a socket of node:dgram and waits until they have left. */
async function send(receiver, texts) {
  const sender = nodeDgram.createSocket('udp4');
  const { port } = receiver.address();
  await Promise.all(texts.map((text) => new Promise((resolve, reject) => {
    sender.send(text, port, AT, (error) => (error ? reject(error) : resolve()));
  })));
  sender.close();
}

const numbers = (count, first = 0) =>
  Array.from({ length: count }, (_, i) => `${first + i}`);

/** Some iterations, in which a socket that reads would receive. */
async function iterations(count = 5) {
  for (let i = 0; i < count; i++) {
    await nextIteration();
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
}

async function until(condition) {
  const end = Date.now() + 10000;
  while (!condition()) {
    assert.ok(Date.now() < end, `timed out waiting for ${condition}`);
    await nextIteration();
  }
}

/** The bytes in the receive buffer and the drops, of /proc/net/udp. */
function kernelOf(port) {
  const line = fs.readFileSync('/proc/net/udp', 'utf8').split('\n')
    .map((text) => text.trim().split(/\s+/))
    .find((columns) => columns[1]?.endsWith(
      `:${port.toString(16).toUpperCase().padStart(4, '0')}`));
  return {
    queued: parseInt(line[4].split(':')[1], 16), drops: Number(line.at(-1)),
  };
}

/** Whether an epoll instance of this process watches the socket. */
function isWatched(socket) {
  const fd = descriptor(stateOf(socket).handle);
  return fs.readdirSync('/proc/self/fdinfo').some((name) => {
    try {
      return new RegExp(`^tfd: +${fd} `, 'm')
        .test(fs.readFileSync(`/proc/self/fdinfo/${name}`, 'utf8'));
    } catch {
      return false; // closed meanwhile
    }
  });
}

/**
 * A receiver that logs, and calls `react(text, socket)` for each datagram.
 * `mode`: 'message', 'batch' or 'both'.
 */
async function receiver(react, mode = 'message', options = {}) {
  const socket =
    await bound({ type: 'udp4', recvBufferSize: 1 << 18, ...options });
  const log = [];
  const batches = [];
  if (mode !== 'message') {
    socket.on('batch', ({ count, data, offsets, sizes }) => {
      const texts = Array.from({ length: count }, (_, i) =>
        String(data.subarray(offsets[i], offsets[i] + sizes[i])));
      batches.push(...texts);
      if (mode === 'batch') log.push(...texts);
      react(texts.at(-1), socket, 'batch');
    });
  }
  if (mode !== 'batch') {
    socket.on('message', (msg) => {
      log.push(String(msg));
      react(String(msg), socket, 'message');
    });
  }
  return { socket, log, batches };
}

describeNative('pause()', () => {
  it('is followed by isPaused(), until resume()', async () => {
    const socket = open('udp4');
    for (const state of ['unbound', 'bound', 'again']) {
      assert.strictEqual(socket.isPaused(), false, state);
      assert.strictEqual(socket.pause(), socket);
      assert.strictEqual(socket.pause(), socket);
      assert.strictEqual(socket.isPaused(), true, state);
      assert.strictEqual(socket.resume(), socket);
      assert.strictEqual(socket.resume(), socket);
      assert.strictEqual(socket.isPaused(), false, state);
      if (state === 'unbound') socket.bindSync({ address: AT });
    }
  });

  it('does nothing on a closed socket', () => {
    const socket = open('udp4').pause();
    socket.close();
    assert.strictEqual(socket.pause(), socket);
    assert.strictEqual(socket.isPaused(), false);
    assert.strictEqual(socket.resume(), socket);
  });

  it('leaves the datagrams in the kernel', async () => {
    const { socket, log } = await receiver(() => {});
    await send(socket, ['before']);
    await until(() => log.length === 1);
    socket.pause();
    const { receiveCalls } = socket.stats();
    await send(socket, numbers(50));
    await iterations();
    assert.deepStrictEqual(log, ['before']);
    assert.strictEqual(socket.stats().received, 1);
    assert.strictEqual(socket.stats().receiveCalls, receiveCalls);
    if (isLinux) {
      const { queued, drops } = kernelOf(socket.address().port);
      assert.ok(queued > 50, `${queued} bytes wait`);
      assert.strictEqual(drops, 0);
    }
    socket.resume();
    await until(() => log.length === 51);
    assert.deepStrictEqual(log, ['before', ...numbers(50)]);
    if (isLinux)
      assert.strictEqual(kernelOf(socket.address().port).queued, 0);
  });

  itLinux('removes the socket from epoll', async () => {
    const { socket, log } = await receiver(() => {});
    await send(socket, ['before']);
    await until(() => log.length === 1);
    assert.strictEqual(isWatched(socket), true);
    socket.pause();
    await send(socket, ['while paused']);
    await iterations();
    assert.strictEqual(isWatched(socket), false);
    socket.resume();
    await until(() => log.length === 2);
    assert.strictEqual(isWatched(socket), true);
  });

  // With several datagrams per read, the rest was read already.
  for (const mode of ['message', 'batch', 'both']) {
    for (const sharedBuffers of [false, true]) {
      it(`in a listener holds the rest of the batch: ${mode}` +
          `${sharedBuffers ? ', sharedBuffers' : ''}`, async () => {
        const pauses = [];
        const { socket, log, batches } = await receiver((text) => {
          if (pauses.length >= 20) return;
          pauses.push(text);
          socket.pause();
        }, mode, { sharedBuffers });
        socket.pause();
        await send(socket, numbers(300));
        while (log.length < 300) {
          const { length } = log;
          const seen = batches.length;
          socket.resume();
          await until(() => log.length > length || batches.length > seen);
          if (socket.isPaused()) {
            const now = [log.length, batches.length];
            await iterations(2);
            assert.deepStrictEqual([log.length, batches.length], now);
          }
        }
        assert.ok(pauses.length >= 5, `${pauses.length} pauses`);
        assert.deepStrictEqual(log, numbers(300));
        if (mode !== 'message') assert.deepStrictEqual(batches, numbers(300));
        assert.strictEqual(socket.stats().received, 300);
      });
    }
  }

  it('in a listener counts each datagram once', async () => {
    const { socket, log } = await receiver(() => socket.pause());
    socket.pause();
    await send(socket, numbers(40));
    for (let i = 0; i < 40; i++) {
      socket.resume();
      await until(() => log.length === i + 1);
    }
    await iterations();
    assert.deepStrictEqual(log, numbers(40));
    const { received, receivedBytes } = socket.stats();
    assert.deepStrictEqual([received, receivedBytes], [40, 70]);
  });

  it('keeps the sources of held datagrams', async () => {
    const socket = await bound();
    const seen = [];
    socket.on('message', (msg, { address, port, size, family }) => {
      seen.push([String(msg), address, port, size, family]);
      socket.pause();
    });
    socket.pause();
    const senders = await Promise.all(numbers(8).map(() => bound()));
    for (const [i, sender] of senders.entries()) {
      await new Promise((resolve) =>
        sender.send(`${i}`, socket.address().port, AT, resolve));
    }
    for (let i = 1; i <= 8; i++) {
      socket.resume();
      await until(() => seen.length === i);
    }
    assert.deepStrictEqual(seen, senders.map((sender, i) =>
      [`${i}`, AT, sender.address().port, 1, 'IPv4']));
  });

  it('keeps what was asked for with receiveInfo', async function() {
    if (!require(packed.main).features.receiveInfo) this.skip();
    const socket = await bound({
      type: 'udp4', receiveInfo: ['localAddress', 'ttl', 'timestamp'],
    });
    const seen = [];
    socket.on('message', (msg, { localAddress, ttl, timestamp }) => {
      seen.push([String(msg), localAddress, ttl, typeof timestamp]);
      socket.pause();
    });
    socket.pause();
    await send(socket, numbers(5));
    for (let i = 1; i <= 5; i++) {
      socket.resume();
      await until(() => seen.length === i);
    }
    assert.deepStrictEqual(seen,
      numbers(5).map((text) => [text, AT, 64, 'bigint']));
  });

  it('and resume() in one listener keep the order', async () => {
    const { socket, log } = await receiver(() => socket.pause().resume());
    socket.pause();
    await send(socket, numbers(100));
    socket.resume();
    await until(() => log.length === 100);
    assert.deepStrictEqual(log, numbers(100));
  });

  it('works when the listener throws', async () => {
    const reports = await reportsOf((dgram, report) => {
      const log = [];
      process.on('uncaughtException', () => {});
      const socket = dgram.createSocket('udp4', (msg) => {
        log.push(String(msg));
        socket.pause();
        setTimeout(() => {
          if (log.length < 10) {
            socket.resume();
            return;
          }
          report(log);
          socket.close();
        }, 1);
        throw new Error('expected');
      });
      socket.pause();
      socket.bind(0, '127.0.0.1', () => {
        let left = 10;
        for (let i = 0; i < 10; i++) {
          socket.send(`${i}`, socket.address().port, '127.0.0.1', () => {
            if (--left === 0) socket.resume();
          });
        }
      });
    });
    assert.deepStrictEqual(reports, [numbers(10)]);
  });

  it('before bind() keeps the first datagrams', async () => {
    const socket = open('udp4').pause();
    const log = [];
    socket.on('message', (msg) => log.push(String(msg)));
    socket.bind(0, AT);
    await once(socket, 'listening');
    assert.strictEqual(socket.isPaused(), true);
    await send(socket, numbers(3));
    await iterations();
    assert.deepStrictEqual(log, []);
    socket.resume();
    await until(() => log.length === 3);
  });

  it('during bind() keeps the first datagrams', async () => {
    const socket = open('udp4');
    const log = [];
    socket.on('message', (msg) => log.push(String(msg)));
    socket.bind(0, AT);
    socket.pause();
    await once(socket, 'listening');
    await send(socket, numbers(3));
    await iterations();
    assert.deepStrictEqual(log, []);
    assert.strictEqual(socket.stats().receiveCalls, 0);
    socket.resume();
    await until(() => log.length === 3);
  });

  it('works on the handle of another socket', async () => {
    const first = await bound();
    const socket = open('udp4').pause();
    const log = [];
    socket.on('message', (msg) => log.push(String(msg)));
    const { handle } = stateOf(first);
    socket.bind(handle);
    assert.strictEqual(socket.isPaused(), true);
    await send(socket, ['one']);
    await iterations();
    assert.deepStrictEqual(log, []);
    socket.resume();
    await until(() => log.length === 1);
  });

  it('does not stop sending', async () => {
    const socket = (await bound()).pause();
    const peer = await bound();
    const message = once(peer, 'message');
    socket.send('hello', peer.address().port, AT);
    assert.strictEqual(String((await message)[0]), 'hello');
  });

  it('ends with close(), which drops what is held', async () => {
    const { socket, log } = await receiver(() => socket.pause());
    socket.pause();
    await send(socket, numbers(20));
    socket.resume();
    await until(() => log.length === 1);
    socket.close();
    assert.strictEqual(socket.isPaused(), false);
    await iterations();
    assert.deepStrictEqual(log, ['0']);
  });

  it('does not keep the process alive', async () => {
    const reports = await reportsOf((dgram, report) => {
      const socket = dgram.createSocket('udp4');
      socket.bind(0, '127.0.0.1', () => {
        socket.pause();
        report('paused');
      });
    });
    assert.deepStrictEqual(reports, ['paused']);
  });

  it('of many sockets leaves the others their memory', async () => {
    const paused = [];
    for (let i = 0; i < 70; i++) {
      const { socket, log } = await receiver(() => socket.pause());
      socket.pause();
      await send(socket, ['0', '1', '2']);
      socket.resume();
      paused.push({ socket, log });
    }
    await until(() => paused.every(({ log }) => log.length === 1));
    const { socket, log } = await receiver(() => {});
    await send(socket, numbers(40));
    await until(() => log.length === 40);
    for (const { socket: other } of paused) other.removeAllListeners('message');
    const rest = [];
    for (const { socket: other } of paused)
      other.on('message', (msg) => rest.push(String(msg))).resume();
    await until(() => rest.length === 140);
  });

  it('defers the errors of a connected socket', async function() {
    if (!isLinux) this.skip(); // others differ in when the error is reported
    const port = await freePort();
    const peer = { type: 'udp4', address: () => ({ port, address: AT }) };
    const socket = await connectedTo(peer);
    const errors = [];
    socket.on('error', ({ code }) => errors.push(code));
    socket.pause();
    socket.send('to nobody');
    await iterations();
    assert.deepStrictEqual(errors, []);
    socket.resume();
    await until(() => errors.length === 1);
    assert.deepStrictEqual(errors, ['ECONNREFUSED']);
  });

  it('is followed by an \'error\' if the socket cannot be polled again',
     async () => {
       const socket = await bound();
       const { handle } = stateOf(socket);
       socket.pause();
       handle.recvStart = () => errnoOf('ENOSPC');
       const error = once(socket, 'error').catch((reason) => [reason]);
       socket.resume();
       isSystemError((await error)[0], 'ENOSPC', 'recvmsg');
     });

  (isWindows ? it.skip : it)('works in a cluster', async () => {
    const reports = await reportsOf((dgram, report) => {
      const cluster = require('node:cluster');
      if (cluster.isPrimary) {
        const sender = require('node:dgram').createSocket('udp4');
        const worker = cluster.fork();
        worker.on('message', ({ port, log }) => {
          if (log !== undefined) {
            report(log);
            sender.close();
            worker.kill();
            return;
          }
          let left = 50;
          for (let i = 0; i < 50; i++) {
            sender.send(`${i}`, port, '127.0.0.1', () => {
              if (--left === 0) worker.send('sent');
            });
          }
        });
        return;
      }
      const log = [];
      const socket = dgram.createSocket('udp4', (msg) => {
        log.push(String(msg));
        socket.pause();
        if (log.length === 50) process.send({ log });
        else setTimeout(() => socket.resume(), 1);
      });
      socket.pause();
      socket.bind(0, '127.0.0.1', () => {
        if (!socket.isPaused()) throw new Error('it is not paused');
        process.send({ port: socket.address().port });
      });
      process.on('message', () => setTimeout(() => {
        if (log.length > 0) throw new Error(`${log}`);
        socket.resume();
      }, 20));
    });
    assert.deepStrictEqual(reports, [numbers(50)]);
  });

  it('makes events.on() with highWaterMark bounded', async function() {
    if (!nodeAtLeast('20.13.0', '22.0.0')) this.skip();
    const socket = await bound({ type: 'udp4', recvBufferSize: 1 << 18 });
    socket.pause();
    await send(socket, numbers(100));
    const iterator = events.on(socket, 'message',
                               { highWaterMark: 5, lowWaterMark: 2 });
    socket.resume();
    await until(() => socket.isPaused());
    const { length } = await seenBy(socket, 20);
    assert.strictEqual(length, 0, 'nothing is emitted');
    const texts = [];
    for await (const [msg] of iterator) {
      texts.push(String(msg));
      if (texts.length === 100) break;
    }
    assert.deepStrictEqual(texts, numbers(100));
  });
});

/** What the socket emits during some milliseconds. */
async function seenBy(socket, milliseconds) {
  const seen = [];
  const listener = (msg) => seen.push(String(msg));
  socket.on('message', listener);
  await new Promise((resolve) => setTimeout(resolve, milliseconds));
  socket.removeListener('message', listener);
  return seen;
}

describeNative('recvStop() of the handle in a listener', () => {
  it('holds the rest of the batch, as Node leaves it in the kernel',
     async () => {
       const { socket, log } = await receiver(() =>
         stateOf(socket).handle.recvStop());
       socket.pause();
       await send(socket, numbers(10));
       socket.resume();
       await until(() => log.length === 1);
       await iterations();
       assert.deepStrictEqual(log, ['0']);
       stateOf(socket).handle.recvStart();
       await until(() => log.length === 2);
     });
});
