'use strict';

const assert = require('node:assert');

const { until } = require('../e2e/support/limited');
const { useExamples } = require('./support');

/** Fits into any receive buffer. */
const COUNT = 100;

describe('examples/relay.js', () => {
  const examples = useExamples();

  /** Starts a relay; `peer` is its client, `target` receives. */
  async function start() {
    const target = await examples.peer();
    const peer = await examples.peer();
    const received = [];
    target.on('message', (msg) => received.push(String(msg)));
    const relay = examples.run('relay.js', `${target.address().port}`,
      '127.0.0.1', '0');
    const [, port] = await relay.prints(/^relay on 127\.0\.0\.1:(\d+),/m);
    return {
      relay, target, received,
      send: (text) => peer.send(text, Number(port), '127.0.0.1'),
    };
  }

  it('sends each datagram of a burst to the target, in order', async () => {
    const { relay, send, received } = await start();
    const sent = Array.from({ length: COUNT }, (_, i) => `${i} ${
      'x'.repeat(i % 7)}`);
    for (const text of ['', ...sent]) send(text);
    await until(() => `${received.length} of ${COUNT + 1}`,
      () => received.length > COUNT);
    assert.deepStrictEqual(received, ['', ...sent]);
    await relay.end();
    assert.match(relay.output, new RegExp(`^${COUNT + 1} relayed, 0 failed$`,
      'm'));
  });

  it('goes on after the target was closed', async () => {
    const { relay, target, send } = await start();
    const { port } = target.address();
    target.close();
    send('lost');
    await until(() => relay.errors, () => relay.errors.includes('REFUSED'));
    const again = await examples.peer(port);
    const texts = [];
    again.on('message', (msg) => texts.push(String(msg)));
    await until(() => texts.join(), () => {
      send('again');
      return texts.includes('again');
    });
    await relay.kill();
  });
});
