'use strict';

// Memory that a program can see through its messages: only its own datagrams.
// With `sharedBuffers` and 'batch' a message exposes its block, which holds the
// datagrams that one socket received together, and no other byte.

const assert = require('node:assert');
const net = require('node:net');
const {
  bound, connectedTo, describeNative, isLinux, itBatched, nodeAtLeast, receive,
  reportsOf,
} = require('../../support/dgram');

/** The largest block, see docs/api.md. */
const BLOCK_MAX = 64 * 1024;

/** The byte that fills datagram `i`; never 0. */
const fillOf = (i) => 1 + i % 250;

/** Equal sizes, which arrive as GRO buffers, and sizes that end a buffer. */
const SIZES = [
  ...new Array(30).fill(3), 0, ...new Array(40).fill(100), 99, 0, 0, 1,
  ...new Array(20).fill(1400), 700, 9000, 40000, 0, 65507, 2,
];

/**
 * Sends datagrams of these sizes, 48 per tick, and waits for each part so that
 * the kernel drops none.
 * @returns {Promise<Array<{ msg: Buffer, rinfo: object }>>}
 */
async function exchange(receiver, sizes, sender) {
  const all = [];
  for (let first = 0; first < sizes.length; first += 48) {
    const part = sizes.slice(first, first + 48);
    const messages = receive(receiver, part.length);
    part.forEach((size, i) =>
      sender.send(Buffer.alloc(size, fillOf(first + i))));
    all.push(...await messages);
  }
  return all;
}

/** Checks that bytes belong to one datagram. */
function assertFilledWith(bytes, fill, message) {
  assert.ok(bytes.every((byte) => byte === fill), message);
}

/** A receiver with a large buffer and its connected sender, after a burst. */
async function pair(options = 'udp4') {
  const receiver = await bound(options);
  receiver.setRecvBufferSize(4 << 20);
  const sender = await connectedTo(receiver);
  await exchange(receiver, new Array(20).fill(10), sender);
  return { receiver, sender };
}

describe('the memory of a message', () => {
  for (const type of ['udp4', 'udp6']) {
    it(`holds only its own bytes: ${type}`, async () => {
      const { receiver, sender } = await pair(type);
      const received = await exchange(receiver, SIZES, sender);
      const memories = new Set();
      received.forEach(({ msg }, i) => {
        const label = `datagram ${i} of ${SIZES[i]} bytes`;
        assert.strictEqual(msg.length, SIZES[i], label);
        assert.strictEqual(msg.byteOffset, 0, label);
        assert.strictEqual(msg.buffer.byteLength, SIZES[i], label);
        assertFilledWith(new Uint8Array(msg.buffer), fillOf(i), label);
        memories.add(msg.buffer);
      });
      assert.strictEqual(memories.size, SIZES.length);
    });
  }

  it('does not show what a listener writes to other messages', async () => {
    const { receiver, sender } = await pair();
    receiver.on('message', (msg) => {
      new Uint8Array(msg.buffer).fill(255);
    });
    const copies = [];
    receiver.prependListener('message', (msg) => copies.push(Buffer.from(msg)));
    await exchange(receiver, SIZES, sender);
    copies.forEach((msg, i) => assertFilledWith(msg, fillOf(i), `datagram ${i}`));
  });

  it('is accompanied by an rinfo object of its own', async () => {
    const { receiver, sender } = await pair();
    const { address, port } = sender.address();
    const expected = (size) => ({ address, family: 'IPv4', port, size });
    receiver.prependListener('message', (msg, rinfo) => {
      assert.deepStrictEqual(rinfo, expected(msg.length));
      setImmediate(() => Object.assign(rinfo, { address: 'x', port: 0 }));
    });
    const sizes = new Array(40).fill(50);
    const received = [
      ...await exchange(receiver, sizes, sender),
      ...await exchange(receiver, sizes, sender),
    ];
    assert.strictEqual(new Set(received.map(({ rinfo }) => rinfo)).size, 80);
  });
});

