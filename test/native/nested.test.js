'use strict';

// lib/ with a listener that runs a nested event loop, as deasync does; and
// errors reported by libuv.

const assert = require('node:assert');
const { once } = require('node:events');

const { codes, inner, until } = require('./kit');
const dgram = require('../../lib');
const binding = require('../../lib/load/binding');

/** On Windows libuv reads again only after the listener has returned. */
const itReadsNested = process.platform === 'win32' ? it.skip : it;

async function bound(listener) {
  const socket = dgram.createSocket('udp4', listener);
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  return socket;
}

const portOf = (socket) => socket.address().port;

function runLoopUntil(condition) {
  for (let i = 0; i < 1000 && !condition(); i++) inner.runLoop();
}

describe('a listener that runs a nested event loop', () => {
  const sockets = [];
  const open = async (listener) => {
    const socket = await bound(listener);
    sockets.push(socket);
    return socket;
  };

  before(() => assert.ok(['linux', 'uv'].includes(dgram.transport)));

  afterEach(() => {
    for (const socket of sockets.splice(0)) {
      try {
        socket.close();
      } catch {
        // The test has closed it.
      }
    }
  });

  itReadsNested('receives from other sockets and from its own', async () => {
    const log = [];
    const backend = await open((msg, { port }) =>
      backend.send(`answer to ${msg}`, port, '127.0.0.1'));
    const client = await open((msg) => log.push(String(msg)));
    const server = await open((msg) => {
      log.push(`begin ${msg}`);
      if (String(msg) === 'one') {
        client.send('a question', portOf(backend), '127.0.0.1');
        runLoopUntil(() => log.includes('end two') &&
          log.includes('answer to a question'));
      }
      log.push(`end ${msg}`);
    });
    const sender = dgram.createSocket('udp4');
    sockets.push(sender);
    for (const text of ['one', 'two'])
      sender.send(text, portOf(server), '127.0.0.1');
    await until(() => log.includes('end one'));
    assert.deepStrictEqual(
      log.filter((text) => !text.startsWith('answer')),
      ['begin one', 'begin two', 'end two', 'end one']);
    assert.ok(log.indexOf('answer to a question') < log.indexOf('end one'));
  });

  for (const options of [{}, { sharedBuffers: true }]) {
    it(`keeps order, bytes and sources: ${JSON.stringify(options)}`,
       async () => {
         const senders = [await open(), await open(), await open()];
         const got = [];
         let depth = 0;
         const receiver = dgram.createSocket({ type: 'udp4', ...options });
         sockets.push(receiver);
         receiver.on('message', (msg, { port }) => {
           got.push(`${msg} ${port}`);
           if (++depth < 20) for (let i = 0; i < 3; i++) inner.runLoop();
           depth--;
         });
         receiver.bind(0, '127.0.0.1');
         await once(receiver, 'listening');
         const sent = [];
         for (let i = 0; i < 60; i++) {
           const sender = senders[i % 3];
           sender.send(`m${i}`, portOf(receiver), '127.0.0.1');
           sent.push(`m${i} ${portOf(sender)}`);
         }
         await until(() => got.length >= 60);
         assert.deepStrictEqual(got, sent);
       });
  }

  it('keeps the batch of a listener with reuseBatch', async () => {
    const receiver = dgram.createSocket({ type: 'udp4', reuseBatch: true });
    sockets.push(receiver);
    const log = [];
    let depth = 0;
    receiver.on('batch', ({ count, data, sizes }) => {
      const text = data.toString('latin1');
      const before = [...sizes];
      log.push([++depth, count]);
      // Datagrams of several batches were read by one system call.
      if (depth === 1) runLoopUntil(() => log.length > 2);
      assert.ok(data.toString('latin1') === text, 'other bytes');
      assert.deepStrictEqual([...sizes], before);
      depth--;
    });
    receiver.bind(0, '127.0.0.1');
    await once(receiver, 'listening');
    receiver.setRecvBufferSize(1 << 20);
    const sender = await open();
    const list = [];
    for (let i = 0; i < 5; i++) {
      list.push(Buffer.alloc(30000 + i, 65 + i), portOf(receiver), '127.0.0.1');
    }
    sender.sendMany(list);
    await until(() => log.length >= 3 && depth === 0);
    if (dgram.transport === 'linux') {
      assert.ok(log.some(([level]) => level > 1), log.join(' '));
    }
  });

  it('delivers nothing to the successor of a closed socket', async () => {
    const leaked = [];
    const errors = [];
    const listeners = process.listeners('uncaughtException');
    process.removeAllListeners('uncaughtException');
    process.on('uncaughtException', ({ message }) => errors.push(message));
    try {
      const first = await open(() => {
        process.nextTick(() => {
          let closed = false;
          first.close(() => { closed = true; });
          runLoopUntil(() => closed);
          const second = dgram.createSocket('udp4', (msg) => leaked.push(msg));
          sockets.push(second);
          second.bindSync?.({ port: 0, address: '127.0.0.1' });
          throw new Error('in the tick');
        });
      });
      const sender = dgram.createSocket('udp4');
      sockets.push(sender);
      for (let i = 0; i < 6; i++)
        sender.send(`secret ${i}`, portOf(first), '127.0.0.1');
      await until(() => errors.length > 0);
      for (let i = 0; i < 5; i++) await new Promise(setImmediate);
      assert.deepStrictEqual(errors, ['in the tick']);
      assert.deepStrictEqual(leaked, []);
    } finally {
      process.removeAllListeners('uncaughtException');
      for (const listener of listeners)
        process.on('uncaughtException', listener);
    }
  });

  it('frees the sockets that it closes', async () => {
    const before = binding.stats().open;
    let done = 0;
    const receivers = [];
    for (let i = 0; i < 3; i++) {
      receivers.push(await open(() => {
        for (const socket of receivers.splice(0)) socket.close();
        for (let k = 0; k < 10; k++) inner.runLoop();
        done++;
      }));
    }
    const sender = dgram.createSocket('udp4');
    for (const socket of receivers)
      for (const text of ['1', '2']) sender.send(text, portOf(socket));
    await until(() => done === 1);
    sender.close();
    // Windows closes a socket only after its last read was cancelled.
    await until(() => binding.stats().open === before);
  });
});

describe('an error reported by libuv', () => {
  let env;

  beforeEach(() => { env = new inner.Env(); });

  afterEach(() => { env.end(); });

  function received(nread, withBuffer) {
    const seen = [];
    const code = env.uvReceived(nread, withBuffer, (buffers) => {
      seen.push(...buffers.map(({ length, status }) => ({ length, status })));
      return true;
    });
    assert.strictEqual(code, 0);
    return seen;
  }

  const failed = (status) => [{ length: 0, status }];

  it('is delivered, with a buffer or (as on Windows) without', () => {
    // ENOBUFS is also what libuv reports for a buffer that it does not get.
    for (const code of [codes.ECONNRESET, codes.ENOBUFS]) {
      for (const withBuffer of [true, false]) {
        assert.deepStrictEqual(received(code, withBuffer), failed(code));
      }
    }
  });

  it('is recognised as a length above a slot: libuv 1.52, IP_RECVERR', () => {
    assert.deepStrictEqual(received(2 ** 32 + codes.ECONNREFUSED, true),
      failed(codes.ECONNREFUSED));
    assert.deepStrictEqual(received(2 << 20, true), failed(codes.EIO));
  });
});
