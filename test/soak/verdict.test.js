'use strict';

// Checks that the verdict detects failures.

const assert = require('node:assert');

const { Incoming, Outgoing, audit } = require('./flow');
const { BOUNDS, judge } = require('./verdict');

const MIB = 1024 * 1024;

function samples({ count = 40, entry = {}, stats, ...growth } = {}) {
  return Array.from({ length: count }, (_, i) => ({
    seconds: 30 * (i + 1),
    rss: 100 * MIB + i * (growth.rss ?? 0),
    heap: 10 * MIB + i * (growth.heap ?? 0),
    descriptors: 50 + (growth.descriptors?.(i) ?? 0),
    stats: stats ?? { sockets: 100, sent: 1, received: 1 },
    totals: [{ name: 'a flow', rounds: 1, opened: 10, faults: [], ...entry }],
  }));
}

function failuresOf(...args) {
  return judge(samples(...args)).checks
    .filter(({ faults }) => faults.length > 0).map(({ name }) => name);
}

describe('judge()', () => {
  it('passes if there is no growth', () => {
    assert.deepStrictEqual(failuresOf(), []);
  });

  for (const key of ['rss', 'heap']) {
    it(`fails if ${key} grows steadily`, () => {
      assert.deepStrictEqual(failuresOf({ [key]: BOUNDS[key] / 10 }),
        [`${key} flat`]);
    });
  }

  it('fails if one descriptor is leaked per lap', () => {
    assert.deepStrictEqual(failuresOf({ descriptors: (i) => i }),
      ['descriptors flat']);
  });

  it('checks the process that sockets move to', () => {
    const each = (change) => samples().map((sample, i) => ({
      ...sample, childRss: MIB, childHeap: MIB, childDescriptors: 20,
      ...change(i),
    }));
    const failures = (change) => judge(each(change)).checks
      .filter(({ faults }) => faults.length > 0).map(({ name }) => name);
    assert.deepStrictEqual(failures(() => ({})), []);
    assert.deepStrictEqual(
      failures((i) => ({ childRss: i * BOUNDS.childRss / 10 })),
      ['childRss flat']);
    assert.deepStrictEqual(failures((i) => ({ childDescriptors: 20 + i })),
      ['childDescriptors flat']);
  });

  it('ignores growth during the warm-up', () => {
    const warming = samples();
    warming.slice(0, 5).forEach((sample) => { sample.rss /= 2; });
    assert.ok(judge(warming).checks.every(({ faults }) => faults.length === 0));
  });

  it('does not check memory after one minute', () => {
    const { judged, checks } = judge(samples({ count: 2, rss: 100 * MIB }));
    assert.strictEqual(judged, false);
    assert.ok(!checks.some(({ name }) => name === 'rss flat'));
  });

  it('fails if an activity has faults or never ran', () => {
    for (const entry of [{ faults: ['x'] }, { rounds: 0 }])
      assert.deepStrictEqual(failuresOf({ entry }), ['a flow']);
  });

  it('fails if the sockets were not native', () => {
    assert.deepStrictEqual(
      failuresOf({ stats: { sockets: 0, sent: 0, received: 0 } }),
      ['sockets are native']);
  });
});

describe('audit()', () => {
  function flow(change) {
    const [outgoing, incoming] = [new Outgoing(7), new Incoming(7)];
    const sends = Array.from({ length: 10 }, () => outgoing.next(100));
    change?.(sends, outgoing, incoming);
    for (const { bytes, callback } of sends) {
      callback?.(null, 100);
      if (bytes) incoming.take(bytes);
    }
    return audit(outgoing, incoming, 0);
  }

  const faults = {
    'a lost datagram': (sends) => { sends[4].bytes = null; },
    'a datagram twice': (sends) => sends.push({ bytes: sends[3].bytes }),
    'two in the wrong order': (sends) => sends.reverse(),
    'a damaged byte': (sends) => { sends[5].bytes[60] ^= 1; },
    'a datagram of another flow': (sends) => sends[0].bytes[0]++,
    'a lost callback': (sends) => { sends[2].callback = null; },
    'a callback twice': (sends) => sends[2].callback(null, 100),
    'a wrong length': (sends) => {
      sends[2].callback(null, 99);
      sends[2].callback = null;
    },
  };

  it('passes if both ends match', () => assert.deepStrictEqual(flow(), []));

  for (const [name, change] of Object.entries(faults)) {
    it(`detects ${name}`, () => {
      assert.notStrictEqual(flow(change).length, 0);
    });
  }

  it('accounts for datagrams that the kernel dropped', () => {
    const [outgoing, incoming] = [new Outgoing(7), new Incoming(7)];
    for (let i = 0; i < 3; i++) {
      const { bytes, callback } = outgoing.next(50);
      callback(null, 50);
      if (i !== 1) incoming.take(bytes);
    }
    assert.deepStrictEqual(audit(outgoing, incoming, 1), []);
    assert.strictEqual(incoming.lost, 1);
  });
});
