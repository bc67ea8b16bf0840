'use strict';

// More than a listener can take, and more than the process may keep. Memory
// stays bounded, and every datagram is received or counted as dropped by the
// kernel.

const assert = require('node:assert');

const { withHost } = require('./host');

const MIB = 1024 * 1024;

/** For V8's own heap, in MiB. */
const OLD_SPACE = 24;

/**
 * What the process may grow by, however much comes in. Messages are outside of
 * V8's heap, which lets some 32 MiB of garbage gather there (32 MiB is its
 * limit for external memory); malloc and the heap have their share.
 */
const GROWTH = 80 * MIB;

/** What the listener is given at least, in all. */
const BYTES = 3 * GROWTH;

const WAYS = {
  'messages of their own': {},
  'sharedBuffers': { options: { sharedBuffers: true } },
  'batch': { batch: true },
};

describe('a flood', function() {
  this.timeout(120000);
  const context = withHost();

  async function start(args, transport) {
    const target = context.host.target(args, {
      transport, execArgv: [`--max-old-space-size=${OLD_SPACE}`],
    });
    const { port, ...before } = await target.call('bind');
    assert.strictEqual(before.transport, transport);
    return { target, port, before, sent: 0 };
  }

  async function attack(flood, size, count, ...options) {
    const { sent } = await context.host.attack('flood',
      '-p', flood.port, '-n', count, '-s', size, ...options);
    flood.sent += sent;
    return flood.target.call('accounted', { n: flood.sent });
  }

  /** Every datagram is received or dropped, and memory is bounded. */
  async function end({ target, before, sent }, size) {
    const { received, drops, bytes, peak, errors } =
      await target.call('report');
    assert.deepStrictEqual(await target.end(),
      { code: 0, signal: null, stderr: '' });
    assert.strictEqual(received + drops, sent,
      `${received} received, ${drops} dropped, ${sent} sent`);
    assert.strictEqual(bytes, received * size);
    assert.deepStrictEqual(errors, {});
    assert.ok(peak - before.rss < GROWTH,
      `grew from ${before.rss / MIB} to ${peak / MIB} MiB`);
    return { received, drops };
  }

  for (const transport of ['linux', 'uv']) {
    for (const [way, args] of Object.entries(WAYS)) {
      // Bursts that the receive buffer just holds: most of it is received.
      for (const [size, burst] of [[65507, 2], [1400, 64]]) {
        it(`of ${BYTES / MIB} MiB in ${size} bytes each, ${way}, ${transport}`,
          async () => {
            const flood = await start(args, transport);
            for (let bytes = 0; bytes < BYTES;) {
              ({ bytes } = await attack(flood, size,
                Math.ceil(BYTES / 2 / size), '-b', burst, '-u', 50));
            }
            await end(flood, size);
          });
      }

      it(`of nothing, ${way}, ${transport}`, async () => {
        const flood = await start(args, transport);
        await attack(flood, 0, 100000);
        const { received } = await end(flood, 0);
        assert.ok(received > 0);
      });
    }

    it(`as fast as it goes, at a slow listener, ${transport}`, async () => {
      const flood = await start({ slow: 200 }, transport);
      await attack(flood, 1400, 50000);
      const { received, drops } = await end(flood, 1400);
      assert.ok(received > 0 && drops > 0);
    });

    it(`as fast as it goes, over IPv6, ${transport}`, async () => {
      const flood = await start({ type: 'udp6' }, transport);
      await attack(flood, 9000, 20000, '-6');
      const { received } = await end(flood, 9000);
      assert.ok(received > 0);
    });
  }
});
