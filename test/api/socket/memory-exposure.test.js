'use strict';

// What a program can see of memory through what it is given: nothing but the
// datagrams that are its own. With our `sharedBuffers`
// and 'batch' a message shows its block: the datagrams of one socket that came
// in together, and not a byte more.

const assert = require('node:assert');
const {
  bound, connectedTo, describeNative, isLinux, receive, reportsOf,
} = require('../../support/dgram');

/** A block holds this much, as docs/api.md says. */
const BLOCK_MAX = 64 * 1024;

/** Datagram `i` consists of one byte, which is not 0. */
const fillOf = (i) => 1 + i % 250;

/** Runs of one size, which come in merged, and what breaks them. */
const SIZES = [
  ...new Array(30).fill(3), 0, ...new Array(40).fill(100), 99, 0, 0, 1,
  ...new Array(20).fill(1400), 700, 9000, 40000, 0, 65507, 2,
];

/**
 * Sends datagrams of these sizes, a few in a tick, and waits until they came:
 * the kernel drops what does not fit.
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

/** That bytes are of one datagram and of nothing else. */
function consistsOf(bytes, fill, what) {
  assert.ok(bytes.every((byte) => byte === fill), what);
}

/** A receiver with room and a connected sender, after a first burst. */
async function pair(options = 'udp4') {
  const receiver = await bound(options);
  receiver.setRecvBufferSize(4 << 20);
  const sender = await connectedTo(receiver);
  await exchange(receiver, new Array(20).fill(10), sender);
  return { receiver, sender };
}

