'use strict';

const assert = require('node:assert');

const packed = require('../support/package');
const { until } = require('../e2e/support/limited');
const { useExamples } = require('./support');

const { features } = require(packed.main);

describe('examples/paced-sender.js', () => {
  const examples = useExamples();

  before(function() {
    if (!features.txtime) this.skip();
  });

  it('sends all datagrams', async () => {
    const peer = await examples.peer();
    const texts = [];
    peer.on('message', (msg) => texts.push(String(msg)));
    const sender = examples.run('paced-sender.js',
      `${peer.address().port}`, '127.0.0.1', '200', '1000');
    await sender.prints(/^200 datagrams, the last one is due 0\.199 s after/m);
    await sender.finished();
    await until(() => `${texts.length} of 200`, () => texts.length === 200);
    assert.deepStrictEqual(texts,
      Array.from({ length: 200 }, (_, i) => `datagram ${i}`));
  });
});
