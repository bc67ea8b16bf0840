'use strict';

const assert = require('node:assert');
const { once } = require('node:events');

const { limited } = require('../e2e/support/limited');
const { useExamples } = require('./support');

/** The kernel draws a worker for each: all the same one time in 2^39. */
const SENDERS = 40;

describe('examples/cluster.js', () => {
  const examples = useExamples();

  before(function() {
    // Elsewhere one of the sockets gets everything, or there is no reusePort.
    if (process.platform !== 'linux') this.skip();
  });

  it('spreads the senders over the workers', async () => {
    const group = await examples.shared({ reusePort: true }, '127.0.0.1');
    const { port } = group.address();
    const peers = await Promise.all(
      Array.from({ length: SENDERS }, () => examples.peer()));
    const cluster = examples.run('cluster.js', String(port), '2');
    await cluster.prints(/^2 workers on /m);
    group.close(); // or it has a share of the senders
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
