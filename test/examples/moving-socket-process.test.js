'use strict';

const assert = require('node:assert');

const { until } = require('../e2e/support/limited');
const { ask, useExamples } = require('./support');

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
    const answers = new Map();
    const processes = new Set();
    peer.on('message', (msg) => {
      const [, pid, text] = /^process (\d+): (.*)$/.exec(msg);
      processes.add(pid);
      answers.set(text, (answers.get(text) ?? 0) + 1);
    });
    const count = 400;
    for (let i = 0; i < count; i++) {
      // The kernel's receive buffer has room for some hundred.
      await until(() => `answers: ${answers.size} of ${i}`,
        () => i - answers.size < 100);
      peer.send(`n${i}`, Number(port), '127.0.0.1');
    }
    await until(() => `${answers.size} answers`, () => answers.size === count);
    assert.deepStrictEqual([...new Set(answers.values())], [1]);
    assert.ok(processes.size >= count / requests);
    // The next process is running when it is ended.
    peer.send('last', Number(port), '127.0.0.1');
    await until(() => 'the last answer', () => answers.has('last'));
    await example.end();
  });
});
