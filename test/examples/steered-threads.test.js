'use strict';

const assert = require('node:assert');

const { ask, useExamples } = require('./support');

describe('examples/steered-threads.js', () => {
  const examples = useExamples();

  before(function() {
    if (process.platform !== 'linux') this.skip();
  });

  it('answers each session in its thread', async () => {
    const group = await examples.shared({ reusePort: true }, '127.0.0.1');
    const { port } = group.address();
    group.close();
    const example = examples.run('steered-threads.js', String(port), '4');
    await example.prints(/^4 threads on /m);
    const peers = [await examples.peer(), await examples.peer()];
    for (let i = 0; i < 16; i++) {
      const text = `sess${String.fromCharCode(97 + i)}`;
      const session = `ses${String.fromCharCode(97 + i)} ${text}`;
      const thread = Buffer.from(session).readUInt32BE() % 4;
      assert.strictEqual(await ask(peers[i % 2], port, session),
        `thread ${thread}: ${session}`);
    }
    await example.end();
  });
});
