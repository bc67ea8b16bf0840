'use strict';

// A hot reloader, or the module registry of Jest, evaluates lib/ again. In a
// checkout dist/ and lib/ may both be loaded: two copies, each with an instance
// of the addon. test/api/node/copies.test.js and sandbox.test.js test the same
// with the package.

const assert = require('node:assert');
const { once } = require('node:events');
const path = require('node:path');

const { until } = require('../e2e/support/limited');
const packed = require('../support/package');

const LIB = path.join(__dirname, '..', '..', 'lib');

/** Evaluates lib/ a second time; the first evaluation stays loaded. */
function evaluateAgain() {
  const kept = {};
  for (const file of Object.keys(require.cache)) {
    if (!file.startsWith(LIB + path.sep)) continue;
    kept[file] = require.cache[file];
    delete require.cache[file];
  }
  try {
    return require('../../lib');
  } finally {
    Object.assign(require.cache, kept);
  }
}

async function bound(dgram, received) {
  const socket = dgram.createSocket('udp4');
  socket.on('message', (msg) => received.push(`${msg}`));
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  return socket;
}

describe('a second evaluation of lib/', () => {
  it('returns the classes of the first one', () => {
    const first = require('../../lib');
    const second = evaluateAgain();
    assert.notStrictEqual(second, first);
    assert.deepStrictEqual(second, first);
    for (const name of ['Socket', 'createSocket'])
      assert.strictEqual(second[name], first[name]);
  });
});

describe('the package beside lib/', () => {
  it('has its own classes, sockets and destinations', async () => {
    const first = require('../../lib');
    const second = require(packed.main);
    assert.notStrictEqual(second.Socket, first.Socket);
    const counters = [require('../../lib/load/binding'), packed.binding()];
    const before = counters.map((binding) => binding.stats().sockets);
    const got = [[], []];
    const a = await bound(first, got[0]);
    const b = await bound(second, got[1]);
    try {
      const send = (socket, text, to) => new Promise((resolve, reject) =>
        socket.send(text, to.address().port, '127.0.0.1',
                    (error) => (error ? reject(error) : resolve())));
      await send(a, 'a to a', a);
      await send(b, 'b to b', b);
      await send(a, 'a to b', b);
      await send(b, 'b to a', a);
      await send(a, 'a to a again', a);
      await until('five messages', () => got[0].length + got[1].length >= 5);
      assert.deepStrictEqual(got, [
        ['a to a', 'b to a', 'a to a again'], ['b to b', 'a to b'],
      ]);
      assert.deepStrictEqual(
        counters.map((binding, i) => binding.stats().sockets - before[i]),
        [1, 1]);
    } finally {
      a.close();
      b.close();
    }
  });
});
