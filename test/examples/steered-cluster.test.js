'use strict';

const assert = require('node:assert');

const { until } = require('../e2e/support/limited');
const { ask, useExamples } = require('./support');

function exists(pid) {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

describe('examples/steered-cluster.js', () => {
  const examples = useExamples();

  before(function() {
    if (process.platform !== 'linux') this.skip();
  });

  it('answers each session in its process, also after one has died',
    async () => {
      const group = await examples.shared({ reusePort: true }, '127.0.0.1');
      const { port } = group.address();
      group.close();
      const example = examples.run('steered-cluster.js', String(port), '4');
      await example.prints(/^4 workers on /m);
      const peers = [await examples.peer(), await examples.peer()];
      const pidsOf = async (peer) => {
        const pids = [];
        for (const last of 'abcdefgh') {
          const answer = await ask(peer, port, `ses${last}`);
          const [, pid, text] = /^worker (\d+): (.*)$/.exec(answer);
          assert.strictEqual(text, `ses${last}`);
          pids.push(Number(pid));
        }
        // Four processes, and sessions with the same remainder share one.
        assert.strictEqual(new Set(pids).size, 4);
        assert.deepStrictEqual(pids.slice(0, 4), pids.slice(4));
        return pids;
      };
      const before = await pidsOf(peers[0]);
      assert.deepStrictEqual(await pidsOf(peers[1]), before);
      process.kill(before[1], 'SIGKILL');
      await until(() => `the end of ${before[1]}`, () => !exists(before[1]));
      await until(() => 'four processes again', async () => {
        const pids = new Set();
        for (const last of 'abcd') {
          const answer = await ask(peers[0], port, `ses${last}`);
          pids.add(/^worker (\d+):/.exec(answer)[1]);
        }
        return pids.size === 4;
      });
      assert.deepStrictEqual(await pidsOf(peers[1]), await pidsOf(peers[0]));
      await example.end();
    });
});
