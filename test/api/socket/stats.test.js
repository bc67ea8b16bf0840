'use strict';

// stats() of a socket and of the thread, compared with what was sent, with the
// kernel's own counters, and the channel 'dgram-native:drops'.

const assert = require('node:assert');
const dc = require('node:diagnostics_channel');
const os = require('node:os');
const {
  bound, close, connectedTo, describeNative, dgram, inWorker, isLinux, once,
  open, receive, reportsOf, send, stateOf, throwsCode,
} = require('../../support/dgram');
const { until } = require('../../e2e/support/limited');
const { udpSockets } = require('../../support/kernel');

const AT = '127.0.0.1';
const CHANNEL = 'dgram-native:drops';

const NAMES = [
  'received', 'receivedBytes', 'sent', 'sentBytes', 'sendErrors',
  'receiveCalls', 'sendCalls', 'mergedRuns', 'segmentedRuns', 'kernelDrops',
  'queued', 'queuedBytes',
];

const itLinux = isLinux ? it : it.skip;
const itBatched = dgram.transport === 'linux' ? it : it.skip;

const [major, minor] = os.release().split('.').map(Number);

/** Older loopback interfaces may refuse GSO sends, and merge nothing. */
const refusesGso = major < 5 || (major === 5 && minor < 12);

/** The column `drops` of a socket in /proc/net/udp. */
function dropsOf(socket) {
  const { port } = socket.address();
  // A file of /proc that changes while it is read may lack a line.
  for (let tries = 0; tries < 100; tries++) {
    const found = udpSockets('udp4').find((entry) => entry.port === port);
    if (found !== undefined) return found.drops;
  }
  return assert.fail(`no socket on port ${port}`);
}

/** Sends more than the receive buffer holds, before it can be read. */
async function overflow(receiver, sender, count = 500, size = 1000) {
  const packets = [];
  for (let i = 0; i < count; i++) {
    packets.push(Buffer.alloc(size - i % 2), receiver.address().port, AT);
  }
  await new Promise((resolve) => sender.sendMany(packets, resolve));
  return count;
}

const small = () => bound({ type: 'udp4', recvBufferSize: 8192 });

/** Waits until every datagram of a sender was received or dropped. */
function settled(receiver, count) {
  return until(() => JSON.stringify(receiver.stats()), () => {
    const { received, kernelDrops } = receiver.stats();
    return received + kernelDrops === count;
  });
}

