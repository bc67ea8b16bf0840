'use strict';

// Two hosts and a link with an MTU of 1,500. The receiving host gets the same
// datagrams, in order and unchanged, with and without GSO or batches.

const assert = require('node:assert');

const {
  Remote, digests, install, sizesOf,
} = require('../faults/kit');
const { ADDRESSES, Link, demandNamespaces } = require('./link');

/** IP and UDP headers. */
const HEADERS = { udp4: 28, udp6: 48 };

/** Less than a receive buffer holds while the receiver reads nothing. */
const BUFFER = 120000;

/** Approximate buffer use of a datagram in fragments of one MTU. */
const costOf = (size) => Math.ceil((size + 1) / 1448) * 2304;

/** Splits a list of datagrams into parts that fit the receive buffer. */
function parts(sizes) {
  const list = [[]];
  let cost = 0;
  for (const size of sizes) {
    cost += costOf(size);
    if (cost > BUFFER && list.at(-1).length > 0) {
      list.push([]);
      cost = costOf(size);
    }
    list.at(-1).push(size);
  }
  return list;
}

describe('two hosts and a link', function() {
  this.timeout(30000);

  let link;
  let sender;
  let receiver;

  before('needs namespaces', demandNamespaces);

  afterEach(async () => {
    await sender?.end();
    await receiver?.end();
    sender = receiver = undefined;
  });

  install(); // kills remaining processes

  function start({ from = 'native', to = 'builtin', env = {} } = {}) {
    sender = new Remote({
      implementation: from, through: link.on(0),
      env: { DGRAM_NATIVE_TRANSPORT: 'linux', ...env },
    });
    receiver = new Remote({
      implementation: to, through: link.on(1),
      env: { DGRAM_NATIVE_TRANSPORT: 'linux' },
    });
  }

  /** A socket on each host: { socket, target }. */
  async function pair(type, { connect = false, ...rest } = {}) {
    const [here, there] = ADDRESSES[type];
    const target =
      await receiver.call('open', { type, address: there, roomy: true });
    const to = { connect, port: target.port, address: there };
    const { socket, port } =
      await sender.call('open', { type, address: here, to, ...rest });
    return { socket, port, target, sent: 0 };
  }

  /** Sends these datagrams and compares them with those that arrive. */
  async function deliver(way, sizes) {
    for (const part of parts(sizes)) {
      const first = way.sent;
      way.sent += part.length;
      await sender.call('burst', { socket: way.socket, sizes: part, first });
      const outcomes = await sender.call('settled',
        { socket: way.socket, count: way.sent });
      assert.deepStrictEqual(outcomes.slice(first),
        part.map((size, i) => [first + i, size]));
      const { received, ports, errors } = await receiver.call('received',
        { ...way.target, count: part.length });
      assert.deepStrictEqual(received, digests(part, first));
      assert.deepStrictEqual(errors, []);
      assert.ok(ports.every((port) => port === way.port));
    }
  }

  /** The segment sizes of sends that the kernel accepted and rejected. */
  function segments() {
    const [taken, refused] = [new Set(), new Set()];
    for (const { messages, result } of sender.sends()) {
      messages.forEach(([, segment], i) => {
        if (segment === 0) return;
        if (i < result) taken.add(segment);
        else if (result < 0 && i === 0) refused.add(segment);
      });
    }
    return { taken: [...taken], refused: [...refused] };
  }

  for (const type of ['udp4', 'udp6']) {
    for (const cut of [false, true]) {
      // One link each: an MTU below 1,280 (RFC 8200) disables IPv6.
      describe(`${type}, device ${cut ? 'without' : 'with'} GSO`, () => {
        before(() => {
          link = new Link();
          if (cut) link.disableGso();
        });

        after(() => link.end());

        tests(type, cut);
      });
    }
  }

  function tests(type, cut) {
    const fits = 1500 - HEADERS[type];
    const sizes = [
      1, 2, 3, 64, 512, fits - 1, fits, fits + 1, 1500, 2000, 8972, 65507,
    ];
    for (const connect of [false, true]) {
      const how = connect ? 'connected' : 'unconnected';

      it(`${how}: delivers bursts of each size around the MTU`, async () => {
        start();
        const way = await pair(type, { connect });
        // Large sizes last: they lower the segment size limit.
        for (const size of sizes) {
          const count = Math.max(3, Math.min(50,
            Math.floor(BUFFER / costOf(size))));
          await deliver(way, new Array(count).fill(size));
        }
        const { taken, refused } = segments();
        // No GSO below 3 bytes, because of kernel bugs.
        assert.deepStrictEqual(taken, [3, 64, 512, fits - 1, fits]);
        assert.deepStrictEqual(refused, [fits + 1]);
      });
    }

    it('delivers bursts above the MTU, then below', async () => {
      start();
      const way = await pair(type);
      for (const size of [...sizes].reverse())
        await deliver(way, new Array(8).fill(size));
      const { taken, refused } = segments();
      assert.deepStrictEqual(refused, [8972, 2000, 1500, fits + 1]);
      assert.deepStrictEqual(taken, [fits, fits - 1, 512, 64, 3]);
    });

    it('delivers bursts of mixed sizes', async () => {
      start();
      const way = await pair(type);
      const mixed = sizesOf(`3x100 2x1400 0 5x1200 700 ${fits} ${fits} ` +
        `${fits + 1} 1500 2000 2x2000 3x64 63 64 1 2 3 20x900 10`);
      for (let round = 0; round < 3; round++) await deliver(way, mixed);
      assert.ok(segments().taken.includes(1200));
    });

    it('delivers to several alternating destinations', async () => {
      start();
      const [here, there] = ADDRESSES[type];
      const targets = [];
      for (let i = 0; i < 4; i++) {
        targets.push(await receiver.call('open',
          { type, address: there, roomy: true }));
      }
      const to = targets.map(({ port }) => ({ port, address: there }));
      const { socket } =
        await sender.call('open', { type, address: here });
      // Alternates after each datagram, then after ten.
      const many = new Array(40).fill(800);
      await sender.call('burst', { socket, sizes: many, to });
      await sender.call('burst', {
        socket, sizes: many, first: 40,
        to: to.flatMap((one) => new Array(10).fill(one)),
      });
      await sender.call('settled', { socket, count: 80 });
      for (const [i, target] of targets.entries()) {
        const { received } =
          await receiver.call('received', { ...target, count: 20 });
        assert.deepStrictEqual(received, [
          ...Array.from({ length: 10 },
            (_, j) => digests([800], j * 4 + i)[0]),
          ...digests(new Array(10).fill(800), 40 + i * 10),
        ]);
      }
      assert.deepStrictEqual(segments(), { taken: [800], refused: [] });
    });

    for (const what of ['link', 'route']) {
      it(`delivers after the MTU of the ${what} shrinks`,
        async () => {
          const small = type === 'udp6' ? 1300 : 1000;
          const now = small - HEADERS[type];
          start();
          const way = await pair(type);
          await deliver(way, new Array(40).fill(1400));
          if (what === 'link') link.setMtu(small);
          else link.setRouteMtu(type, small);
          try {
            await deliver(way, new Array(40).fill(1400));
            await deliver(way, new Array(40).fill(now));
            await deliver(way, new Array(40).fill(now + 1));
          } finally {
            if (what === 'link') link.setMtu(1500);
            else link.setRouteMtu(type, 1500);
          }
          const { taken, refused } = segments();
          assert.deepStrictEqual(taken, [1400, now]);
          assert.deepStrictEqual(refused, [1400, now + 1]);
        });
    }

    for (const from of ['native', 'builtin']) {
      it('receives with GRO from a sender ' +
        `${from === 'native' ? 'with' : 'without'} GSO`,
      async () => {
        start({ from, to: 'native' });
        const way = await pair(type);
        const mixed = sizesOf('30x1000 20x200 7 0 3x5 1472 1500 3x2000');
        for (let round = 0; round < 3; round++) await deliver(way, mixed);
        if (from === 'native' && !cut)
          assert.ok(receiver.groBuffers().length > 0);
        else
          assert.deepStrictEqual(segments().taken,
            from === 'native' ? [1000, 200, 5] : []);
      });
    }

    if (type === 'udp4') it('delivers from an IPv6 socket', async () => {
      start();
      const address = ADDRESSES.udp4[1];
      const target =
        await receiver.call('open', { address, roomy: true });
      const to = { port: target.port, address: `::ffff:${address}` };
      const { socket, port } =
        await sender.call('open', { type: 'udp6', address: '::', to });
      const way = { socket, port, target, sent: 0 };
      for (const size of [1452, 1472, 1473, 100])
        await deliver(way, new Array(30).fill(size));
      assert.deepStrictEqual(segments(),
        { taken: [1452, 1472, 100], refused: [1473] });
    });
  }

  describe('the link', () => {
    before(() => { link = new Link(); });

    after(() => link.end());

    it('carries one packet per datagram', async () => {
      link.disableGso();
      start();
      const way = await pair('udp4');
      await deliver(way, [1]); // resolves the neighbours' addresses
      const before = link.packets();
      for (let round = 0; round < 5; round++)
        await deliver(way, new Array(40).fill(1472));
      const packets = link.packets() - before;
      // Includes neighbour discovery of the hosts.
      assert.ok(packets >= 200 && packets < 220, `${packets} packets`);
      assert.deepStrictEqual(segments().taken, [1472]);
    });

    it('loses no datagram when the send buffer is full', async () => {
      link.slowDown('20mbit');
      start();
      const way = await pair('udp4', { sendBuffer: 16384 });
      const sizes = sizesOf('30x1000 5 10 20x700 1 2 3 300 20x1472');
      let waited = 0;
      for (let round = 0; round < 10; round++) {
        const first = way.sent;
        way.sent += sizes.length;
        const { count } =
          await sender.call('burst', { socket: way.socket, sizes, first });
        waited += count;
        await sender.call('settled', { socket: way.socket, count: way.sent });
        const { received } = await receiver.call('received',
          { ...way.target, count: sizes.length });
        assert.deepStrictEqual(received, digests(sizes, first));
      }
      assert.ok(waited > 0, 'the send buffer was never full');
      assert.ok(sender.sends().some(({ errno }) => errno === 11)); // EAGAIN
    });
  });
});
