'use strict';

const assert = require('node:assert');

const { inner } = require('./kit');

const { Sources, layout } = inner;
const { SOURCES_MAX } = layout();

const at4 = (i) => ({
  family: 4, text: `10.${i >> 16 & 255}.${i >> 8 & 255}.${i & 255}`, port: 53,
});
const at6 = (i) => ({ family: 6, text: `2001:db8::${i.toString(16)}`, port: 9 });

describe('dgram_sources', () => {
  let sources;

  beforeEach(() => { sources = new Sources(); });

  function remembers(address) {
    const first = sources.find(address);
    const second = sources.find(address);

    assert.strictEqual(second.slot, first.slot);
    return !second.isNew;
  }

  it('finds a source the second time', () => {
    assert.deepStrictEqual(sources.find(at4(1)).isNew, true);
    assert.ok(remembers(at4(1)));
    assert.ok(remembers(at6(1)));
    assert.ok(remembers(at4(1)), 'also after another source');
  });

  it('distinguishes ports, addresses, scopes and families', () => {
    const different = [
      { family: 4, text: '1.2.3.4', port: 1 },
      { family: 4, text: '1.2.3.4', port: 2 },
      { family: 4, text: '1.2.3.5', port: 1 },
      { family: 6, text: '::ffff:1.2.3.4', port: 1 },
      { family: 6, text: '::1', port: 1 },
      { family: 6, text: '::1', port: 2 },
      { family: 6, text: '2001:db8::1', port: 1, scope: 1 },
      { family: 6, text: '2001:db8::1', port: 1, scope: 2 },
    ];
    const slots = different.map((address) => sources.find(address));

    assert.ok(slots.every(({ isNew }) => isNew));
    assert.strictEqual(new Set(slots.map(({ slot }) => slot)).size,
                       different.length);
    for (const [i, address] of different.entries())
      assert.deepStrictEqual(sources.find(address),
                             { slot: slots[i].slot, isNew: false });
  });

  it('ignores fields that the text does not contain', () => {
    const { slot } = sources.find({ family: 6, text: '::1', port: 1, flow: 1 });
    assert.deepStrictEqual(
      sources.find({ family: 6, text: '::1', port: 1, flow: 2 }),
      { slot, isNew: false });

    const v4 = { family: 4, text: '1.1.1.1', port: 1 };
    const known = sources.find({ ...v4, padding: 1 });
    assert.deepStrictEqual(sources.find({ ...v4, padding: 2 }),
                           { slot: known.slot, isNew: false });
  });

  it('reports an address with a zone as new every time', () => {
    const address = { family: 6, text: 'fe80::1', port: 1, scope: 1 };
    const first = sources.find(address);

    assert.deepStrictEqual(first.isNew, true);
    assert.deepStrictEqual(sources.find(address), first);
    assert.ok(remembers({ family: 6, text: 'fe80::1', port: 1 }),
              'without a zone it is not');
  });

  for (const [name, address] of [['IPv4', at4], ['IPv6', at6]]) {
    it(`is bounded, and never returns a wrong slot: ${name}`, () => {
      const content = new Map();
      let hits = 0;

      for (let i = 0; i < 4 * SOURCES_MAX; i++) {
        // Every second source is one of the last 100.
        const source = i % 2 === 0 ? i : Math.max(0, i - i % 100);
        const { slot, isNew } = sources.find(address(source));

        assert.ok(slot < SOURCES_MAX, `slot ${slot}`);
        if (isNew) content.set(slot, source);
        else hits++;
        assert.strictEqual(content.get(slot), source);
      }
      assert.ok(hits > SOURCES_MAX, `${hits} hits`);
    });

    it(`assigns slots in ascending order and retains them: ${name}`, () => {
      for (let i = 0; i < SOURCES_MAX; i++)
        assert.strictEqual(sources.find(address(i)).slot, i);
      for (let i = 0; i < SOURCES_MAX; i++) {
        assert.deepStrictEqual(sources.find(address(i)),
                               { slot: i, isNew: false });
      }
    });

    it(`retains most sources if it is a little too small: ${name}`, () => {
      const count = SOURCES_MAX + 1000;
      let hits = 0;

      for (let i = 0; i < 3 * count; i++)
        hits += sources.find(address(i % count)).isNew ? 0 : 1;
      assert.ok(hits > 1.5 * SOURCES_MAX, `${hits} hits in ${3 * count}`);
    });
  }

  it('reports a forgotten source as new, in its old slot', () => {
    const { slot } = sources.find(at4(1));
    sources.find(at4(2));
    sources.forget(slot);

    assert.deepStrictEqual(sources.find(at4(1)), { slot, isNew: true });
    assert.ok(remembers(at4(1)));
    assert.ok(remembers(at4(2)), 'the others are known');
    sources.forget(SOURCES_MAX);
  });

  it('accepts an unknown family, and bounds its slots', () => {
    for (let i = 0; i < 100; i++) {
      const { slot, isNew } = sources.find({ raw: 1 });

      assert.ok(slot < 16, `slot ${slot}`);
      assert.strictEqual(isNew, true);
    }
    assert.ok(remembers(at4(1)));
  });
});
