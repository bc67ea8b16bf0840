'use strict';

// Very many sources, and impossible sources. The memory of sources is bounded,
// none is taken for another, and the program receives the same as with
// node:dgram.

const assert = require('node:assert');

const { withHost } = require('./host');

const MIB = 1024 * 1024;

/** Outstanding answers: more than the smallest receive buffer holds. */
const WINDOW = 128;

/**
 * For V8's compiled code and the like. One million addresses or destinations
 * would take 50 times as much.
 */
const GROWTH = 3 * MIB;

/** Datagrams of each impossible source: the receive buffer holds them all. */
const EACH = 10;

describe('a receiver', function() {
  this.timeout(180000);
  const context = withHost();

  for (const [transport, type, sources] of [
    ['linux', 'udp4', 1000000], ['linux', 'udp6', 100000],
    ['uv', 'udp4', 100000],
  ]) {
    it(`can answer ${sources} sources, ${type}, ${transport}`, async () => {
      const target = context.host.target(
        { type, echo: true, sources }, { transport });
      const { port, ...start } = await target.call('bind');
      assert.strictEqual(start.transport, transport);
      const flood = (n) => context.host.attack('flood', '-p', port, '-n', n,
        '-s', 16, '-k', sources, '-w', WINDOW,
        ...type === 'udp6' ? ['-6'] : []);

      // By now all tables and compiled code exist.
      const warm = await flood(50000);
      const before = await target.call('heap');
      const { sent, answers, drops } = await flood(sources);
      const after = await target.call('heap');
      const total = sent + warm.sent;
      const end = await target.call('accounted', { n: total });

      assert.strictEqual(end.received + end.drops, total);
      // Enough to fill any table, even on a slow machine.
      assert.ok(end.received > sources / 2, `only ${end.received} came`);
      assert.strictEqual(end.wrongSources, 0);
      assert.deepStrictEqual(end.thrown, {});
      assert.strictEqual(answers + drops + warm.answers + warm.drops,
        end.received);
      assert.ok(after - before < GROWTH,
        `from ${before} to ${after} bytes with ${sources} sources`);
      await target.end();
    });
  }

  // Impossible sources. The kernel checks packets from outside (martians), but
  // not those that the host sends to itself.
  const IMPOSSIBLE = [
    '0.0.0.1:1000', '0.255.255.255:1000', '127.0.0.1:0', '127.1.2.3:1000',
    '224.0.0.1:1000', '239.255.255.255:5353', '240.0.0.1:1000',
    '255.255.255.255:1000', '255.255.255.255:0', '10.0.0.0:65535',
    '10.255.255.255:1', '192.0.2.1:53',
  ];

  async function spoofed(implementation, transport, own) {
    const target = context.host.target({ implementation, echo: true },
      { transport });
    const { port } = await target.call('bind');
    // Includes the socket's own address. An answer to that returns to the
    // socket, so one is enough, and only in the test for it.
    const sources = own ? [`127.0.0.1:${port}`] : IMPOSSIBLE;
    const each = own ? 1 : EACH;
    await context.host.attack('spoof', '-p', port, '-n', each * sources.length,
      ...sources);
    if (own) {
      // Several round trips.
      let received = 0;
      while (received < 1000)
        ({ received } = await target.call('accounted', { n: 1000 }));
      const { sources: seen, thrown, answers } = await target.call('report');
      await target.end();
      assert.deepStrictEqual(Object.keys(seen), [`127.0.0.1 ${port}`]);
      return { thrown, answers };
    }
    const end = await target.call('accounted', { n: each * sources.length });
    await target.end();
    const { received, drops, sources: seen, thrown, answers, errors } = end;
    assert.deepStrictEqual({ received, drops },
      { received: each * sources.length, drops: 0 });
    return { seen, thrown, answers, errors };
  }

  for (const transport of ['linux', 'uv']) {
    it(`reports impossible sources like node:dgram, ${transport}`, async () => {
      const expected = await spoofed('builtin', transport, false);
      assert.deepStrictEqual(Object.keys(expected.seen).sort(),
        IMPOSSIBLE.map((source) => source.replace(':', ' ')).sort());
      assert.deepStrictEqual(await spoofed('native', transport, false),
        expected);
    });

    it(`can receive from itself, ${transport}`, async () => {
      assert.deepStrictEqual(await spoofed('native', transport, true),
        { thrown: {}, answers: {} });
    });
  }
});
