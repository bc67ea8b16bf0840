'use strict';

// The memory of sends, allocated when the first datagram is sent: allocation
// failures, setters on Object.prototype and a frozen `process`.

const assert = require('node:assert');
const { describeNative, itNative, reportsOf } = require('../../support/dgram');

describeNative('send memory that cannot be allocated', () => {
  it('leaks nothing and is allocated by a later send', async () => {
    const [{ errors, grown, got }] = await reportsOf((dgram, report) => {
      const { from } = Buffer;
      const { arrayBuffers } = process.memoryUsage();
      const socket = dgram.createSocket('udp4');
      socket.on('message', (msg) => {
        report({
          errors, grown: process.memoryUsage().arrayBuffers - before,
          got: String(msg),
        });
        socket.close();
      });
      let before = arrayBuffers;
      let errors = 0;
      socket.bind(0, '127.0.0.1', () => {
        const { port } = socket.address();
        before = process.memoryUsage().arrayBuffers;
        Buffer.from = () => { throw new RangeError('no memory'); };
        for (let i = 0; i < 2000; i++) {
          try {
            socket.send(Buffer.alloc(1), port, '127.0.0.1');
          } catch ({ message }) {
            errors += message === 'no memory';
          }
        }
        Buffer.from = from;
        socket.send('sent', port, '127.0.0.1');
      });
    });
    assert.strictEqual(errors, 2000);
    assert.strictEqual(got, 'sent');
    // One send batch and the receive buffer; 2,000 batches would be 525 MiB.
    assert.ok(grown < 16 * 1024 * 1024, `${grown} bytes allocated`);
  });
});

// V8 represents an address cut out of a text by a reference to the text.
describe('a text that contained an address', () => {
  it('is not retained after a send to it', async () => {
    const [grown] = await reportsOf((dgram, report) => {
      require('node:v8').setFlagsFromString('--expose-gc');
      const collect = require('node:vm').runInNewContext('gc');
      const TEXTS = 1000;
      const socket = dgram.createSocket('udp4');
      let before;
      const heap = () => {
        collect();
        return process.memoryUsage().heapUsed;
      };
      const sendTo = (i) => {
        const text = Buffer.alloc(20000, `127.111.101.${100 + i % 100} `);
        text.write(`127.111.${100 + Math.floor(i / 100)}`);
        socket.send('x', 9, text.latin1Slice().split(' ', 1)[0]);
      };
      socket.bind(0, '127.0.0.1', async () => {
        before = heap();
        for (let i = 0; i < TEXTS; i++) {
          sendTo(i);
          if (i % 100 === 99) await new Promise(setImmediate);
        }
        report((heap() - before) / TEXTS);
        socket.close();
      });
    });
    assert.ok(grown < 4000, `${grown} bytes for each address`);
  });
});

describe('a setter on Object.prototype', () => {
  it('is not called by send()', async () => {
    assert.deepStrictEqual(await reportsOf((dgram, report) => {
      const got = [];
      const receiver = dgram.createSocket('udp4', (msg) => {
        got.push(String(msg));
        if (got.length < 2) return;
        report(got.sort());
        process.exit();
      });
      const plain = dgram.createSocket('udp4');
      const connected = dgram.createSocket('udp4');
      receiver.bind(0, '127.0.0.1', () => {
        const { port } = receiver.address();
        connected.connect(port, '127.0.0.1', () => plain.bind(0, () => {
          let calls = 0;
          for (const name of ['id', 'sends', 'arena']) {
            Object.defineProperty(Object.prototype, name, {
              configurable: true,
              get: () => undefined,
              set(value) {
                Object.defineProperty(this, name,
                  { value, writable: true, configurable: true });
                if (this[name] !== value || calls++ > 0) return;
                connected.send('from the setter');
              },
            });
          }
          plain.send('plain', port, '127.0.0.1');
          const called = calls;
          for (const name of ['id', 'sends', 'arena'])
            delete Object.prototype[name];
          report(called);
          connected.send('connected');
        }));
      });
    }), [0, ['connected', 'plain']]);
  });
});

describe('socket.send() with a frozen process', () => {
  const sendAll = (dgram, report, when) => {
    const got = [];
    if (when === 'before') Object.freeze(process);
    const receiver = dgram.createSocket('udp4', (msg) => got.push(String(msg)));
    const socket = dgram.createSocket('udp4');
    receiver.bind(0, '127.0.0.1', () => {
      const { port } = receiver.address();
      socket.connect(port, '127.0.0.1', () => {
        if (when === 'after') Object.freeze(process);
        let called = 0;
        for (const text of ['a', 'b', 'c']) socket.send(text, () => called++);
        const plain = dgram.createSocket('udp4');
        plain.send('d', port, '127.0.0.1', () => {
          called++;
          (function wait() {
            if (got.length < 4) setImmediate(wait);
            else report({ got: got.sort(), called });
            if (got.length < 4) return;
            for (const each of [receiver, socket, plain]) each.close();
          })();
        });
      });
    });
  };

  for (const when of ['before', 'after']) {
    for (const stdio of [['ignore'], ['ignore', 'pipe', 'pipe', 'ipc']]) {
      it(`sends when frozen ${when} the sockets are created, ` +
        `${stdio.length > 1 ? 'with' : 'without'} IPC`, async () => {
        assert.deepStrictEqual(
          await reportsOf(sendAll, { args: [when], stdio }),
          [{ got: ['a', 'b', 'c', 'd'], called: 4 }]);
      });
    }
  }

  itNative('sends queued datagrams when the process ends', async () => {
    assert.deepStrictEqual(await reportsOf((dgram, report) => {
      const { fork } = require('node:child_process');
      if (process.env.PEER) {
        Object.freeze(process);
        const socket = dgram.createSocket('udp4');
        socket.connect(Number(process.env.PEER), '127.0.0.1', () => {
          for (const text of ['a', 'b', 'c']) socket.send(text);
          process.reallyExit(0);
        });
        return;
      }
      const got = [];
      const receiver = dgram.createSocket('udp4', (msg) => {
        got.push(String(msg));
        if (got.length < 3) return;
        report(got);
        receiver.close();
      });
      receiver.bind(0, '127.0.0.1', () => {
        const PEER = String(receiver.address().port);
        fork(process.argv[1], process.argv.slice(2),
             { env: { ...process.env, PEER } });
      });
    }), [['a', 'b', 'c']]);
  });
});