describeNative('the memory of a message with sharedBuffers', () => {
  const options = { type: 'udp4', sharedBuffers: true };

  /** The messages of each block, in order. */
  function blocksOf(received) {
    const blocks = new Map();
    for (const { msg } of received) {
      if (!blocks.has(msg.buffer)) blocks.set(msg.buffer, []);
      blocks.get(msg.buffer).push(msg);
    }
    return blocks;
  }

  itBatched('holds the messages of its block without gaps', async () => {
    const { receiver, sender } = await pair(options);
    const received = await exchange(receiver, SIZES, sender);
    received.forEach(({ msg }, i) =>
      assertFilledWith(msg, fillOf(i), `datagram ${i}`));
    const blocks = blocksOf(received);
    for (const [block, messages] of blocks) {
      assert.ok(block.byteLength <= BLOCK_MAX, `${block.byteLength} bytes`);
      let end = 0;
      for (const { byteOffset, length } of messages) {
        assert.strictEqual(byteOffset, end);
        end += length;
      }
      assert.strictEqual(block.byteLength, end);
    }
    // There were several blocks, and blocks of several messages.
    assert.ok(blocks.size > 1 && blocks.size < SIZES.length);
  });

  it('holds no datagram of another socket', async () => {
    const pairs = [await pair(options), await pair(options), await pair()];
    const sizes = new Array(24).fill(200);
    const all = await Promise.all(pairs.map(({ receiver, sender }, which) => {
      const messages = receive(receiver, sizes.length);
      for (const size of sizes) sender.send(Buffer.alloc(size, 1 + which));
      return messages;
    }));
    all.forEach((received, which) => {
      for (const { msg } of received)
        assertFilledWith(new Uint8Array(msg.buffer), 1 + which, `socket ${which}`);
    });
  });
});

describeNative('the memory of a batch', () => {
  /** Resolves to the batches once `count` datagrams were received. */
  function batchesOf(receiver, count) {
    const batches = [];
    let got = 0;
    return new Promise((resolve) => receiver.on('batch', (batch) => {
      batches.push(batch);
      got += batch.count;
      if (got >= count) resolve(batches);
    }));
  }

  /** Checks that a block holds the payload, the columns and zeros. */
  function checkBlock({ data, offsets, sizes, ports }) {
    const rest = new Uint8Array(data.buffer.slice(0));
    assert.strictEqual(data.byteOffset, 0);
    assert.ok(data.length <= BLOCK_MAX);
    for (const column of [data, offsets, sizes, ports])
      if (column.buffer === data.buffer)
        rest.fill(0, column.byteOffset, column.byteOffset + column.byteLength);
    assertFilledWith(rest, 0, 'bytes outside of every column');
  }

  it('holds payload, columns, and zeros between them', async () => {
    const receiver = await bound();
    const sender = await connectedTo(receiver);
    let count = 0;
    // Sizes that leave one, two and three bytes of padding.
    for (const sizes of [[5], [6, 0], [7, 7, 7], [1, 2], [0]]) {
      const batches = batchesOf(receiver, sizes.length);
      for (const size of sizes) sender.send(Buffer.alloc(size, 7));
      for (const batch of await batches) {
        count += batch.count;
        assertFilledWith(batch.data, 7, 'payload');
        checkBlock(batch);
      }
      receiver.removeAllListeners('batch');
    }
    assert.strictEqual(count, 9);
  });

  (nodeAtLeast('22.13.0', '23.3.0') ? it : it.skip)(
    'holds no rows of blocked datagrams', async () => {
      const receiveBlockList = new net.BlockList();
      receiveBlockList.addAddress('127.0.0.2');
      const receiver = await bound({ type: 'udp4', receiveBlockList });
      const blocked = await bound('udp4', 0, '127.0.0.2');
      const allowed = await bound();
      const batches = batchesOf(receiver, 20);
      // Sent within one tick, so that they arrive together.
      for (let i = 0; i < 20; i++) {
        for (const [sender, fill] of [[blocked, 8], [allowed, 7]]) {
          sender.sendMany([Buffer.alloc(50, fill), receiver.address().port,
                           '127.0.0.1']);
        }
      }
      const received = await batches;
      for (const batch of received) {
        checkBlock(batch);
        for (let i = 0; i < batch.count; i++) {
          assertFilledWith(
            batch.data.subarray(batch.offsets[i], batch.offsets[i] + 50), 7);
        }
      }
      assert.ok(received.some(({ data, offsets }) =>
        offsets.buffer !== data.buffer), 'no datagram was blocked');
    });
});

