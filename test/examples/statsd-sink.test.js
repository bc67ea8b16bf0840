'use strict';

const assert = require('node:assert');

const { until } = require('../e2e/support/limited');
const { useExamples } = require('./support');

/** Fits into any receive buffer. */
const COUNT = 100;

describe('examples/statsd-sink.js', () => {
  const examples = useExamples();

  /** Starts the sink; resolves to a function that sends it a datagram. */
  async function start() {
    const sink = examples.run('statsd-sink.js', '0', '0.1');
    const [, port] = await sink.prints(/^StatsD on 127\.0\.0\.1:(\d+),/m);
    const peer = await examples.peer();
    return {
      sink,
      send: (...lines) =>
        peer.send(lines.join('\n'), Number(port), '127.0.0.1'),
    };
  }

  /** The last report, which has to begin with `total`. */
  async function finalReport(sink, total) {
    await until(() => `${total}: ${sink.output}`,
      () => sink.output.includes(total));
    await sink.end();
    const [, ...lines] = sink.output.slice(sink.output.lastIndexOf(total))
      .trim().split('\n');
    return lines;
  }

  it('adds up the metrics of many datagrams', async () => {
    const { sink, send } = await start();
    for (let i = 1; i <= COUNT; i++) {
      send('e2e.requests:2|c', 'e2e.sampled:1|c|@0.5', `e2e.level:${i}|g`);
      send(`e2e.latency:${i % 2 === 0 ? 10 : 20}|ms`, '');
    }
    assert.deepStrictEqual(
      await finalReport(sink, `${2 * COUNT} datagrams, 0 malformed lines`), [
        `counter e2e.requests ${2 * COUNT}`,
        `counter e2e.sampled ${2 * COUNT}`,
        `gauge e2e.level ${COUNT}`,
        `timer e2e.latency ${COUNT} times, mean 15`,
      ]);
  });

  it('accepts every valid line', async () => {
    const { sink, send } = await start();
    send('a.count:1|c', 'a.count:-0.5|c', 'a.count:1e2|c', 'a.count:1|c|@.1');
    send('a.gauge:5|g', 'a.gauge:+2.5|g', 'a.gauge:-10|g', 'b.gauge:-3|g');
    send('a.set:x|s', 'a.set:x|s', 'a.set:y:z|s|#t', 'a.set:y:z|s|#t');
    send('a.histogram:4|h|@0.5', 'a.distribution:1:2:6|d', 'a.timer:320|ms');
    send('tagged:1|c|#env:prod,b', 'tagged:1|c|@1|#b,env:prod', 'tagged:1|c');
    send('é.count:1|c|c:container|T1656581400|e:it-false|card:low');
    send('_e{5,4}:title|text', '_e{5,4}:title|text|d:1656581400|p:low|#a:b');
    send('_sc|redis|0', '_sc|redis|2|d:1656581400|#a|m:message');
    assert.deepStrictEqual(await finalReport(sink,
      '8 datagrams, 0 malformed lines, 2 events, 2 service checks'), [
      'counter a.count 110.5',
      'counter tagged #b,env:prod 2',
      'counter tagged 1',
      'counter é.count 1',
      'gauge a.gauge -2.5',
      'gauge b.gauge -3',
      'set a.set 1 values',
      'set a.set #t 1 values',
      'histogram a.histogram 2 times, mean 4',
      'distribution a.distribution 3 times, mean 3',
      'timer a.timer 1 times, mean 320',
    ]);
  });

  it('counts malformed lines and keeps the others', async () => {
    const { sink, send } = await start();
    const malformed = [
      'no metric', ':1|c', 'name:|c', 'name:one|c', 'name:1', 'name:1|',
      'name:1|x', 'name:1:two|ms', 'name:1:|ms', 'name:1|c|@0', 'name:1|c|@2',
      'name:1|c|@', 'name:1|c|other', 'name:1|c|', 'name:0x10|c',
      'name:Infinity|g', 'name:1|c:2|c', '_e{5}:title|text', '_sc|redis|4',
      '_sc|redis',
    ];
    for (const line of malformed) send('good:1|c', line, 'good:1|c');
    assert.deepStrictEqual(await finalReport(sink,
      `${malformed.length} datagrams, ${malformed.length} malformed lines, ` +
      '0 events, 0 service checks'),
    [`counter good ${2 * malformed.length}`]);
  });
});
