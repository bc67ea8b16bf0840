'use strict';

// lib/batch/send-settings.js against a model of the C core's table: each
// descriptor names the slot of its own settings when it is sent.

const assert = require('node:assert');

const FILES = [
  'load/binding', 'batch/reuse', 'batch/send-settings', 'socket/send-settings',
].map((name) => require.resolve(`../../lib/${name}`));

const SETTINGS_MAX = 64; // smaller than that of the addon

/** Evaluates the files with another binding. */
function evaluate(binding) {
  const cached = FILES.map((file) => require.cache[file]);
  for (const file of FILES) delete require.cache[file];
  require.cache[FILES[0]] = { id: FILES[0], loaded: true, exports: binding };
  const table = Object.assign({}, ...FILES.slice(1).map(require));
  for (const [i, file] of FILES.entries()) {
    if (cached[i] === undefined) delete require.cache[file];
    else require.cache[file] = cached[i];
  }
  return table;
}

describe('the table of send settings', () => {
  let slots; // of C: slot to text
  let pending; // [slot, text]
  let stored;
  let table;

  beforeEach(() => {
    slots = new Map();
    pending = [];
    stored = 0;
    table = evaluate({
      layout: { SETTINGS_MAX },
      setSendSettings(slot, ...values) {
        assert.ok(slot > 0 && slot < SETTINGS_MAX, `slot ${slot}`);
        stored++;
        if (values[1] === 'fe80::bad') return -22;
        slots.set(slot, String(values));
        return 0;
      },
    });
    table.beforeReuse(flush);
  });

  function flush() {
    for (const [slot, text] of pending)
      assert.strictEqual(slots.get(slot), text);
    pending.length = 0;
  }

  const read = (given, family = 4) =>
    table.readSettings(given, family, String, read);

  function send(given, family) {
    const slot = table.findSettings(read(given, family));
    const { localAddress, interface: device, tos, ttl, sendTime } = given;
    const isName = typeof device === 'string';
    pending.push([slot, String([
      family ?? 4, localAddress, isName ? device : undefined,
      isName ? undefined : device, tos, ttl, sendTime])]);
    if (pending.length === 512) flush();
    return slot;
  }

  it('stores equal settings once', () => {
    const list = [
      { tos: 1 }, { tos: 2 }, { ttl: 1 }, { tos: 1, ttl: 1 }, { interface: 1 },
      { localAddress: '127.0.0.1' }, { localAddress: '127.0.0.1', tos: 1 },
      { sendTime: 1n }, { sendTime: 2n }, { tos: 1, sendTime: 1n },
    ];
    for (let round = 0; round < 3; round++)
      for (const given of list) send({ ...given });
    flush();
    assert.strictEqual(stored, list.length);
    assert.strictEqual(new Set(list.map((given) => send(given))).size,
                       list.length);
  });

  it('tells families, names and numbers apart', () => {
    const different = [
      send({ interface: 1 }, 4), send({ interface: 1 }, 6),
      send({ interface: '1' }, 4), send({ interface: 'undefined' }, 4),
      send({ interface: 'undefined', tos: 1 }, 4), send({ tos: 1 }, 4),
      send({ interface: '@1/2', tos: 1 }, 4),
    ];
    flush();
    assert.strictEqual(new Set(different).size, different.length);
  });

  it('resolves the name of an interface, and a zone, each time', () => {
    for (let i = 0; i < 5; i++) {
      send({ interface: 'eth0' });
      send({ localAddress: 'fe80::1%eth0' }, 6);
    }
    assert.strictEqual(stored, 10);
    assert.strictEqual(slots.size, 2);
  });

  it('is emptied after the pending datagrams were sent', () => {
    let random = 1;
    for (let i = 0; i < 20000; i++) {
      random = random * 48271 % 0x7fffffff;
      if (random % 3 === 0) send({ tos: 4, localAddress: '127.0.0.1' });
      else if (random % 5 === 0) send({ tos: 4, sendTime: BigInt(random) });
      else send({ tos: random % 256, ttl: 1 + random % 5 });
    }
    flush();
    assert.ok(table.countReuses() > 10);
    assert.ok(slots.size < SETTINGS_MAX);
  });

  it('has no slot for an invalid address', () => {
    for (let i = 0; i < 3; i++) {
      assert.strictEqual(
        table.findSettings(read({ localAddress: 'fe80::bad' }, 6)),
        SETTINGS_MAX);
    }
    assert.strictEqual(send({ tos: 1 }), 1);
  });
});
