'use strict';

// A thousand workers, a hundred thousand sockets: nothing of them stays.

const assert = require('node:assert');

const { median } = require('simple-statistics');

const { Remote, killRemotes } = require('../support/remote');

const MIB = 1024 * 1024;

/** Parts of a crowd; what grows is told from the end of the second one on. */
const PARTS = 10;
const WARM = 2;

/**
 * What eight more parts may add. One worker that stayed would be some 5 MiB and
 * two hundred and fifty of them a gigabyte; a hundred bytes of each socket
 * would be 8 MiB of heap. V8's pages move the rest.
 */
const BOUNDS = { rss: 48 * MIB, heap: 2 * MIB };

/**
 * What is left behind is left by every part alike, so the parts in the middle
 * tell. An arena that malloc takes, one for each thread and more of them the
 * more cores there are, or gives back is a jump of one part.
 */
function residentGrowth(parts) {
  const steps = parts.slice(1).map(({ rss }, i) => rss - parts[i].rss);
  return median(steps) * steps.length;
}

describe('a crowd', () => {
  before(function() {
    if (process.platform !== 'linux') this.skip(); // /proc
  });

  afterEach(killRemotes);

  for (const [kind, transport, count] of [
    ['workers', 'linux', 1000], ['workers', 'uv', 100],
    ['sockets', 'linux', 100000], ['sockets', 'uv', 20000],
  ]) {
    it(`of ${count} ${kind}, ${transport}`, async function() {
      this.timeout(600000); // longer than ../support/dgram has it
      const process = new Remote(require.resolve('./crowd'), {
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
