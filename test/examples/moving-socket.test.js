'use strict';

const assert = require('node:assert');

const { ask, floodServers, useExamples } = require('./support');

describe('examples/moving-socket.js', () => {
  const examples = useExamples();

  before(function() {
    if (process.platform === 'win32') this.skip();
  });

  it('answers from the next worker after each three requests', async () => {
    const example = examples.run('moving-socket.js', '0', '3');
    const [, port] = await example.prints(/^listening on .*:(\d+),/m);
    const peer = await examples.peer();
    for (let i = 0; i < 10; i++) {
      assert.strictEqual(await ask(peer, Number(port), `n${i}`),
        `worker ${1 + Math.floor(i / 3)}: n${i}`);
    }
    await example.end();
  });

  it('answers every request of a flood once', async () => {
    const requests = 50;
    const example = examples.run('moving-socket.js', '0', `${requests}`);
    const [, port] = await example.prints(/^listening on .*:(\d+),/m);
    const peer = await examples.peer();
    const count = 400;
    const servers =
      await floodServers(peer, Number(port), /^worker (\d+): (.*)$/, count);
    assert.ok(servers >= count / requests);
    await example.end();
  });
});
