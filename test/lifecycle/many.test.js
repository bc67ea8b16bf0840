'use strict';

// A thousand workers and a hundred thousand sockets leave nothing behind.

const assert = require('node:assert');

const { median } = require('simple-statistics');

const { Remote, killRemotes } = require('../support/remote');

const MIB = 1024 * 1024;

/**
 * Parts of a series; growth is measured from the end of the fourth part. Until
 * then the tables of addresses fill: sockets have some 28,000 ports.
 */
const PARTS = 10;
const WARM = 4;

/**
 * Allowed growth in six more parts. One retained worker takes some 5 MiB, 200
 * of them a gigabyte; 100 bytes of each socket would be 6 MiB of heap. The rest
 * is noise of V8's pages.
 */
const BOUNDS = { rss: 48 * MIB, heap: 2 * MIB };

/**
 * A leak shows in every part, so the parts in the middle are compared. An arena
 * that malloc allocates or releases (one per thread, more with more cores)
 * shows in one part only.
 */
function residentGrowth(parts) {
  const steps = parts.slice(1).map(({ rss }, i) => rss - parts[i].rss);
  return median(steps) * steps.length;
}

describe('memory and descriptors', () => {
  before(function() {
    if (process.platform !== 'linux') this.skip(); // /proc
  });

  afterEach(killRemotes);

  for (const [kind, transport, count] of [
    ['workers', 'linux', 1000], ['workers', 'uv', 100],
    ['sockets', 'linux', 100000], ['sockets', 'uv', 20000],
  ]) {
    it(`do not grow with ${count} ${kind}, ${transport}`, async function() {
      this.timeout(600000); // longer than the default of ../support/dgram
      const process = new Remote(require.resolve('./many'), {
        execArgv: ['--expose-gc'], env: { DGRAM_NATIVE_TRANSPORT: transport },
      });
      assert.strictEqual(await process.call('transport'), transport);
      const parts = [];
      for (let part = 0; part < PARTS; part++)
        parts.push(await process.call('live', { kind, n: count / PARTS }));
      await process.end();

      const settled = parts.slice(WARM - 1);
      const [warm, last] = [settled[0], settled.at(-1)];
      assert.ok(last[kind] >= count);
      assert.strictEqual(last.open, 0);
      assert.strictEqual(last.descriptors, warm.descriptors);
      const growth = {
        rss: residentGrowth(settled), heap: last.heap - warm.heap,
      };
      for (const [key, bound] of Object.entries(BOUNDS)) {
        assert.ok(growth[key] < bound,
          `${key}: ${parts.map((part) => (part[key] / MIB).toFixed(1))}`);
      }
    });
  }
});
