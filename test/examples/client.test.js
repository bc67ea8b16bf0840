'use strict';

const assert = require('node:assert');

const { useExamples } = require('./support');

describe('examples/client.js', () => {
  const examples = useExamples();

  it('prints the answers and ends', async () => {
    const peer = await examples.peer();
    peer.on('message', (msg, { port, address }) => {
      peer.send(`answer to ${msg}`, port, address);
    });
    const client = examples.run(
      'client.js', String(peer.address().port), 'one', 'two');
    await client.finished();
    assert.deepStrictEqual(client.output.trim().split('\n').sort(),
      ['answer to one', 'answer to two']);
  });

  it('ends without an answer', async () => {
    const peer = await examples.peer();
    const client = examples.run(
      'client.js', String(peer.address().port), 'one');
    await client.finished();
    assert.strictEqual(client.output, '');
  });
});
