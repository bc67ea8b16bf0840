'use strict';

const assert = require('node:assert');
const { once } = require('node:events');

const { limited } = require('../e2e/support/limited');
const { useExamples } = require('./support');

/** The kernel hashes each sender to a worker: all to one with 1 in 2^39. */
const SENDERS = 40;

describe('examples/cluster.js', () => {
  const examples = useExamples();

  before(function() {
    // Other systems have no reusePort, or one socket receives everything.
    if (process.platform !== 'linux') this.skip();
  });

  it('distributes the senders over the workers', async () => {
    const group = await examples.shared({ reusePort: true }, '127.0.0.1');
    const { port } = group.address();
    const peers = await Promise.all(
      Array.from({ length: SENDERS }, () => examples.peer()));
    const cluster = examples.run('cluster.js', String(port), '2');
    await cluster.prints(/^2 workers on /m);
    group.close(); // it would receive some of the datagrams
    const answers = await limited('all answers', Promise.all(
      peers.map(async (peer) => {
        const answer = once(peer, 'message');
        peer.send('hello', port, '127.0.0.1');
        return String((await answer)[0]);
      })));
    for (const answer of answers)
      assert.match(answer, /^worker \d+: hello$/);
    assert.strictEqual(new Set(answers).size, 2);
    await cluster.end();
  });
});
