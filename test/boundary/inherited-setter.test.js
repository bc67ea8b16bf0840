'use strict';

// Setters on Object.prototype. The addon defines own properties on objects that
// it creates or fills, so no setter is called, which could send, close or open
// a socket in the middle of the operation.

const assert = require('node:assert');

const { succeed, succeedWithOurs } = require('./kit');

/** Defines a setter per name, runs `body`, reports the setters called. */
const pollute = `((names, body) => {
  const called = new Set();
  for (const name of names) {
    Object.defineProperty(Object.prototype, name, {
      __proto__: null, // not affected by setters that exist already
      configurable: true,
      get() { return undefined; },
      set() { called.add(name); },
    });
  }
  try {
    return [body(), called];
  } finally {
    for (const name of names) delete Object.prototype[name];
  }
})`;

const NAMES = [
  'address', 'family', 'port', 'errno', 'code', 'message', 'syscall', 'id',
  'sends', 'arena', 'memory', 'words', 'texts', 'sockets', 'open', 'sent',
  'received', 'layout', 'flags', 'transport', 'RECV_WORDS', 'BATCH_SENDS',
  'IPV6ONLY', 'get', 'value', 'writable', 'enumerable', 'configurable',
];

describe('a setter on Object.prototype', () => {
  it('is not called for objects that the addon returns or fills', async () => {
    const [results, called] = await succeed(`(({ report, native }) => {
      const pollute = ${pollute};
      const core = native.open();
      const { handle, port } = core.bound();
      const [results, called] = pollute(${JSON.stringify(NAMES)}, () => {
        const name = {};
        handle.getsockname(name);
        const context = {};
        handle.bufferSize(2 ** 31, true, context);
        return {
          name, context, sendBatch: core.binding.openSendBatch(),
          stats: core.binding.stats(),
        };
      });
      core.closeAll();
      // Own and enumerable in this order, as in an object literal.
      const list = (object) => Object.keys(object);
      report({
        name: [results.name.address, results.name.family,
               results.name.port === port, ...list(results.name)],
        context: [results.context.code, ...list(results.context)],
        sendBatch: list(results.sendBatch),
        stats: list(results.stats),
        literal: Object.values(
          Object.getOwnPropertyDescriptor(results.name, 'port')).slice(1),
      });
      report([...called]);
    })`);
    assert.deepStrictEqual(called, []);
    assert.deepStrictEqual(results, {
      name: ['127.0.0.1', 'IPv4', true, 'address', 'family', 'port'],
      context: ['EINVAL', 'errno', 'code', 'message', 'syscall'],
      sendBatch: ['id', 'sends', 'arena'],
      stats: ['sockets', 'open', 'sent', 'received'],
      literal: [true, true, true],
    });
  });

  it('is not called while the addon is loaded', async () => {
    const [equal, called] = await succeed(`(({ report, native }) => {
      const pollute = ${pollute};
      // Node-API and the files are loaded already, so only the addon runs.
      const before = native.load();
      const [binding, called] = pollute(
        [...${JSON.stringify(NAMES)}, ...Object.keys(before),
         ...Object.keys(before.layout), ...Object.keys(before.flags)],
        () => native.loadBare());
      binding.configure({});
      report([
        JSON.stringify(binding.layout) === JSON.stringify(before.layout),
        JSON.stringify(binding.flags) === JSON.stringify(before.flags),
        Object.keys(binding).join() === Object.keys(before).join(),
      ]);
      report([...called]);
    })`);
    assert.deepStrictEqual(equal, [true, true, true]);
    assert.deepStrictEqual(called, []);
  });

  it('is not called for errors that the addon creates', async () => {
    const [error, called] = await succeed(`(({ report, native }) => {
      const pollute = ${pollute};
      const core = native.open();
      const [error, called] = pollute(${JSON.stringify(NAMES)}, () => {
        try {
          // Exceeds the maximum number of sockets: a libuv error.
          for (;;) core.binding.init();
        } catch (error) {
          return error;
        }
      });
      report([error.code, error.message, error.errno < 0,
              Object.keys(error)]);
      report([...called]);
      process.exit(0);
    })`);
    assert.deepStrictEqual(error,
      ['ENOMEM', 'not enough memory', true, ['errno', 'code']]);
    assert.deepStrictEqual(called, []);
  });

  // The setter itself sends: lib/ opens three send batches, one within another.
  it('that sends uses no half-created send batch', async () => {
    const [arrived, inner] = await succeedWithOurs(({ report, load }) => {
      const dgram = load();
      const receiver = dgram.createSocket('udp4');
      const [a, b, c] = 'abc'.split('').map(() => dgram.createSocket('udp4'));
      const arrived = [];
      let inner = 0;
      receiver.on('message', (msg) => {
        arrived.push(`${msg}`);
        if (arrived.length < 1 + inner) return;
        for (const socket of [receiver, a, b, c]) socket.close();
        report(arrived);
        report(inner);
      });
      receiver.bind(0, '127.0.0.1', () => {
        const { port } = receiver.address();
        a.bind(0, '127.0.0.1');
        c.bind(0, '127.0.0.1');
        b.connect(port, '127.0.0.1', () => {
          let depth = 0;
          Object.defineProperty(Object.prototype, 'id', {
            configurable: true,
            get() { return undefined; },
            set(value) {
              Object.defineProperty(this, 'id', {
                value, writable: true, configurable: true, enumerable: true,
              });
              depth++;
              if (depth > 2) return;
              inner++;
              if (depth === 1) b.send('inner');
              else c.sendMany(['inner', port, '127.0.0.1']);
            },
          });
          a.send('outer', port, '127.0.0.1');
          delete Object.prototype.id;
        });
      });
    });
    // lib/ itself may assign an id, in which case the setter sends normally.
    assert.deepStrictEqual([...arrived].sort(),
      [...new Array(inner).fill('inner'), 'outer']);
  });
});
