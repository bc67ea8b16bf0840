'use strict';

// A hot reloader, or Jest's module registry, evaluates lib/ again over the one
// addon of the process. In a checkout dist/ and lib/ may both be loaded.

const assert = require('node:assert');
const { once } = require('node:events');
const path = require('node:path');

const { bundle } = require('../../scripts/bundle');
const { until } = require('../e2e/support/limited');

const LIB = path.join(__dirname, '..', '..', 'lib');

/** lib/ as a second evaluation finds it; the first one's stays loaded. */
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
  it('leaves the first one its sockets and destinations', async () => {
    const first = require('../../lib');
    const second = evaluateAgain();
    assert.notStrictEqual(second, first);
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
    } finally {
      a.close();
      b.close();
    }
  });
});

describe('dist/ beside lib/', () => {
  before(bundle);

  it('has the same classes', () => {
    const first = require('../../lib');
    const second = require('../../dist');
    assert.notStrictEqual(second, first);
    assert.deepStrictEqual(second, first);
    for (const name of ['Socket', 'createSocket'])
      assert.strictEqual(second[name], first[name]);
  });
});