describeNative('socket.stats()', () => {
  it('has all counters, 0 before bind()', () => {
    const stats = open('udp4').stats();
    assert.deepStrictEqual(Object.keys(stats), NAMES);
    const zero = Object.fromEntries(NAMES.map((name) => [name, 0]));
    if (!isLinux) zero.kernelDrops = undefined;
    assert.deepStrictEqual(stats, zero);
  });

  it('throws on a closed socket', async () => {
    const socket = await bound();
    await close(socket);
    throwsCode(() => socket.stats(), Error, 'ERR_SOCKET_DGRAM_NOT_RUNNING',
      'Not running');
  });

  for (const type of ['udp4', 'udp6']) {
    it(`counts datagrams and bytes, ${type}`, async () => {
      const receiver = await bound(type);
      const sender = await bound(type);
      const { port, address } = receiver.address();
      const messages = receive(receiver, 12);
      for (let i = 0; i < 5; i++) {
        await send(sender, 'x'.repeat(i), port, address);
      }
      sender.sendMany(Array.from({ length: 7 },
        () => ['12345', port, address]).flat());
      await messages;
      const { sent, sentBytes, sendErrors, sendCalls } = sender.stats();
      assert.deepStrictEqual({ sent, sentBytes, sendErrors },
        { sent: 12, sentBytes: 45, sendErrors: 0 });
      assert.ok(sendCalls >= 6 && sendCalls <= 12, `${sendCalls}`);
      const stats = receiver.stats();
      assert.deepStrictEqual([stats.received, stats.receivedBytes],
        [12, 45]);
      assert.ok(stats.receiveCalls >= 1, `${stats.receiveCalls}`);
      assert.deepStrictEqual([stats.sent, stats.sentBytes], [0, 0]);
    });
  }

  it('counts what was sent before the call, not after', async () => {
    const peer = await bound();
    const socket = await connectedTo(peer);
    const messages = receive(peer, 3);
    for (const text of ['1', '22', '333']) socket.send(text);
    const { sent, sentBytes } = socket.stats();
    assert.deepStrictEqual([sent, sentBytes], [3, 6]);
    await messages;
    assert.strictEqual(socket.stats().sent, 3);
  });

  it('counts errors', async () => {
    const socket = await bound();
    const { port } = socket.address();
    const errors = await Promise.all([70000, 66000].map((size) =>
      new Promise((resolve) =>
        socket.send(Buffer.alloc(size), port, AT, resolve))));
    for (const { code } of errors) assert.strictEqual(code, 'EMSGSIZE');
    const { sent, sentBytes, sendErrors } = socket.stats();
    assert.deepStrictEqual([sent, sentBytes, sendErrors], [0, 0, 2]);
  });

  itBatched('counts GSO sends, GRO buffers and calls', async function() {
    const receiver = await bound();
    const sender = await connectedTo(receiver);
    // GRO is switched on by the first read of several messages.
    for (let round = 0; round < 5; round++) {
      const messages = receive(receiver, 64);
      sender.sendMany(new Array(64).fill(Buffer.alloc(100)));
      await messages;
    }
    const { received, mergedRuns, receiveCalls } = receiver.stats();
    const out = sender.stats();
    assert.deepStrictEqual([out.sent, received], [320, 320]);
    if (refusesGso && out.segmentedRuns === 0) this.skip();
    assert.deepStrictEqual([out.segmentedRuns, out.sendCalls], [5, 5]);
    assert.ok(mergedRuns >= 3 && mergedRuns <= 320 / 2, `${mergedRuns}`);
    assert.ok(receiveCalls < 320, `${receiveCalls}`);
  });

  it('counts each datagram once if it was queued', async () => {
    const reports = await reportsOf((inner, report) => {
      const receiver = inner.createSocket('udp4');
      const { port, address } = receiver.bindSync({ address: '127.0.0.1' });
      const socket = inner.createSocket('udp4');
      let left = 10;
      const callback = () => {
        if (--left > 0) return;
        const { sent, sentBytes, sendErrors, queued } = socket.stats();
        report({ sent, sentBytes, sendErrors, queued });
        socket.close();
        receiver.close();
      };
      socket.bindSync({ address });
      socket.connectSync(port, address);
      for (let i = 0; i < 10; i++) socket.send('12', callback);
      const { sent, queued, queuedBytes } = socket.stats();
      report({ sent, queued, queuedBytes });
      const { queued: all, queuedBytes: bytes } = inner.stats();
      report([all, bytes]);
    }, { execArgv: ['--test-udp-no-try-send'] });
    assert.deepStrictEqual(reports, [
      { sent: 0, queued: 10, queuedBytes: 20 }, [10, 20],
      { sent: 10, sentBytes: 20, sendErrors: 0, queued: 0 },
    ]);
  });

  itLinux('tells what the kernel drops', async () => {
    const receiver = await small();
    const count = await overflow(receiver, await bound());
    await settled(receiver, count);
    const { kernelDrops } = receiver.stats();
    assert.ok(kernelDrops > 0);
    assert.strictEqual(kernelDrops, dropsOf(receiver));
  });

  itLinux('does not count drops before bind({ fd })', async () => {
    const owner = await small();
    const count = await overflow(owner, await bound());
    await settled(owner, count);
    const socket = open('udp4');
    socket.bind({ fd: stateOf(owner).handle.share() });
    assert.strictEqual(socket.stats().kernelDrops, 0);
    assert.ok(owner.stats().kernelDrops > 0);
  });
});

