'use strict';

// A very slow link, and a program that keeps sending. The queue holds what the
// program passed to send() and the kernel has not accepted. Its size can be
// read, and it is freed with the socket.

const assert = require('node:assert');
const path = require('node:path');

const {
  ADDRESSES, Link, demandNamespaces,
} = require('../network/link');
const { Remote, killRemotes } = require('../support/remote');

const MIB = 1024 * 1024;
const SIZE = 1200;
const COUNT = 20000;

/** JavaScript memory of a send with a callback, without its payload. */
const OVERHEAD = 1500;

/** Sockets until V8's heap and malloc's reserves are stable. */
const SETTLING = 6;
const ROUNDS = 2 * SETTLING;

describe('a send queue on a very slow link', function() {
  this.timeout(60000);
  let link;

  before('needs namespaces', demandNamespaces);

  before(() => {
    link = new Link();
    // The queue of the interface is larger than the send buffer of any socket.
    link.slowDown('64kbit', '1200s');
  });

  afterEach(killRemotes);

  after(() => link?.end());

  for (const transport of ['linux', 'uv']) {
    it(`uses memory for its datagrams only, ${transport}`, async () => {
      const [address, to] = ADDRESSES.udp4;
      const sender = new Remote(path.join(__dirname, 'target.js'), {
        args: { address }, through: link.on(0), execArgv: ['--expose-gc'],
        env: { DGRAM_NATIVE_TRANSPORT: transport },
      });
      const { rss, transport: used } = await sender.call('bind');
      assert.strictEqual(used, transport);

      const peaks = [];
      for (let round = 0; round < ROUNDS; round++) {
        if (round > 0) await sender.call('reopen');
        // The port is closed, and the ICMP errors are as slow.
        const queue = await sender.call('submit',
          { n: COUNT, size: SIZE, port: 9, address: to });
        const { count, settled, queueCount, queueSize } = queue;
        assert.strictEqual(count, COUNT);
        assert.ok(settled < COUNT / 10, 'the link was not slow');
        assert.strictEqual(queueCount, count - settled);
        assert.strictEqual(queueSize, queueCount * SIZE);
        peaks.push(queue.rss);

        const { outcomes, ...end } = await sender.call('close');
        assert.deepStrictEqual(end, { count: COUNT, settled: COUNT });
        assert.deepStrictEqual(Object.keys(outcomes).sort(),
          ['ECANCELED', 'sent']);
        assert.ok(outcomes.ECANCELED <= queueCount);
      }
      const submitted = COUNT * (SIZE + OVERHEAD);
      assert.ok(peaks[0] - rss < 2 * submitted,
        `${(peaks[0] - rss) / MIB} MiB for ${submitted / MIB}`);
      // Memory of the first sockets is reused for the next ones. A leak of a
      // twentieth of one socket's queue would show.
      const level = Math.max(...peaks.slice(0, SETTLING));
      assert.ok(Math.max(...peaks.slice(SETTLING)) - level < submitted / 4,
        peaks.map((peak) => peak / MIB).join(', '));
      await sender.end();
    });
  }
});
