'use strict';

const assert = require('node:assert');
const { createHash } = require('node:crypto');

const { ask, useExamples } = require('./support');

describe('examples/worker-threads.js', () => {
  const examples = useExamples();

  it('answers each datagram with its hash', async () => {
    const example = examples.run('worker-threads.js', '0', '2');
    const [, port] = await example.prints(/^SHA-256 on 127\.0\.0\.1:(\d+),/m);
    const peer = await examples.peer();
    for (const text of ['one', '', 'three', 'x'.repeat(5000)]) {
      assert.strictEqual(await ask(peer, Number(port), text),
        createHash('sha256').update(text).digest('hex'));
    }
    await example.end();
  });
});
