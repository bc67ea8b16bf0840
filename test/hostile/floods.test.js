'use strict';

// Floods: more datagrams than a listener can process, and more bytes than the
// process may retain. Memory stays bounded, and each datagram is received or
// counted as dropped by the kernel.

const assert = require('node:assert');

const { withHost } = require('./host');

const MIB = 1024 * 1024;

/** Limit of V8's own heap, in MiB. */
const OLD_SPACE = 24;

/**
 * Limit of memory growth, whatever the traffic. Messages are outside of V8's
 * heap. V8 lets some 32 MiB of them become garbage (its limit for external
 * memory); malloc and the heap need the rest.
 */
const GROWTH = 80 * MIB;

/** The least number of bytes that the listener receives in total. */
const BYTES = 3 * GROWTH;

const WAYS = {
  'separate buffers': {},
  'sharedBuffers': { options: { sharedBuffers: true } },
  'batch': { batch: true },
};

describe('memory during a flood', function() {
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

  /**
   * Checks that each datagram is received or dropped, and memory is bounded.
   */
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
      // Bursts that just fit the receive buffer: most datagrams arrive.
      for (const [size, burst] of [[65507, 2], [1400, 64]]) {
        it(`is bounded: messages of ${size} bytes, ${way}, ${transport}`,
          async () => {
            const flood = await start(args, transport);
            for (let bytes = 0; bytes < BYTES;) {
              ({ bytes } = await attack(flood, size,
                Math.ceil(BYTES / 2 / size), '-b', burst, '-u', 50));
            }
            await end(flood, size);
          });
      }

      it(`is bounded: empty messages, ${way}, ${transport}`, async () => {
        const flood = await start(args, transport);
        await attack(flood, 0, 100000);
        const { received } = await end(flood, 0);
        assert.ok(received > 0);
      });
    }

    it(`is bounded: full speed to a slow listener, ${transport}`, async () => {
      const flood = await start({ slow: 200 }, transport);
      await attack(flood, 1400, 50000);
      const { received, drops } = await end(flood, 1400);
      assert.ok(received > 0 && drops > 0);
    });

    it(`is bounded: full speed over IPv6, ${transport}`, async () => {
      const flood = await start({ type: 'udp6' }, transport);
      await attack(flood, 9000, 20000, '-6');
      const { received } = await end(flood, 9000);
      assert.ok(received > 0);
    });
  }
});
