'use strict';

const assert = require('node:assert');

const { until } = require('../e2e/support/limited');
const { useExamples } = require('./support');

/** Few enough to fit into any receive buffer. */
const COUNT = 100;

describe('examples/statsd-sink.js', () => {
  const examples = useExamples();

  it('adds up the metrics of many datagrams', async () => {
    const sink = examples.run('statsd-sink.js', '0', '0.1');
    const [, port] = await sink.prints(/^StatsD on 127\.0\.0\.1:(\d+),/m);
    const peer = await examples.peer();
    for (let i = 1; i <= COUNT; i++) {
      peer.send(`e2e.requests:2|c\ne2e.sampled:1|c|@0.5\ne2e.level:${i}|g`,
                Number(port), '127.0.0.1');
      peer.send(`e2e.latency:${i % 2 === 0 ? 10 : 20}|ms\n`, Number(port),
                '127.0.0.1');
    }
    peer.send('no metric', Number(port), '127.0.0.1');

    const total = `${2 * COUNT + 1} datagrams, 1 malformed lines`;
    await until(() => `${total}: ${sink.output}`,
      () => sink.output.includes(total));
    await sink.end();
    assert.deepStrictEqual(
      sink.output.slice(sink.output.lastIndexOf(total)).trim().split('\n'), [
        total,
        `counter e2e.requests ${2 * COUNT}`,
        `counter e2e.sampled ${2 * COUNT}`,
        `gauge e2e.level ${COUNT}`,
        `timing e2e.latency ${COUNT} times, mean 15 ms`,
      ]);
  });
});