describeNative('dgram.stats()', () => {
  it('sums open and closed sockets of the thread', async () => {
    const before = dgram.stats();
    assert.deepStrictEqual(Object.keys(before), NAMES);
    const receiver = await bound();
    const first = await bound();
    const second = await bound();
    const { port } = receiver.address();
    const messages = receive(receiver, 2);
    await send(first, 'abc', port, AT);
    await close(first);
    await send(second, 'de', port, AT);
    await messages;
    await close(receiver);
    const { sent, sentBytes, received, receivedBytes } = dgram.stats();
    assert.deepStrictEqual([
      sent - before.sent, sentBytes - before.sentBytes,
      received - before.received, receivedBytes - before.receivedBytes,
    ], [2, 5, 2, 5]);
  });

  itLinux('keeps the drops of a closed socket', async () => {
    const before = dgram.stats().kernelDrops;
    const receiver = await small();
    await overflow(receiver, await bound());
    await once(receiver, 'message');
    const drops = dropsOf(receiver);
    await close(receiver);
    assert.ok(drops > 0);
    assert.strictEqual(dgram.stats().kernelDrops - before, drops);
  });

  it('counts the thread only', async () => {
    const worker = inWorker((inner, parentPort) => {
      const socket = inner.createSocket('udp4');
      socket.bind(0, '127.0.0.1', () => {
        socket.send('x', socket.address().port, '127.0.0.1', () => {
          parentPort.postMessage(inner.stats().sent);
          socket.close();
        });
      });
    });
    const before = dgram.stats().sent;
    const [sent] = await once(worker, 'message');
    await once(worker, 'exit');
    assert.strictEqual(sent, 1);
    assert.strictEqual(dgram.stats().sent, before);
  });
});

(isLinux ? describeNative : describe.skip)(`channel ${CHANNEL}`, () => {
  let published;
  const onDrops = (message) => published.push(message);

  beforeEach(() => {
    published = [];
    dc.subscribe(CHANNEL, onDrops);
  });

  afterEach(() => dc.unsubscribe(CHANNEL, onDrops));

  it('has a message when a socket that receives has drops', async () => {
    const receiver = await small();
    await overflow(receiver, await bound());
    await until('a message', () => published.length > 0);
    const [{ socket, dropped, kernelDrops }] = published;
    assert.deepStrictEqual(Object.keys(published[0]),
      ['socket', 'dropped', 'kernelDrops']);
    assert.strictEqual(socket, receiver);
    assert.strictEqual(dropped, dropsOf(receiver));
    assert.strictEqual(kernelDrops, dropped);
  });

  it('has a message from stats(), with the growth only', async () => {
    const receiver = await small();
    const sender = await bound();
    const listener = () => {};
    receiver.on('message', listener);
    await overflow(receiver, sender);
    receiver.stats();
    receiver.stats();
    assert.strictEqual(published.length, 1);
    const [{ dropped }] = published;
    assert.strictEqual(dropped, dropsOf(receiver));
    await overflow(receiver, sender);
    receiver.stats();
    assert.strictEqual(published.reduce((sum, more) => sum + more.dropped, 0),
      dropsOf(receiver));
    assert.strictEqual(published.at(-1).kernelDrops, dropsOf(receiver));
  });

  it('has at most one message in 250 ms', async () => {
    const receiver = await small();
    const sender = await bound();
    receiver.on('message', () => {});
    const start = process.hrtime.bigint();
    for (let i = 0; i < 20; i++) {
      await overflow(receiver, sender, 100);
      await new Promise(setImmediate);
    }
    const elapsed = Number(process.hrtime.bigint() - start) / 1e6;
    assert.ok(published.length >= 1);
    assert.ok(published.length <= 1 + elapsed / 250,
      `${published.length} in ${elapsed} ms`);
  });

  it('has no message without drops', async () => {
    const receiver = await bound();
    const messages = receive(receiver, 1);
    await send(await bound(), 'x', receiver.address().port, AT);
    await messages;
    receiver.stats();
    assert.deepStrictEqual(published, []);
  });
});