describe('the memory of every message', () => {
  const poisonable = isLinux &&
    process.report.getReport().header.glibcVersionRuntime !== undefined;

  /**
   * Receives in each mode, in a process whose malloc() fills new memory with
   * 0x5a and freed memory with 0xa5. Reports whether malloc() does so, the
   * number of datagrams, and which of the two bytes a listener could see.
   */
  async function reportBytes(dgram, report) {
    const { once } = require('node:events');
    report(Buffer.allocUnsafeSlow(100).every((byte) => byte === 0x5a));
    const receivers = [
      {}, { sharedBuffers: true }, {}, {}, { reuseBatch: true },
    ].map((options) => dgram.createSocket({ type: 'udp4', ...options }));
    const sender = dgram.createSocket('udp4');
    const counts = [0, 0, 0, 0, 0];
    const odd = new Set();
    const inspect = (memory) => {
      for (const byte of new Uint8Array(memory))
        if (byte === 0x5a || byte === 0xa5) odd.add(byte);
    };
    const onMessage = (which) => (msg) => {
      counts[which]++;
      inspect(msg.buffer);
    };
    const onBatch = (which) => ({ count, data, offsets, sizes, ports }) => {
      counts[which] += count;
      const rest = data.buffer.slice(0);
      // Columns may contain any byte.
      for (const column of [offsets, sizes, ports])
        if (column.buffer === data.buffer)
          new Uint8Array(rest, column.byteOffset, column.byteLength).fill(0);
      inspect(rest);
    };
    receivers[0].on('message', onMessage(0));
    receivers[1].on('message', onMessage(1));
    if (dgram.transport) receivers[2].on('batch', onBatch(2));
    if (dgram.transport) receivers[3].on('batch', onBatch(3));
    // Later batches find the columns of earlier ones.
    if (dgram.transport) receivers[4].once('batch', onBatch(4));
    receivers[3].on('message', (msg) => inspect(msg.buffer));
    const rounds = 6;
    const sizes = [0, 1, 2, 3, 64, 64, 64, 64, 5, 0, 1400, 1400, 0, 9000];
    for (const receiver of receivers) {
      receiver.bind(0, '127.0.0.1');
      await once(receiver, 'listening');
    }
    for (let round = 0; round < rounds; round++) {
      for (const receiver of receivers)
        for (const size of sizes)
          sender.send(Buffer.alloc(size, 1), receiver.address().port);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    for (const socket of [...receivers, sender]) socket.close();
    report(counts);
    report([...odd]);
  }

  (poisonable ? it : it.skip)('contains no uninitialized bytes', async () => {
    const [poisoned, counts, odd] = await reportsOf(reportBytes, {
      env: {
        GLIBC_TUNABLES:
          'glibc.malloc.perturb=165:glibc.malloc.tcache_count=0',
        // The same for the sanitizer's malloc(), used by npm run test:memory.
        ASAN_OPTIONS: `${process.env.ASAN_OPTIONS ?? ''}:malloc_fill_byte=90:` +
          'max_malloc_fill_size=1073741824',
      },
    });
    assert.strictEqual(poisoned, true);
    assert.ok(counts[0] > 0 && counts[1] > 0, counts.join());
    assert.deepStrictEqual(odd, []);
  });
});
