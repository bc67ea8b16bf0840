'use strict';

const assert = require('node:assert');

const fc = require('fast-check');
const { inner } = require('./kit');

const { segmentGroupLength } = inner;

const SEGMENTS = 64;
const SEGMENT_MIN = 3;
const BYTES_IP4 = 65507;

/** Descriptors with contiguous payloads; `gap` bytes before each. */
function sends(list) {
  let end = 0;
  return list.map((entry) => {
    const { length, peer = 1, gap = 0, settings = 0 } =
      typeof entry === 'number' ? { length: entry } : entry;
    const offset = end + gap;
    end = offset + length;
    return { length, peer, offset, settings };
  });
}

const repeat = (count, entry) => new Array(count).fill(entry);

/** The rules in segment_group.h, implemented by trying every length. */
function model(list, segmentMax, bytesMax) {
  const [first] = list;
  const isGroup = (group) => {
    const bytes = group.reduce((sum, { length }) => sum + length, 0);
    return group.length <= SEGMENTS && bytes <= bytesMax &&
      first.length >= SEGMENT_MIN && first.length <= segmentMax &&
      group.every(({ peer, settings }) =>
        peer === first.peer && settings === first.settings) &&
      group.slice(0, -1).every(({ length }) => length === first.length) &&
      group.at(-1).length > 0 && group.at(-1).length <= first.length &&
      group.slice(1).every(({ offset }, i) =>
        offset === group[i].offset + group[i].length);
  };
  for (let n = list.length; n > 1; n--)
    if (isGroup(list.slice(0, n))) return n;
  return 1;
}

describe('dgram_segment_group_length', () => {
  for (const [
    title, list, expected, segmentMax = BYTES_IP4, bytesMax = BYTES_IP4,
  ] of [
    ['one datagram', [100], 1],
    ['an empty datagram', [0], 1],
    ['two of one size', [100, 100], 2],
    ['many of one size', repeat(20, 100), 20],
    ['at most 64', repeat(65, 10), 64],
    ['64, the last one shorter', [...repeat(63, 10), 9], 64],
    ['the last may be shorter', [10, 10, 9], 3],
    ['a shorter one ends the group', [10, 9, 9], 2],
    ['a longer one starts the next group', [10, 10, 11, 10], 2],
    ['the second one shorter', [10, 1], 2],
    ['an empty one cannot be the last', [10, 10, 0, 10], 2],
    ['an empty one cannot be the first', [0, 0, 0], 1],
    ['segments of 1 byte are sent alone', [1, 1, 1], 1],
    ['segments of 2 bytes are sent alone', [2, 2, 1], 1],
    ['segments of 3 bytes form a group', [3, 3, 1], 3],
    ['another peer', [10, 10, { length: 10, peer: 2 }, 10], 2],
    ['another peer for the second one', [10, { length: 10, peer: 2 }], 1],
    ['the connected peer', repeat(3, { length: 10, peer: 0 }), 3],
    ['other settings', [10, 10, { length: 10, settings: 1 }, 10], 2],
    ['settings for the first one', [{ length: 10, settings: 1 }, 10], 1],
    ['the same settings', repeat(5, { length: 10, settings: 7 }), 5],
    ['a gap', [10, 10, { length: 10, gap: 1 }, 10], 2],
    ['a gap before the first', [{ length: 10, gap: 7 }, 10], 2],
    ['bytes: as many as fit', repeat(44, 1500), 43],
    ['bytes: exactly the limit', repeat(11, 100), 10, BYTES_IP4, 1000],
    ['bytes: one byte less', repeat(11, 100), 9, BYTES_IP4, 999],
    ['bytes: a shorter last one fits', [100, 100, 50], 3, BYTES_IP4, 250],
    ['bytes: a shorter last one exceeds', [100, 100, 51], 2, BYTES_IP4, 250],
    ['bytes: limit below the first datagram', [100, 100], 1, BYTES_IP4, 99],
    ['two that fill the limit, the second longer', [32753, 32754], 1],
    ['two of the largest, and one byte', [32753, 32753, 1], 3],
    ['datagrams that are too long to send', [65535, 65535], 1],
    ['segment_max: exactly the limit', [1472, 1472], 2, 1472],
    ['segment_max: above the limit', [1473, 1473], 1, 1472],
    ['segment_max: limits the first of two', [1473, 5], 1, 1472],
    ]) {
    it(`${title}: ${expected}`, () => {
      const batch = sends(list);

      assert.strictEqual(
        segmentGroupLength(batch, segmentMax, bytesMax), expected);
      assert.strictEqual(model(batch, segmentMax, bytesMax), expected);
    });
  }

  it('follows the rules for any batch', () => {
    const size = fc.oneof(
      fc.constantFrom(0, 1, 2, 3, 4, 64, 1000, 1472, 32753, 65507, 65535),
      fc.integer({ min: 0, max: 65536 }));
    // Groups of equal datagrams, as applications send them.
    const group = fc.record({
      entry: fc.record({
        length: size,
        peer: fc.constantFrom(0, 1, 1, 1, 2),
        gap: fc.constantFrom(0, 0, 0, 0, 1),
        settings: fc.constantFrom(0, 0, 0, 1, 2),
      }),
      times: fc.integer({ min: 1, max: 70 }),
    });
    const batch = fc.array(group, { minLength: 1, maxLength: 5 })
      .map((groups) => sends(groups.flatMap(
        ({ entry, times }) => repeat(times, entry))));
    const limit = fc.oneof(fc.constantFrom(2, 1472, BYTES_IP4, 65527), size);

    fc.assert(fc.property(batch, limit, limit, (list, segmentMax, bytesMax) => {
      assert.strictEqual(segmentGroupLength(list, segmentMax, bytesMax),
        model(list, segmentMax, bytesMax));
    }), { numRuns: 1000 });
  });

  it('splits a batch into groups without losing a datagram', () => {
    const sizes = fc.array(fc.integer({ min: 0, max: 5 }),
      { minLength: 1, maxLength: 300 });

    fc.assert(fc.property(sizes, (list) => {
      const batch = sends(list);
      let taken = 0;
      while (taken < batch.length) {
        const n = segmentGroupLength(batch.slice(taken), BYTES_IP4, BYTES_IP4);
        assert.ok(n >= 1 && n <= batch.length - taken);
        taken += n;
      }
      assert.strictEqual(taken, batch.length);
    }), { numRuns: 300 });
  });
});
