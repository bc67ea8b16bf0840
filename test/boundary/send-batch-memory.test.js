'use strict';

// Failed allocations of send batches: their memory is released, so that
// repeated failures do not add up.

const assert = require('node:assert');

const { succeedWithOurs } = require('./kit');

const TIMES = 300;

/** Failures in lib/ while a send batch is created. */
const FAILURES = {
  'markAsUntransferable throws': () => {
    require('node:worker_threads').markAsUntransferable = () => {
      throw new Error('mocked');
    };
  },
  'Buffer.from throws': () => {
    Buffer.from = () => { throw new Error('mocked'); };
  },
  'typed arrays throw': () => {
    globalThis.Int32Array = globalThis.Uint32Array =
      function() { throw new Error('mocked'); };
  },
};

/** Ways to send, each with its own send batch. */
const SENDS = {
  unconnected: (socket, port) => socket.send('x', port, '127.0.0.1'),
  sendMany: (socket, port) => socket.sendMany(['x', port, '127.0.0.1']),
};

describe('a send batch that cannot be created', () => {
  for (const [what, damage] of Object.entries(FAILURES)) {
    for (const [way, send] of Object.entries(SENDS)) {
      it(`releases its memory: ${what}, ${way}`, async () => {
        const [retained] = await succeedWithOurs(`((
          { report, load }, times) => {
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
                // Some of these sends may throw.
              }
            }
            setImmediate(() => {
              report(bytes() - before);
              process.exit(0);
            });
          });
        })`, { args: [TIMES], execArgv: ['--expose-gc'] });
        // One send batch takes 268 KiB.
        assert.ok(retained < 16 << 20,
          `${retained >> 10} KiB after ${TIMES} failures`);
      });
    }
  }
});
