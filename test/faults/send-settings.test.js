'use strict';

// Settings of sends under injected faults: a datagram keeps its own while it is
// queued, and when it is sent again without GSO.

const assert = require('node:assert');

const { HeaderPeer } = require('../support/header-peer');
const { Remote, install } = require('./kit');

const AT = '127.0.0.1';
const SIZE = 100;

const KINDS = [
  undefined, { tos: 4 }, { tos: 4, ttl: 9 }, { localAddress: '127.0.0.2' },
  { localAddress: '127.0.0.2', tos: 8, interface: 'lo' },
];

/** What the peer reports of a datagram. */
const seen = (settings = {}) => ({
  size: SIZE, tos: settings.tos ?? 0, ttl: settings.ttl ?? 64,
  from: settings.localAddress ?? AT,
});

/** `times` of each kind in turn. */
const runs = (times) =>
  KINDS.flatMap((kind) => new Array(times).fill(kind));

const SCENARIOS = {
  'all of them wait': 'send:1=EAGAIN',
  'they wait again and again': 'send:1-20=EAGAIN',
  'ENOBUFS': 'send:1-5=ENOBUFS',
  'the rest of a batch waits': 'sendmmsg:1=short:2;send:2-4=EAGAIN',
  'a segment group fails': 'send:1:segmented=EIO',
  'each segment group fails': 'send:*:segmented=EINVAL',
  'a queued segment group fails': 'send:1=EAGAIN;send:*:segmented=EMSGSIZE',
};

describe('settings of sends under faults', () => {
  let peer;

  install();

  before(async function() {
    if (process.platform !== 'linux') this.skip();
    peer = await HeaderPeer.open();
  });

  after(() => peer?.close());

  const sender = (faults) =>
    new Remote({ faults, env: { DGRAM_NATIVE_TRANSPORT: 'linux' } });

  const destinations = (kinds, connect) => kinds.map((settings) =>
    ({ port: peer.port4, address: AT, connect, settings }));

  async function arrived(count) {
    return (await peer.take(count))
      .map(({ size, tos, ttl, from }) => ({ size, tos, ttl, from }));
  }

  for (const [title, script] of Object.entries(SCENARIOS)) {
    for (const [order, kinds] of Object.entries({
      runs: runs(6), alternating: new Array(6).fill(KINDS).flat(),
    })) {
      for (const connect of [false, true]) {
        it(`${title}, ${order}${connect ? ', connected' : ''}`, async () => {
          const remote = sender(script);
          const { socket } = await remote.call('open', {
            address: '0.0.0.0',
            to: { port: peer.port4, address: AT, connect },
          });
          const sizes = kinds.map(() => SIZE);
          await remote.call('burst',
            { socket, sizes, to: destinations(kinds, connect) });
          assert.deepStrictEqual(
            await remote.call('settled', { socket, count: sizes.length }),
            sizes.map((size, i) => [i, size]));
          assert.deepStrictEqual(await arrived(kinds.length), kinds.map(seen));
          // Alternating ones form no group, so that nothing may match.
          if (order === 'runs') assert.ok(remote.injected() > 0);
          await remote.end();
        });
      }
    }
  }

  it('while the table is reused', async () => {
    const remote = sender('send:1-10=EAGAIN');
    const { socket } = await remote.call('open',
      { to: { port: peer.port4, address: AT } });
    const kinds = Array.from({ length: 6000 }, (_, i) =>
      ({ tos: i % 256, ttl: 1 + (i >> 8) }));
    for (let first = 0; first < kinds.length; first += 500) {
      const part = kinds.slice(first, first + 500);
      await remote.call('burst', {
        socket, first, sizes: part.map(() => SIZE),
        to: destinations(part, false),
      });
      if (first < 1000) continue; // queued together
      if (first === 1000) assert.deepStrictEqual(await arrived(1000),
        kinds.slice(0, 1000).map(seen));
      assert.deepStrictEqual(await arrived(500), part.map(seen));
    }
    await remote.end();
  });

  it('close() cancels them', async () => {
    const remote = sender('send:*=EAGAIN');
    const { socket } = await remote.call('open',
      { to: { port: peer.port4, address: AT } });
    const sizes = KINDS.map(() => SIZE);
    await remote.call('burst',
      { socket, sizes, to: destinations(KINDS, false) });
    await remote.call('close', { socket });
    assert.deepStrictEqual(
      await remote.call('settled', { socket, count: sizes.length }),
      sizes.map((_, i) => [i, 'ECANCELED']));
    await remote.end();
  });

  it('that are invalid do not switch GSO off', async () => {
    const remote = sender('');
    const { socket } = await remote.call('open',
      { address: '0.0.0.0', to: { port: peer.port4, address: AT } });
    const bad = { localAddress: '192.0.2.77' };
    const kinds = [...new Array(5).fill(bad), ...new Array(5).fill({ tos: 4 })];
    await remote.call('burst', {
      socket, sizes: kinds.map(() => SIZE), to: destinations(kinds, false),
    });
    const outcomes = await remote.call('settled', { socket, count: 10 });
    assert.ok(outcomes.slice(0, 5).every(([, outcome]) =>
      ['EINVAL', 'ENETUNREACH'].includes(outcome)), `${outcomes}`);
    assert.deepStrictEqual(outcomes.slice(5).map(([, outcome]) => outcome),
      new Array(5).fill(SIZE));
    await arrived(5);
    const before = remote.segments().length;
    await remote.call('burst',
      { socket, first: 10, sizes: new Array(5).fill(SIZE) });
    await arrived(5);
    assert.strictEqual(remote.segments().length, before + 1);
    await remote.end();
  });
});
