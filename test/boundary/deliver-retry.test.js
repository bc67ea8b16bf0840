'use strict';

// Exceptions before the delivery of a batch advances: each loses at most one
// datagram and is reported once, and the event loop continues.

const assert = require('node:assert');

const { run } = require('./kit');

/** Failures of functions and objects that the delivery of a batch requires. */
const FAILURES = {
  'markAsUntransferable is undefined': () => {
    require('node:worker_threads').markAsUntransferable = undefined;
  },
  'Buffer.from throws': () => {
    Buffer.from = () => { throw new Error('mocked'); };
  },
  'the memory is detached during delivery': (socket, binding) => {
    // Untransferable memory cannot be detached, so the mark is disabled.
    require('node:worker_threads').markAsUntransferable = () => {};
    socket.prependOnceListener('message', () => {
      for (const memory of Object.values(binding.inbox())) {
        try {
          structuredClone(memory, { transfer: [memory] });
        } catch {
          // This memory was marked before.
        }
      }
    });
  },
  'emit throws': (socket) => {
    socket.emit = () => { throw new Error('mocked'); };
  },
  'listenerCount is undefined': (socket) => {
    socket.listenerCount = undefined;
  },
  'the owner has no prototype': (socket) => {
    Object.setPrototypeOf(socket, null);
  },
};

describe('the delivery of a batch that fails', () => {
  for (const [what, damage] of Object.entries(FAILURES)) {
    it(`is retried at most once per datagram: ${what}`, async () => {
      const { reports, code, signal } = await run(`((
        { report, load }, file) => {
        const damage = ${damage};
        const dgram = load();
        const nodeDgram = require('node:dgram');
        let uncaught = 0;
        process.on('uncaughtException', () => {
          if (++uncaught < 1000) return;
          report('endless errors');
          process.exit(1);
        });
        const socket = dgram.createSocket('udp4');
        const sender = nodeDgram.createSocket('udp4');
        let count = 0;
        socket.on('message', () => count++);
        socket.bind(0, '127.0.0.1', () => {
          const { port } = socket.address();
          const bytes = Buffer.from('x'); // node:dgram calls it for strings
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
