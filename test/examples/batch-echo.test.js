'use strict';

const assert = require('node:assert');

const { until } = require('../e2e/support/limited');
const { ask, useExamples } = require('./support');

/** Fits into any receive buffer. */
const COUNT = 100;

describe('examples/batch-echo.js', () => {
  const examples = useExamples();

  async function start() {
    const echo = examples.run('batch-echo.js', '0');
    const [, port] = await echo.prints(
      /^batch echo on 127\.0\.0\.1:(\d+),/m);
    return { echo, port: Number(port) };
  }

  it('sends each datagram back', async () => {
    const { echo, port } = await start();
    const peer = await examples.peer();
    for (const text of ['one', '', 'three'])
      assert.strictEqual(await ask(peer, port, text), text);
    await echo.end();
  });

  it('answers each sender of a burst', async () => {
    const { echo, port } = await start();
    const peers = await Promise.all([examples.peer(), examples.peer()]);
    const answers = peers.map((peer) => {
      const received = [];
      peer.on('message', (msg) => received.push(String(msg)));
      return received;
    });
    const sent = peers.map((peer, p) => Array.from({ length: COUNT },
      (_, i) => `${p} ${'x'.repeat(i)}`));
    for (let i = 0; i < COUNT; i++)
      peers.forEach((peer, p) => peer.send(sent[p][i], port, '127.0.0.1'));
    await until(() => `${answers[0].length} and ${answers[1].length} answers`,
      () => answers.every((received) => received.length === COUNT));
    assert.deepStrictEqual(answers, sent);
    await echo.end();
  });
});
