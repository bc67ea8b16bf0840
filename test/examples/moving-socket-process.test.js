'use strict';

const assert = require('node:assert');

const { ask, floodServers, useExamples } = require('./support');

describe('examples/moving-socket-process.js', () => {
  const examples = useExamples();

  before(function() {
    if (process.platform === 'win32') this.skip();
  });

  it('answers from the next process after each three requests', async () => {
    const example = examples.run('moving-socket-process.js', '0', '3');
    const [, port] = await example.prints(/^listening on .*:(\d+),/m);
    const peer = await examples.peer();
    const processes = [];
    for (let i = 0; i < 10; i++) {
      const [, pid, text] =
        /^process (\d+): (.*)$/.exec(await ask(peer, Number(port), `n${i}`));
      assert.strictEqual(text, `n${i}`);
      processes.push(pid);
    }
    assert.strictEqual(new Set(processes).size, 4);
    for (let i = 0; i < 10; i++)
      assert.strictEqual(processes[i], processes[i - i % 3]);
    await example.end();
  });

  it('answers every request of a flood once', async () => {
    const requests = 50;
    const example =
      examples.run('moving-socket-process.js', '0', `${requests}`);
    const [, port] = await example.prints(/^listening on .*:(\d+),/m);
    const peer = await examples.peer();
    const count = 400;
    const servers =
      await floodServers(peer, Number(port), /^process (\d+): (.*)$/, count);
    assert.ok(servers >= count / requests);
    await example.end();
  });
});
