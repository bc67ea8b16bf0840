'use strict';

const assert = require('node:assert');

const { useStage } = require('./support/stage');

describe('multicast-dns, unmodified, through register', () => {
  const stage = useStage();

  it('asks and answers across processes', async () => {
    const names = ['a', 'b'].map((one) => `${one}-${process.pid}.local`);
    const [a, b] = await Promise.all(
      names.map((name) => stage.program('multicast-dns', { args: [name] })));

    const [ofB, ofA] = await Promise.all(
      [a.call('ask', names[1]), b.call('ask', names[0])]);
    assert.deepStrictEqual(ofA, {
      from: '127.0.0.1', address: '192.0.2.7', text: `pid=${a.pid}`,
    });
    assert.deepStrictEqual(ofB, {
      from: '127.0.0.1', address: '192.0.2.7', text: `pid=${b.pid}`,
    });

    for (const { sent, received } of [await a.end(), await b.end()]) {
      assert.ok(sent >= 2, `${sent} sent`);
      assert.ok(received >= 2, `${received} received`);
    }
  });
});
