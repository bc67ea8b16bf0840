'use strict';

// Answers to the datagrams of one received batch leave together. The tests look
// at a peer on another thread: which answers have arrived when the next
// listener is called, and at each moment by which node:dgram has sent them.

const assert = require('node:assert');
const nodeDgram = require('node:dgram');
const {
  bound, closeLater, inChild, inWorker, isLinux, isNative, itNative, once, open,
  receiveText, reportsOf, nextIteration,
} = require('../../support/dgram');
const { Peer } = require('../../support/peer');

const PEER = require.resolve('../../support/peer');
const HOST = '127.0.0.1';
const TEXTS = ['1', '2', '3', '4', '5'];

// Windows has no signals.
const isWindows = process.platform === 'win32';

/** Since Node 22.15. */
const hasExecve = 'execve' in process;

/** Linux delivers several datagrams in one batch on all supported versions. */
const itBatched = isNative && isLinux ? it : it.skip;

const nothing = () => {};

function block(milliseconds) {
  const words = new Int32Array(new SharedArrayBuffer(4));
  Atomics.wait(words, 0, 0, milliseconds);
}

let peer;
let server;
let requester;

beforeEach(async () => {
  peer = await Peer.open();
  server = await bound();
  requester = closeLater(nodeDgram.createSocket('udp4'));
  requester.connect(server.address().port, HOST);
  await once(requester, 'connect');
});

afterEach(() => peer.close());

const answer = (text, ...callback) =>
  server.send(text, peer.port, HOST, ...callback);

/**
 * Delivers one batch, whose nth datagram calls the nth listener.
 * @returns {Promise<Array>} their results
 */
function deliver(listeners) {
  return new Promise((resolve, reject) => {
    const results = [];
    server.on('message', function onMessage() {
      try {
        results.push(listeners[results.length]());
      } catch (error) {
        reject(error);
      }
      if (results.length < listeners.length) return;
      server.removeListener('message', onMessage);
      resolve(results);
    });
    for (let i = 0; i < listeners.length; i++) requester.send('request');
  });
}

/** What has arrived within the second listener, after act(). */
async function seenAfter(act, count = 1) {
  const [, seen] = await deliver([
    () => answer('1'),
    () => {
      act();
      return peer.arrived(count);
    },
    nothing,
  ]);
  return seen;
}

/**
 * What has arrived in an immediate that the last of `listeners` schedules.
 * `more` datagrams follow in the batch.
 */
function seenInImmediate(listeners, more = 0) {
  return new Promise((resolve, reject) => {
    deliver([
      ...listeners.slice(0, -1),
      () => {
        listeners.at(-1)();
        setImmediate(() => resolve(peer.arrived(1)));
      },
      ...new Array(more).fill(nothing),
    ]).catch(reject);
  });
}

