'use strict';

// Memory for sends that cannot be made whole, or cannot be used, is not kept
// for good: there may be a next time, and one after that.

const assert = require('node:assert');

const { succeedWithOurs } = require('./kit');

const TIMES = 300;

/** What fails while the memory is made, in lib/. */
const FAILURES = {
  'markAsUntransferable throws': () => {
    require('node:worker_threads').markAsUntransferable = () => {
      throw new Error('mocked');
    };
  },
  'Buffer.from throws': () => {
    Buffer.from = () => { throw new Error('mocked'); };
  },
  'there are no views': () => {
    globalThis.Int32Array = globalThis.Uint32Array =
      function() { throw new Error('mocked'); };
  },
};

/** Ways to send, each with memory of its own. */
const SENDS = {
  unconnected: (socket, port) => socket.send('x', port, '127.0.0.1'),
  many: (socket, port) => socket.sendMany(['x', port, '127.0.0.1']),
};

describe('memory for sends that cannot be made', () => {
  for (const [what, damage] of Object.entries(FAILURES)) {
    for (const [way, send] of Object.entries(SENDS)) {
      it(`does not add up: ${what}, ${way}`, async () => {
        const [kept] = await succeedWithOurs(`(({ report, load }, times) => {
          const damage = ${damage};
          const send = ${send};
          const dgram = load();
          const bytes = () => {
            globalThis.gc();
            return process.memoryUsage().arrayBuffers;
          };
          process.on('uncaughtException', () => {});
          const socket = dgram.createSocket('udp4');
          socket.bind(0, '127.0.0.1', () => {
            const { port } = socket.address();
            damage();
            const before = bytes();
            for (let i = 0; i < times; i++) {
              try {
                send(socket, port);
              } catch {
                // As it may be.
              }
            }
            setImmediate(() => {
              report(bytes() - before);
              process.exit(0);
            });
          });
        })`, { args: [TIMES], execArgv: ['--expose-gc'] });
        // One of them takes 268 KiB.
        assert.ok(kept < 16 << 20, `${kept >> 10} KiB after ${TIMES} times`);
      });
    }
  }
});
