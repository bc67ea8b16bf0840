'use strict';

// Listeners of 'icmp' that run the event loop, or close the socket in it.

const assert = require('node:assert');

const { succeedWithOurs } = require('./kit');

/** A body with `socket`, which has `count` ICMP errors, and a closed `port`. */
const withErrors = (count, body) => `(({ report, load, runLoop, overwrite }) => {
  const dgram = load();
  const icmpErrors = dgram.features.icmpErrors;
  if (!icmpErrors) return report('skipped');
  const closed = dgram.createSocket('udp4');
  closed.bindSync({ address: '127.0.0.1' });
  const { port } = closed.address();
  const socket = dgram.createSocket({ type: 'udp4', icmpErrors });
  closed.close(() => {
    for (let i = 0; i < ${count}; i++) socket.send('x', port, '127.0.0.1');
  });
  ${body}
})`;

describe("a listener of 'icmp'", () => {
  it('may run the event loop', async () => {
    const [result] = await succeedWithOurs(withErrors(100, `
      let [events, depth, deepest] = [0, 0, 0];
      socket.on('icmp', () => {
        events++;
        deepest = Math.max(deepest, ++depth);
        if (depth < 5) runLoop();
        depth--;
        if (events < 100 || depth > 0) return;
        report({ events, deepest });
        socket.close();
      });
    `));
    if (result !== 'skipped')
      assert.deepStrictEqual(result, { events: 100, deepest: 5 });
  });

  for (const execArgv of [[], ['--test-udp-no-try-send']]) {
    it(`may close the socket, and run the event loop ${execArgv}`, async () => {
      const [result] = await succeedWithOurs(withErrors(10, `
        let events = 0;
        let ended = 0;
        socket.on('icmp', () => {
          events++;
          for (let i = 0; i < 100; i++)
            socket.send('queued', port, '127.0.0.1', () => ended++);
          process._tickCallback();
          socket.close();
          runLoop();
          overwrite();
          setImmediate(() => setImmediate(() => report({ events, ended })));
        });
      `), { execArgv });
      if (result !== 'skipped')
        assert.deepStrictEqual(result, { events: 1, ended: 100 });
    });
  }
});