describe('answers to one received batch', () => {
  itBatched('wait for each other and leave in order', async () => {
    assert.strictEqual(await seenAfter(() => answer('2'), 0), '');
    await nextIteration();
    assert.strictEqual(peer.arrived(2), '12');
  });

  itBatched('wait for each other up to the 64th', async () => {
    const results = await deliver([
      () => { for (let i = 0; i < 63; i++) answer('x'); },
      () => peer.arrived(0),
      nothing,
    ]);
    assert.strictEqual(results[1], '');
  });

  it('leave with the 64th', async () => {
    const results = await deliver([
      () => { for (let i = 0; i < 64; i++) answer('x'); },
      () => peer.arrived(64),
      nothing,
    ]);
    assert.strictEqual(results[1], 'x'.repeat(64));
  });

  // 5 * 60,000 bytes exceed the 256 KiB of a send batch.
  itNative('leave when the send batch is full', async () => {
    const large = Buffer.alloc(60000, 'x');
    const results = await deliver([
      () => { for (let i = 0; i < 4; i++) answer(large); },
      () => {
        answer(large);
        return peer.arrived(1);
      },
      nothing,
    ]);
    assert.match(results[1], /^x{1,4}$/); // the peer may lose some
  });

  it('leave at the end of the batch', async () => {
    assert.strictEqual(
      await seenInImmediate([() => answer('1'), nothing]), '1');
  });

  it('leave when the batch is paused', async () => {
    const seen = await seenInImmediate([
      ...new Array(31).fill(nothing),
      () => {
        block(3);
        answer('1');
      },
    ], 2);
    assert.strictEqual(seen, '1');
  });

  it('leave after a slow listener; then they do not wait', async () => {
    const results = await deliver([
      () => answer('1'),
      () => block(5),
      () => peer.arrived(1),
      () => answer('2'),
      () => peer.arrived(2),
      nothing,
    ]);
    assert.deepStrictEqual([results[2], results[4]], ['1', '12']);
    assert.strictEqual(await seenAfter(nothing, 3), '121');
  });

  itBatched('wait again some batches after a slow listener', async () => {
    await deliver([() => answer('1'), () => block(5), nothing]);
    for (let i = 0; i < 10; i++) await deliver([nothing, nothing]);
    assert.strictEqual(await seenAfter(nothing, 0), '1');
  });

  it('keep their order with sends that have a callback', async () => {
    await deliver([
      () => answer('1'),
      () => {
        answer('2');
        answer('3', nothing);
      },
      () => answer('4'),
      () => answer('5'),
    ]);
    await nextIteration();
    assert.strictEqual(peer.arrived(5), '12345');
  });

  // What leaves early takes its callback with it.
  for (const [name, act] of [
    ['sendMany()', () => server.sendMany(['2', peer.port, HOST])],
    ['a full send batch', () => {
      for (let i = 0; i < 520; i++) answer('x');
    }],
  ]) {
    itNative(`do not delay callbacks of the tick, after ${name}`, async () => {
      const order = [];
      await deliver([
        () => {
          order.push('message 1');
          answer('1', () => order.push('callback'));
          act();
        },
        () => {
          order.push('message 2');
          answer('3');
        },
        () => order.push('message 3'),
      ]);
      await nextIteration();
      assert.deepStrictEqual(
        order, ['message 1', 'callback', 'message 2', 'message 3']);
    });
  }

  it('do not wait while nextTick() is replaced', async () => {
    const { nextTick } = process;
    process.nextTick = (...args) => nextTick(...args);
    try {
      assert.strictEqual(await seenAfter(nothing), '1');
    } finally {
      process.nextTick = nextTick;
    }
  });

  it('do not wait with DGRAM_NATIVE_DEFER_ANSWERS=0', async () => {
    assert.deepStrictEqual(
      await reportsOf(answerInChild, {
        args: [PEER, '(report, peer) => report(peer.arrived(1))'],
        env: { DGRAM_NATIVE_DEFER_ANSWERS: '0' },
      }), ['1']);
  });
});

describe('earlier answers leave before', () => {
  it('a send with a callback', async () => {
    assert.strictEqual(await seenAfter(() => answer('c', nothing)), '1');
  });

  it('a send on a connected socket', async () => {
    const connected = open('udp4');
    connected.connect(peer.port, HOST);
    await once(connected, 'connect');
    assert.strictEqual(await seenAfter(() => connected.send('c'), 2), '1c');
  });

  it('a send after a lookup', async () => {
    const other = await bound({
      type: 'udp4', lookup: (name, family, callback) => callback(null, HOST),
    });
    assert.strictEqual(
      await seenAfter(() => other.send('l', peer.port, 'name'), 2), '1l');
  });

  itNative('sendMany()', async () => {
    const other = await bound();
    assert.strictEqual(await seenAfter(
      () => other.sendMany(['m', peer.port, HOST]), 2), '1m');
  });

  // The answer of the current tick is dropped, as with node:dgram.
  it('close()', async () => {
    const seen = await seenOfClosed();
    assert.strictEqual(seen, '1');
    await nextIteration();
    assert.strictEqual(peer.arrived(1), '1');
  });

  function seenOfClosed() {
    return new Promise((resolve, reject) => {
      deliver([
        () => answer('1'),
        () => {
          answer('2');
          server.close();
          resolve(peer.arrived(1));
        },
        nothing,
      ]).catch(reject);
    });
  }

  for (const [name, act] of Object.entries({
    'setTTL()': () => server.setTTL(7),
    'setBroadcast()': () => server.setBroadcast(true),
    'setMulticastTTL()': () => server.setMulticastTTL(7),
    'setMulticastLoopback()': () => server.setMulticastLoopback(true),
    'setSendBufferSize()': () => server.setSendBufferSize(65536),
    'addMembership()': () => server.addMembership('224.0.0.114', HOST),
    'addSourceSpecificMembership()': () =>
      server.addSourceSpecificMembership(HOST, '232.1.1.1', HOST),
    'getSendQueueSize()': () => server.getSendQueueSize(),
    'getSendQueueCount()': () => server.getSendQueueCount(),
  })) {
    // An answer of the current tick leaves afterwards, as with node:dgram.
    it(name, async () => {
      assert.strictEqual(await seenAfter(() => {
        answer('2');
        act();
      }), '1');
      await nextIteration();
      assert.strictEqual(peer.arrived(2), '12');
    });
  }

  itNative('connectSync()', async () => {
    assert.strictEqual(
      await seenAfter(() => server.connectSync(peer.port, HOST)), '1');
  });

  it('disconnect() of another socket', async () => {
    const connected = open('udp4');
    connected.connect(peer.port, HOST);
    await once(connected, 'connect');
    assert.strictEqual(await seenAfter(() => connected.disconnect()), '1');
  });
});