describe('memory that a message shows', () => {
  for (const type of ['udp4', 'udp6']) {
    it(`${type}: its own bytes and no others`, async () => {
      const { receiver, sender } = await pair(type);
      const received = await exchange(receiver, SIZES, sender);
      const memories = new Set();
      received.forEach(({ msg }, i) => {
        const what = `datagram ${i} of ${SIZES[i]} bytes`;
        assert.strictEqual(msg.length, SIZES[i], what);
        assert.strictEqual(msg.byteOffset, 0, what);
        assert.strictEqual(msg.buffer.byteLength, SIZES[i], what);
        consistsOf(new Uint8Array(msg.buffer), fillOf(i), what);
        memories.add(msg.buffer);
      });
      assert.strictEqual(memories.size, SIZES.length);
    });
  }

  it('what one listener writes, no other message shows', async () => {
    const { receiver, sender } = await pair();
    receiver.on('message', (msg) => {
      new Uint8Array(msg.buffer).fill(255);
    });
    const kept = [];
    receiver.prependListener('message', (msg) => kept.push(Buffer.from(msg)));
    await exchange(receiver, SIZES, sender);
    kept.forEach((msg, i) => consistsOf(msg, fillOf(i), `datagram ${i}`));
  });

  it('every rinfo is an object of its own', async () => {
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

describeNative('memory that a message with sharedBuffers shows', () => {
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

  it('the other messages of its block, which they fill', async () => {
    const { receiver, sender } = await pair(options);
    const received = await exchange(receiver, SIZES, sender);
    received.forEach(({ msg }, i) =>
      consistsOf(msg, fillOf(i), `datagram ${i}`));
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
    // It was about something.
    assert.ok(blocks.size > 1 && blocks.size < SIZES.length);
  });

  it('nothing of another socket', async () => {
    const pairs = [await pair(options), await pair(options), await pair()];
    const sizes = new Array(24).fill(200);
    const all = await Promise.all(pairs.map(({ receiver, sender }, which) => {
      const messages = receive(receiver, sizes.length);
      for (const size of sizes) sender.send(Buffer.alloc(size, 1 + which));
      return messages;
    }));
    all.forEach((received, which) => {
      for (const { msg } of received)
        consistsOf(new Uint8Array(msg.buffer), 1 + which, `socket ${which}`);
    });
  });
});

describeNative('memory that a batch shows', () => {
  /** Resolves to the batches, once `count` datagrams came. */
  function batchesOf(receiver, count) {
    const batches = [];
    let got = 0;
    return new Promise((resolve) => receiver.on('batch', (batch) => {
      batches.push(batch);
      got += batch.count;
      if (got >= count) resolve(batches);
    }));
  }

  /** That a block is payload, columns, and zeros. */
  function checkBlock({ data, offsets, sizes, ports }) {
    const rest = new Uint8Array(data.buffer.slice(0));
    assert.strictEqual(data.byteOffset, 0);
    assert.ok(data.length <= BLOCK_MAX);
    for (const column of [data, offsets, sizes, ports])
      if (column.buffer === data.buffer)
        rest.fill(0, column.byteOffset, column.byteOffset + column.byteLength);
    consistsOf(rest, 0, 'what belongs to no column');
  }

  it('payload, columns, and zeros between them', async () => {
    const receiver = await bound();
    const sender = await connectedTo(receiver);
    let count = 0;
    // Sizes that leave one, two and three bytes of padding.
    for (const sizes of [[5], [6, 0], [7, 7, 7], [1, 2], [0]]) {
      const batches = batchesOf(receiver, sizes.length);
      for (const size of sizes) sender.send(Buffer.alloc(size, 7));
      for (const batch of await batches) {
        count += batch.count;
        consistsOf(batch.data, 7, 'payload');
        checkBlock(batch);
      }
      receiver.removeAllListeners('batch');
    }
    assert.strictEqual(count, 9);
  });
});

describe('memory that was never written', () => {
  const poisonable = isLinux &&
    process.report.getReport().header.glibcVersionRuntime !== undefined;

  /**
   * Receives in each mode in a process whose malloc() fills new memory with
   * 0x5a, and memory that is freed with 0xa5; reports whether it does, how many
   * datagrams came, and which of the two bytes a listener could see.
   */
  async function reportBytes(dgram, report) {
    const { once } = require('node:events');
    report(Buffer.allocUnsafeSlow(100).every((byte) => byte === 0x5a));
    const receivers = [{}, { sharedBuffers: true }, {}, {}].map((options) =>
      dgram.createSocket({ type: 'udp4', ...options }));
    const sender = dgram.createSocket('udp4');
    const counts = [0, 0, 0, 0];
    const odd = new Set();
    const look = (memory) => {
      for (const byte of new Uint8Array(memory))
        if (byte === 0x5a || byte === 0xa5) odd.add(byte);
    };
    const onMessage = (which) => (msg) => {
      counts[which]++;
      look(msg.buffer);
    };
    const onBatch = (which) => ({ count, data, offsets, sizes, ports }) => {
      counts[which] += count;
      const rest = data.buffer.slice(0);
      // Numbers may be any.
      for (const column of [offsets, sizes, ports])
        if (column.buffer === data.buffer)
          new Uint8Array(rest, column.byteOffset, column.byteLength).fill(0);
      look(rest);
    };
    receivers[0].on('message', onMessage(0));
    receivers[1].on('message', onMessage(1));
    if (dgram.transport) receivers[2].on('batch', onBatch(2));
    if (dgram.transport) receivers[3].on('batch', onBatch(3));
    receivers[3].on('message', (msg) => look(msg.buffer));
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

  (poisonable ? it : it.skip)('is not seen', async () => {
    const [poisoned, counts, odd] = await reportsOf(reportBytes, {
      env: {
        GLIBC_TUNABLES:
          'glibc.malloc.perturb=165:glibc.malloc.tcache_count=0',
        // The same of the sanitizer's malloc(), for npm run test:memory.
        ASAN_OPTIONS: `${process.env.ASAN_OPTIONS ?? ''}:malloc_fill_byte=90:` +
          'max_malloc_fill_size=1073741824',
      },
    });
    assert.strictEqual(poisoned, true);
    assert.ok(counts[0] > 0 && counts[1] > 0, counts.join());
    assert.deepStrictEqual(odd, []);
  });
});
