'use strict';

// lib/batch/destinations.js against a model of the C core's table: each
// descriptor names the slot of its own address when it is sent.

const assert = require('node:assert');

const FILES = [
  'load/binding', 'batch/sources', 'batch/reuse', 'batch/destinations',
].map((name) => require.resolve(`../../lib/${name}`));

const DESTINATIONS_MAX = 4096; // smaller than that of the addon

/** Evaluates the files with another binding. */
function evaluate(binding) {
  const cached = FILES.map((file) => require.cache[file]);
  for (const file of FILES) delete require.cache[file];
  require.cache[FILES[0]] = { id: FILES[0], loaded: true, exports: binding };
  const { latest } = require(FILES[1]);
  const reuse = require(FILES[2]);
  const destinations = require(FILES[3]);
  for (const [i, file] of FILES.entries()) {
    if (cached[i] === undefined) delete require.cache[file];
    else require.cache[file] = cached[i];
  }
  return { ...destinations, ...reuse, latest };
}

describe('the table of destinations', () => {
  let slots; // of C: slot to text
  let pending; // [slot, text]
  let parsed;
  let table;

  const textOf = (family, address, port) => `${family} ${address} ${port}`;

  beforeEach(() => {
    slots = new Map();
    pending = [];
    parsed = 0;
    table = evaluate({
      layout: { DESTINATIONS_MAX, TEXT_BYTES: 80 },
      setDestination(slot, family, address, port) {
        assert.ok(slot > 0 && slot < DESTINATIONS_MAX, `slot ${slot}`);
        parsed++;
        slots.delete(slot);
        if (address.includes(':') !== (family === 6)) return -22;
        slots.set(slot, textOf(family, address, port));
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

  function send(family, address, port) {
    const slot = table.findDestination(family, address, port);
    assert.ok(slot > 0);
    pending.push([slot, textOf(family, address, port)]);
    if (pending.length === 512) flush();
    return slot;
  }

  const address4 = (i) => `10.${i >> 16}.${i >> 8 & 255}.${i & 255}`;

  it('parses each address once while there is room', () => {
    for (let round = 0; round < 3; round++) {
      for (let i = 0; i < 2000; i++) send(4, address4(i), 53);
      for (let port = 1; port < 2000; port++) send(4, '10.9.9.9', port);
    }
    flush();
    assert.strictEqual(parsed, 3999);
  });

  it('keeps the slots of pending datagrams when it is full', () => {
    // Few that are used all the time among many that are used once.
    let random = 1;
    for (let i = 0; i < 20 * DESTINATIONS_MAX; i++) {
      random = random * 1103515245 + 12345 >>> 0;
      const rare = (random >>> 16) % 3 === 0;
      const n = rare ? i : (random >>> 18) % 600;
      if (n % 5 === 0) send(6, `2001:db8::${n.toString(16)}`, 53);
      else if (n % 5 === 1) send(4, '10.0.0.1', n % 65536 || 1);
      else send(4, address4(n), 1 + n % 3);
    }
    flush();
    assert.ok(parsed < 10 * DESTINATIONS_MAX, `${parsed} parsed`);
  });

  it('tells when slots found before were reused', () => {
    // As columns do: many slots are found, and none of them is pending.
    let random = 1;
    let repeated = 0;
    for (let batch = 0; batch < 400; batch++) {
      const found = new Map();
      let before;
      do {
        if (found.size > 0) repeated++;
        found.clear();
        const start = random;
        before = table.countReuses();
        for (let i = 0; i < 512; i++) {
          random = random * 1103515245 + 12345 >>> 0;
          const n = (random >>> 16) % 3 === 0 ? batch * 512 + i :
            (random >>> 18) % 6000;
          const slot = table.findDestination(4, address4(n), 53);
          found.set(textOf(4, address4(n), 53), slot);
        }
        if (table.countReuses() !== before) random = start;
      } while (table.countReuses() !== before);
      for (const [text, slot] of found)
        assert.strictEqual(slots.get(slot), text);
    }
    assert.ok(repeated > 5 && repeated < 200, `${repeated} batches repeated`);
  });

  it('keeps the slot of the latest destination', () => {
    send(4, '10.1.1.1', 1);
    for (let i = 0; i < 4 * DESTINATIONS_MAX; i++) {
      send(4, '10.1.1.1', 1);
      send(4, address4(i), 9);
      send(4, '10.1.1.1', 1);
    }
    flush();
    assert.ok(parsed <= 4 * DESTINATIONS_MAX + 1, `${parsed} parsed`);
  });

  it('finds the source that came in, also after its slot was reused', () => {
    const sources = [];
    for (let i = 0; i < 2 * DESTINATIONS_MAX; i++) {
      sources.push(
        { address: address4(i), port: 7, family: 'IPv4', destination: null });
    }
    for (let round = 0; round < 3; round++) {
      for (const source of sources) {
        table.latest.source = source;
        const slot = send(4, source.address, source.port);
        assert.strictEqual(send(4, source.address, source.port), slot);
        assert.notStrictEqual(send(4, source.address, 8), slot);
      }
    }
    flush();
    // Another family does not get the slot.
    assert.ok(table.findDestination(6, sources.at(-1).address, 7) < 0);
  });

  it('does not spend slots on names', () => {
    for (let i = 0; i < 2 * DESTINATIONS_MAX; i++)
      assert.strictEqual(table.findDestination(6, `name-${i}`, 1), -22);
    send(4, '10.0.0.1', 1);
    assert.strictEqual(slots.size, 1);
  });

  it('parses an address with a zone each time, in one slot', () => {
    for (let i = 0; i < 100; i++) send(6, 'fe80::1%lo', 5);
    flush();
    assert.strictEqual(parsed, 100);
    assert.strictEqual(slots.size, 1);
  });
});
