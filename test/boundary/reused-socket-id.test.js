'use strict';

// A listener closes its socket and runs the event loop until another socket
// gets the same slot. Datagrams of the closed socket must not reach the other.

const assert = require('node:assert');

const { succeedWithOurs } = require('./kit');

/** How the listener ends after the other socket has the slot. */
const ENDINGS = {
  'throws': () => { throw new Error('in the listener'); },
  'returns': () => {},
};

/** Where the socket is closed. */
const PLACES = {
  'the listener itself': (act) => act(),
  'a tick between two datagrams': (act) => process.nextTick(act),
  'a microtask between two datagrams': (act) => queueMicrotask(act),
};

describe('pending datagrams of a closed socket', () => {
  for (const [place, at] of Object.entries(PLACES)) {
    for (const [ending, end] of Object.entries(ENDINGS)) {
      it(`reach no other socket: closed in ${place}, which ${ending}`, async () => {
        const [got] = await succeedWithOurs(`(({ report, load, runLoop }) => {
          const dgram = load();
          const at = ${at};
          const end = ${end};
          const got = { a: 0, b: [], own: 0 };
          process.on('uncaughtException', () => {});
          const a = dgram.createSocket('udp4');
          const sender = require('node:dgram').createSocket('udp4');
          const finish = (b) => {
            b.close();
            sender.close();
            report(got);
          };
          a.on('message', () => {
            if (++got.a > 1) return;
            at(() => {
              let closed = false;
              a.close(() => { closed = true; });
              for (let i = 0; i < 20 && !closed; i++) runLoop(1);
              const b = dgram.createSocket('udp4');
              b.on('message', (msg) => {
                if (String(msg) !== 'mine') return got.b.push(String(msg));
                got.own++;
                // Pending datagrams have arrived by now.
                setTimeout(finish, 20, b);
              });
              b.bindSync({ port: 0, address: '127.0.0.1' });
              sender.send('mine', b.address().port, '127.0.0.1');
              runLoop(10);
              end();
            });
          });
          a.bind(0, '127.0.0.1', () => {
            const { port } = a.address();
            for (let i = 0; i < 6; i++)
              sender.send('secret ' + i, port, '127.0.0.1');
          });
        })`);
        assert.deepStrictEqual(got.b, [], 'datagrams of the closed socket');
        assert.strictEqual(got.own, 1);
      });
    }
  }
});
