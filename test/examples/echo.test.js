'use strict';

const assert = require('node:assert');

const { ask, useExamples } = require('./support');

describe('examples/echo.js', () => {
  const examples = useExamples();

  it('sends each datagram back', async () => {
    const echo = examples.run('echo.js', '0');
    const [, port] = await echo.prints(/^echo on 127\.0\.0\.1:(\d+),/m);
    const peer = await examples.peer();
    for (const text of ['one', '', 'three'])
      assert.strictEqual(await ask(peer, Number(port), text), text);
    await echo.end();
  });
});
