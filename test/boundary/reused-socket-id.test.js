'use strict';

// A listener closes its socket and turns the event loop; another socket gets
// its place in the tables. What came for the first one does not reach it.

const assert = require('node:assert');

const { succeedWithOurs } = require('./kit');

/** How the listener goes on, once the other socket has the place. */
const ENDINGS = {
  'throws': () => { throw new Error('in the listener'); },
  'returns': () => {},
};

/** Where the listener does it. */
const PLACES = {
  'the listener itself': (act) => act(),
  'a tick between two datagrams': (act) => process.nextTick(act),
  'a microtask between two datagrams': (act) => queueMicrotask(act),
};

describe('the rest of a batch whose socket was closed', () => {
  for (const [place, at] of Object.entries(PLACES)) {
    for (const [ending, end] of Object.entries(ENDINGS)) {
      it(`is nobody's: in ${place}, which ${ending}`, async () => {
        const [got] = await succeedWithOurs(`(({ report, load, turn }) => {
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
              for (let i = 0; i < 20 && !closed; i++) turn(1);
              const b = dgram.createSocket('udp4');
              b.on('message', (msg) => {
                if (String(msg) !== 'mine') return got.b.push(String(msg));
                got.own++;
                // What could still come is there by now.
                setTimeout(finish, 20, b);
              });
              b.bindSync({ port: 0, address: '127.0.0.1' });
              sender.send('mine', b.address().port, '127.0.0.1');
              turn(10);
              end();
            });
          });
          a.bind(0, '127.0.0.1', () => {
            const { port } = a.address();
            for (let i = 0; i < 6; i++)
              sender.send('secret ' + i, port, '127.0.0.1');
          });
        })`);
        assert.deepStrictEqual(got.b, [], 'nothing of the other\'s');
        assert.strictEqual(got.own, 1);
      });
    }
  }
});
