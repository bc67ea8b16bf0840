'use strict';

// Whatever throws before a batch has moved on costs that datagram at most: it
// is told once, and the event loop goes on.

const assert = require('node:assert');

const { run } = require('./kit');

/** A thing that the first datagram needs, or the next ones, and that fails. */
const BREAKS = {
  'markAsUntransferable is gone': () => {
    require('node:worker_threads').markAsUntransferable = undefined;
  },
  'Buffer.from throws': () => {
    Buffer.from = () => { throw new Error('mocked'); };
  },
  'the memory is detached in the middle': (socket, binding) => {
    // Nobody can detach what is marked, so nothing is.
    require('node:worker_threads').markAsUntransferable = () => {};
    socket.prependOnceListener('message', () => {
      for (const memory of Object.values(binding.inbox())) {
        try {
          structuredClone(memory, { transfer: [memory] });
        } catch {
          // It was marked all the same.
        }
      }
    });
  },
  'emit throws': (socket) => {
    socket.emit = () => { throw new Error('mocked'); };
  },
  'listenerCount is gone': (socket) => { socket.listenerCount = undefined; },
  'the owner has no prototype any more': (socket) => {
    Object.setPrototypeOf(socket, null);
  },
};

describe('a batch that cannot move on', () => {
  for (const [what, damage] of Object.entries(BREAKS)) {
    it(`is tried as often as it has datagrams: ${what}`, async () => {
      const { reports, code, signal } = await run(`((
        { report, load }, file) => {
        const damage = ${damage};
        const dgram = load();
        const plain = require('node:dgram');
        let uncaught = 0;
        process.on('uncaughtException', () => {
          if (++uncaught < 1000) return;
          report('for ever');
          process.exit(1);
        });
        const socket = dgram.createSocket('udp4');
        const sender = plain.createSocket('udp4');
        let count = 0;
        socket.on('message', () => count++);
        socket.bind(0, '127.0.0.1', () => {
          const { port } = socket.address();
          const bytes = Buffer.from('x'); // node:dgram needs it for a string
          damage(socket, require(file));
          for (let i = 0; i < 5; i++) sender.send(bytes, port, '127.0.0.1');
          setTimeout(() => {
            report(['the timer ran', uncaught + count <= 5]);
            process.exit(0);
          }, 200);
        });
      })`, { args: [require.resolve('../../lib/load/binding')] });
      assert.deepStrictEqual({ code, signal }, { code: 0, signal: null });
      assert.deepStrictEqual(reports.slice(1), [['the timer ran', true]]);
    });
  }
});