/** Answers '1'; then calls act(report, peer, dgram) in the next listener. */
async function answerInChild(dgram, report, file, act, handled) {
  const { Peer } = require(file);
  const peer = await Peer.open();
  if (handled)
    process.on('uncaughtException', () => report(peer.arrived(1)));
  const requester = require('node:dgram').createSocket('udp4');
  let requests = 0;
  const server = dgram.createSocket('udp4', () => {
    requests++;
    if (requests === 1) server.send('1', peer.port, '127.0.0.1');
    if (requests === 2) (0, eval)(act)(report, peer);
    if (requests < 3) return;
    server.close();
    requester.close();
    peer.close();
  });
  server.bind(0, '127.0.0.1', () => {
    requester.connect(server.address().port, '127.0.0.1', () => {
      for (let i = 0; i < 3; i++) requester.send('request');
    });
  });
}

describe('earlier answers leave before an uncaughtException handler', () => {
  for (const [name, act, handled] of [
    ['is called', () => { throw new Error('thrown by the listener'); }, true],
    ['is called for an error of a tick', () => {
      process.nextTick(() => { throw new Error('thrown by a tick'); });
    }, true],
    ['that the listener has added', (report, peer) => {
      process.on('uncaughtException', () => report(peer.arrived(1)));
      throw new Error('thrown by the listener');
    }, false],
  ]) {
    it(name, async () => {
      assert.deepStrictEqual(
        await reportsOf(answerInChild, { args: [PEER, `${act}`, handled] }), ['1']);
    });
  }
});

/** Answers TEXTS to one datagram, and calls end() for the next one. */
function answerAndEnd(dgram, texts, port, end) {
  const requester = require('node:dgram').createSocket('udp4');
  let requests = 0;
  const server = dgram.createSocket('udp4', () => {
    if (++requests === 1)
      for (const text of texts) server.send(text, port, '127.0.0.1');
    if (requests === 2) end();
  });
  server.bind(0, '127.0.0.1', () => {
    requester.connect(server.address().port, '127.0.0.1', () => {
      for (let i = 0; i < 3; i++) requester.send('request');
    });
  });
}

describe('earlier answers leave before the process ends', () => {
  async function assertAllSent(end, expected) {
    const receiver = await bound();
    const texts = receiveText(receiver, TEXTS.length);
    const { code, signal } = await inChild(`(dgram, report, port) => {
      (${answerAndEnd})(dgram, ${JSON.stringify(TEXTS)}, port, ${end});
    }`, { args: [receiver.address().port] });
    assert.deepStrictEqual(await texts, TEXTS);
    assert.deepStrictEqual({ code, signal },
      { code: null, signal: null, ...expected });
  }

  for (const [name, end, expected] of [
    ['process.exit()', () => process.exit(3), { code: 3 }],
    ['process.reallyExit()', () => process.reallyExit(3), { code: 3 }],
    ['process.kill()', () => process.kill(process.pid, 'SIGKILL'),
     isWindows ? { code: 1 } : { signal: 'SIGKILL' }],
    ['process.abort()', () => process.abort(),
     isWindows ? { code: 134 } : { signal: 'SIGABRT' }],
    ['an uncaught error', () => { throw new Error('uncaught'); }, { code: 1 }],
    ['a handler throws', () => {
      process.on('uncaughtException', () => { throw new Error('again'); });
      throw new Error('first');
    }, { code: 7 }],
    ['an unhandled rejection',
     () => { Promise.reject(new Error('unhandled')); }, { code: 1 }],
  ]) it(`by ${name}`, () => assertAllSent(end, expected));

  (hasExecve ? it : it.skip)('by process.execve()', () => assertAllSent(
    `() => process.execve('/bin/true', ['true'], {})`, { code: 0 }));

  for (const [name, end] of [
    ['worker.terminate()', `() => {
      parentPort.postMessage('answered');
      for (;;);
    }`],
    ['process.exit() in a worker', '() => process.exit()'],
  ]) {
    it(`by ${name}`, async () => {
      const receiver = await bound();
      const texts = receiveText(receiver, TEXTS.length);
      const worker = inWorker(`(dgram, parentPort, { port, texts }) => {
        (${answerAndEnd})(dgram, texts, port, ${end});
      }`, { port: receiver.address().port, texts: TEXTS });
      const exited = once(worker, 'exit');
      if (name === 'worker.terminate()') {
        await once(worker, 'message');
        await worker.terminate();
      }
      await exited;
      assert.deepStrictEqual(await texts, TEXTS);
    });
  }
});
