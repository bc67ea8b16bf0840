'use strict';

const assert = require('node:assert');

const { until } = require('../e2e/support/limited');
const { useExamples } = require('./support');

/** More than the receive buffer of the example holds. */
const BURST = 200;

describe('examples/drop-monitor.js', () => {
  const examples = useExamples();

  before(function() {
    // Other systems do not tell.
    if (process.platform !== 'linux') this.skip();
  });

  it('prints what was received and what the kernel dropped', async () => {
    const monitor = examples.run('drop-monitor.js', '0', '0.1', '4096');
    const [, port] = await monitor.prints(/^listening on 127\.0\.0\.1:(\d+),/m);
    const peer = await examples.peer();
    let sent = 0;
    const burst = () => {
      for (let i = 0; i < BURST; i++) {
        // Different sizes, so that none are merged.
        peer.send(Buffer.alloc(500 + i), port, '127.0.0.1', (error) => {
          assert.ifError(error);
          sent++;
        });
      }
    };
    await until(() => `a drop in: ${monitor.output}`, () => {
      burst();
      return /^port \d+: the kernel dropped \d+ datagrams, \d+ in total$/m
        .test(monitor.output);
    });
    await until(() => `${sent} sent`, () => sent % BURST === 0 && sent > 0);
    await monitor.end();
    const [, received, dropped] =
      /(\d+) received \(.*\), (\d+) dropped \([\d.]+ %\)\n$/
        .exec(monitor.output);
    assert.ok(Number(dropped) > 0);
    assert.ok(Number(received) + Number(dropped) <= sent);
  });
});
