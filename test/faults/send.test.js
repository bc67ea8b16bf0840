'use strict';

// Sends under injected faults. Each datagram arrives once, in order, or is
// reported as failed once. Its callback is called once, in order.

const assert = require('node:assert');

const {
  Remote, arriving, digests, install, sizesOf, withReceiver,
} = require('./kit');
const { scaled } = require('../support/time');

const AT = '127.0.0.1';
const TRANSPORTS = ['linux', 'uv'];

/** Sizes that form no segment group: each is larger than the one before. */
const ascending = (first, count) =>
  Array.from({ length: count }, (_, i) => first + i).join(' ');

/** Checks the number of attempted GSO sends. */
const triedGsoSends = (n) => (remote) =>
  assert.strictEqual(remote.segments().length, n);

const triedSegments = (...sizes) => (remote) =>
  assert.deepStrictEqual(remote.segments(), sizes);

/** Checks the number of messages of each system call. */
const calls = (...sizes) => (remote) => assert.deepStrictEqual(
  remote.sends().map(({ messages }) => messages.length), sizes);

/** `count` messages of one datagram each. */
const singles = (count, size) => new Array(count).fill([size, 0]);

const isQueued = (count, size) => (remote, queues) =>
  assert.deepStrictEqual(queues[0], { count, size });

/**
 * `bursts` are sent one after the other, each in one tick; with `together`
 * without waiting for the callbacks. `fails` maps the numbers of datagrams that
 * fail to their errors; `hits` is the number of calls that the script changed.
 */
const scenarios = [
  // GSO sends (S2 in linux.h). The program never sees an error.
  {
    title: 'segment groups are sent with GSO without faults',
    script: '', only: 'linux', hits: 0,
    bursts: ['40x1200', '30x100 1 2x500', '3 4 5'],
    check: triedSegments(1200, 100, 500),
  },
  {
    title: 'EIO disables GSO for the destination',
    script: 'send:*:segmented=EIO', only: 'linux', hits: 1,
    bursts: ['40x1200', '40x100', '3x7'],
    check: triedSegments(1200),
  },
  {
    title: 'a single EIO disables GSO',
    script: 'send:1:segmented=EIO', only: 'linux', hits: 1,
    bursts: ['40x1200', '40x100'],
    check: triedGsoSends(1),
  },
  ...['EIO', 'EMSGSIZE', 'EINVAL'].flatMap((code) => [false, true].map(
    (connected) => ({
      title: `GSO is retried after ${code}${connected ? ', connected' : ''}`,
      script: `send:1:segmented=${code}`, only: 'linux', hits: 1, connected,
      // More than 1024 datagrams without GSO, then GSO is tried again.
      bursts: ['40x200', '400x200', '400x200', '300x200', '40x200'],
      check: (remote) => {
        const [first, ...later] = remote.segments();
        assert.strictEqual(first, 200);
        assert.ok(later.length > 0, 'GSO is tried again');
        const single = remote.sends().flatMap(({ messages, result }) =>
          messages.slice(0, Math.max(result, 0)))
          .filter(([, segment]) => segment === 0);
        assert.ok(single.length >= 1024, 'not before 1024 datagrams');
      },
    }))),
  {
    title: 'EIO disables GSO for a connected socket',
    script: 'send:*:segmented=EIO', only: 'linux', hits: 1, connected: true,
    bursts: ['40x1200', '40x100'],
    check: triedGsoSends(1),
  },
  {
    // Each datagram fails by itself as it did as the first of a segment group,
    // so GSO is not the cause.
    title: 'EINVAL of datagrams that also fail without GSO keeps GSO enabled',
    script: 'send:2-20=EINVAL', only: 'linux', hits: 19,
    bursts: ['10x1000', '10x3', '10x1000'],
    fails: Object.fromEntries(
      Array.from({ length: 10 }, (_, i) => [10 + i, 'EINVAL'])),
    check: triedSegments(1000, ...new Array(9).fill(3), 1000),
  },
  {
    // The two messages before it are sent; the call reports no error (S1).
    title: 'EIO for a group in the middle of a batch disables GSO',
    script: 'send:*:segment=50=EIO', only: 'linux', hits: 2,
    bursts: ['1 10x1200 3 10x50 2x1200 9'],
    check: (remote) => {
      const [first, second, ...rest] = remote.sends();
      assert.deepStrictEqual([first.result, second.result], [2, -1]);
      assert.ok(rest.length > 0);
      for (const { messages } of rest)
        for (const [, segment] of messages) assert.strictEqual(segment, 0);
    },
  },
  {
    title: 'EIO for a queued segment group disables GSO',
    script: 'send:1=EAGAIN;send:*:segmented=EIO', only: 'linux', hits: 2,
    bursts: ['40x1200', '40x100'],
    check: (remote) => assert.strictEqual(remote.segments().length, 2),
  },
  ...['EINVAL', 'EMSGSIZE'].flatMap((code) => [
    {
      title: `${code} lowers the segment size limit`,
      script: `send:*:segment>1000=${code}`, only: 'linux', hits: 1,
      bursts: ['30x1200', '30x1200', '30x1300', '30x1000', '30x900'],
      check: triedSegments(1200, 1000, 900),
    },
    {
      title: `${code} lowers the segment size limit each time`,
      script: `send:*:segmented=${code}`, only: 'linux', hits: 3,
      bursts: ['30x1200', '30x600', '30x601', '30x300', '30x300'],
      check: triedSegments(1200, 600, 300),
    },
    {
      title: `${code} for several groups of a batch lowers the limit`,
      script: `send:*:segment>100=${code}`, only: 'linux',
      bursts: ['5x1200 5x900 5x400 5x100 5x1200 5x90'],
      check: (remote) => {
        const sent = remote.sends().filter(({ result }) => result > 0);
        assert.deepStrictEqual(
          sent.flatMap(({ messages, result }) => messages.slice(0, result))
            .map(([, segment]) => segment).filter((size) => size > 0),
          [100, 90]);
      },
    },
    {
      title: `${code} for a queued segment group lowers the limit`,
      script: `send:1=EAGAIN;send:*:segment>1000=${code}`, only: 'linux',
      hits: 2, bursts: ['30x1200', '30x900'],
      check: (remote) => assert.strictEqual(remote.segments().at(-1), 900),
    },
    {
      title: `${code} of a single datagram is reported for it`,
      script: `send:*:length=77=${code}`,
      // Empty datagrams prevent segment groups.
      bursts: ['1 2 3 77 0 4 0 77 0 77 0 6'],
      fails: { 3: code, 7: code, 9: code },
    },
  ]),

  // Errors of one datagram (S3).
  ...['ECONNREFUSED', 'EPERM', 'ENETUNREACH', 'EHOSTUNREACH', 'ENOMEM',
    'EACCES'].flatMap((code) => [
    {
      title: `${code} belongs to the first datagram of the call`,
      script: `send:1=${code}`, hits: 1,
      bursts: ['1 2 3 4', '5 6'], fails: { 0: code },
    },
    {
      title: `${code} for a segment group belongs to its first datagram`,
      script: `send:1:segmented=${code}`, only: 'linux', hits: 1,
      bursts: ['40x1000'], fails: { 0: code },
      check: (remote) => assert.deepStrictEqual(
        remote.sends().map(({ messages }) => messages[0]),
        [[40000, 1000], [39000, 1000]]),
    },
  ]),
  {
    title: 'ECONNREFUSED of a connected socket belongs to the first datagram',
    script: 'send:1=ECONNREFUSED', connected: true, hits: 1,
    bursts: ['10x100'], fails: { 0: 'ECONNREFUSED' },
  },
  {
    title: 'an error for every segment group fails each datagram once',
    script: 'send:*:length=64=EPERM;send:*:segment=64=EPERM',
    bursts: ['5x64 3 5x64 4'],
    fails: Object.fromEntries([0, 1, 2, 3, 4, 6, 7, 8, 9, 10]
      .map((i) => [i, 'EPERM'])),
  },
  {
    title: 'an error after a short count belongs to the next datagram',
    script: 'sendmmsg:1=short:3;send:2=EPERM', only: 'linux', hits: 2,
    bursts: ['1 2 3 4 5 6'], fails: { 3: 'EPERM' },
    check: calls(6, 3, 2),
  },
  {
    title: 'consecutive errors fail one datagram each',
    script: 'send:1=EPERM;send:2=ENOMEM;send:3=ECONNREFUSED', hits: 3,
    bursts: ['1 2 3 4 5'],
    fails: { 0: 'EPERM', 1: 'ENOMEM', 2: 'ECONNREFUSED' },
  },
  {
    title: 'an error of a queued datagram belongs to it',
    script: 'send:1=EAGAIN;send:*:length=77=EPERM',
    bursts: ['77 0 1 77 0 77'],
    fails: { 0: 'EPERM', 3: 'EPERM', 5: 'EPERM' },
  },

  // Short counts and interrupted calls (S1).
  {
    title: 'the rest is sent after a short count',
    script: 'sendmmsg:1=short:3', only: 'linux', hits: 1,
    bursts: ['1 2 3 4 5 6 7'], check: calls(7, 4),
  },
  {
    title: 'sendmmsg() may send one message a call',
    script: 'sendmmsg:*=short:1', only: 'linux', hits: 9,
    bursts: ['1 2 3 4 5 6 7 8 9 10'], check: calls(10, 9, 8, 7, 6, 5, 4, 3, 2,
      1),
  },
  {
    title: 'short counts may occur between segment groups',
    script: 'sendmmsg:*=short:2', only: 'linux',
    bursts: ['10x100 1 10x200 2 3 10x300 9x300 4 5'],
    check: (remote) => assert.ok(remote.sends().length >= 3),
  },
  {
    title: 'the rest is queued when the buffer is full after a short count',
    script: 'sendmmsg:1=short:3;send:2=EAGAIN', only: 'linux', hits: 2,
    bursts: ['1 2 3 4 5 6 7'], check: isQueued(4, 22),
  },
  {
    title: 'EINTR is retried immediately',
    script: 'send:1-4=EINTR', hits: 4,
    bursts: ['10x100'], check: isQueued(0, 0),
  },
  {
    title: 'EINTR is retried between two calls',
    script: 'sendmmsg:1=short:2;sendmmsg:2-3=EINTR', only: 'linux', hits: 3,
    bursts: ['1 2 3 4 5'], check: isQueued(0, 0),
  },

  // A full buffer (S4).
  ...['EAGAIN', 'ENOBUFS'].flatMap((code) => [
    {
      title: `${code} keeps the whole batch queued`,
      script: `send:1=${code}`,
      bursts: ['10x100'], check: isQueued(10, 1000),
    },
    {
      title: `repeated ${code} keeps the batch queued`,
      script: `send:1-20=${code}`, hits: 20,
      bursts: ['10x100', '1 2 3'], check: isQueued(10, 1000),
    },
    {
      title: `${code} keeps the batch of a connected socket queued`,
      script: `send:1-3=${code}`, connected: true, hits: 3,
      bursts: ['10x100', '1 2 3'], check: isQueued(10, 1000),
    },
    {
      title: `${code} in the middle of a batch keeps the rest queued`,
      script: `sendmmsg:2=${code}`, only: 'linux', hits: 1,
      bursts: [ascending(10, 100)],
      check: (remote, [queue]) => assert.strictEqual(queue.count, 36),
    },
    {
      title: `${code} may occur at any call`,
      script: `send:2=${code};send:4-5=${code};send:8=${code}`,
      bursts: ['1 2 3 4 5 6', '7 8 9 10 11 12', '20x50 3 20x60'],
    },
    {
      title: `${code} for GSO sends keeps GSO enabled`,
      script: `send:1-5:segmented=${code}`, only: 'linux', hits: 5,
      bursts: ['40x1000', '40x500'],
      // Not a reason to disable GSO. But memory for a segment group may be
      // unavailable when memory for one datagram is.
      check: (remote) => assert.deepStrictEqual(
        remote.sends().filter(({ result }) => result > 0)
          .flatMap(({ messages }) => messages),
        code === 'ENOBUFS' ?
          [...singles(5, 1000), [35000, 1000], [20000, 500]] :
          [[40000, 1000], [20000, 500]]),
    },
    {
      title: `${code}: sends of a later tick do not overtake`,
      script: `send:1=${code}`, together: true,
      bursts: ['5x100', '1 2'],
      check: (remote, queues) => assert.deepStrictEqual(queues,
        [{ count: 5, size: 500 }, { count: 7, size: 503 }]),
    },
    {
      title: `${code}: sends of later ticks are queued behind`,
      script: `send:1-30=${code}`, together: true, hits: 30,
      bursts: ['5x100', '1 2', '5x200', '0 9'],
      check: (remote, queues) => assert.deepStrictEqual(queues, [
        { count: 5, size: 500 }, { count: 7, size: 503 },
        { count: 12, size: 1503 }, { count: 14, size: 1512 },
      ]),
    },
  ]),
  // A call that sends nothing and reports success.
  {
    title: 'a result of 0 is handled as a full buffer',
    script: 'sendmmsg:1=short:0', only: 'linux', hits: 1,
    bursts: ['1 2 3 4 5 6 7'], check: isQueued(7, 28),
  },
  {
    title: 'a result of 0 keeps GSO enabled',
    script: 'sendmmsg:1-3=short:0', only: 'linux', hits: 3,
    bursts: ['40x1000 3 40x500'],
    check: (remote, queues) => {
      assert.deepStrictEqual(queues, [{ count: 81, size: 60003 }]);
      assert.deepStrictEqual(remote.sends().at(-1).messages,
        [[40003, 1000], [20000, 500]]);
    },
  },
  {
    title: 'empty datagrams are queued as well',
    script: 'send:1-3=EAGAIN', hits: 3,
    bursts: ['3x0 1 2x0'], check: isQueued(6, 1),
  },
];

describe('send() with injected faults', function() {
  this.timeout(scaled(20000));
  install();

  const builtin = withReceiver();

  function sender(transport, faults, env = {}) {
    return new Remote({
      faults, env: { DGRAM_NATIVE_TRANSPORT: transport, ...env },
    });
  }

  const to = (connect = false) =>
    ({ connect, port: builtin.peer.port, address: AT });

  for (const transport of TRANSPORTS) {
    describe(transport, () => {
      for (const scenario of scenarios) {
        if ((scenario.only ?? transport) !== transport) continue;
        it(scenario.title, () => play(scenario, transport));
      }

      for (const [title, script, gone] of [
        ['the whole batch', 'send:*=EAGAIN', 0],
        ['the whole batch, ENOBUFS', 'send:*=ENOBUFS', 0],
        ['the rest of a batch', transport === 'linux' ?
          'sendmmsg:1=short:3;send:2+=EAGAIN' :
          'send:4+=EAGAIN', 3],
      ]) {
        it(`close() cancels queued datagrams: ${title}`, async () => {
          const remote = sender(transport, script);
          const { socket } = await remote.call('open', { to: to() });
          const sizes = sizesOf('1 2 3 4 5 6 2x100');
          assert.strictEqual(
            (await remote.call('burst', { socket, sizes })).count,
            sizes.length - gone);
          await remote.call('burst', { socket, sizes, first: sizes.length });
          await remote.call('close', { socket });
          const all = [...sizes, ...sizes];
          const outcomes =
            await remote.call('settled', { socket, count: all.length });
          assert.deepStrictEqual(outcomes, all.map(
            (size, i) => [i, i < gone ? size : 'ECANCELED']));
          await remote.end();
          const { received } = await builtin.receiver.soFar(builtin.peer);
          assert.deepStrictEqual(received, arriving(all, outcomes));
        });
      }

      it('a full socket does not delay another socket', async () => {
        const remote = sender(transport, 'send:1-200=EAGAIN');
        const [one, two] = [
          await remote.call('open', { to: to() }),
          await remote.call('open', { to: to() }),
        ];
        await remote.call('burst', { ...one, sizes: [10, 20, 30] });
        // The second socket's datagrams wait for its own retries only.
        await remote.call('burst', { ...two, sizes: [40, 50], first: 3 });
        assert.deepStrictEqual(
          await remote.call('settled', { ...one, count: 3 }),
          [[0, 10], [1, 20], [2, 30]]);
        assert.deepStrictEqual(
          await remote.call('settled', { ...two, count: 2 }),
          [[3, 40], [4, 50]]);
        const { received } =
          await builtin.receiver.received({ ...builtin.peer, count: 5 });
        assert.strictEqual(new Set(received).size, 5);
        await remote.end();
      });

      it('retries are paced when a writable socket reports a full buffer',
         async () => {
           const remote = sender(transport, 'send:1-40=ENOBUFS');
           const { socket } = await remote.call('open', { to: to() });
           const sizes = sizesOf('1 2 3 4 5');
           const start = process.hrtime.bigint();
           await remote.call('burst', { socket, sizes });
           await isDelivered(remote, socket, sizes);
           const elapsed = Number(process.hrtime.bigint() - start) / 1e6;
           // At most one a millisecond, and two before the first pause. A slow
           // machine makes fewer calls.
           assert.ok(remote.injected() === 40 && elapsed >= 37,
                     `${remote.injected()} calls in ${elapsed} ms`);
           await remote.end();
         });

      it('datagrams that wait for a retry keep an unref()ed socket alive',
         async () => {
           const remote = sender(transport, 'send:1-10=ENOBUFS');
           const { socket } = await remote.call('open', { to: to() });
           await remote.call('unref', { socket });
           await remote.call('burst', { socket, sizes: [1, 2, 3] });
           // The process exits after the last callback, not before.
           await remote.call('leave');
           assert.deepStrictEqual(await remote.ended,
             { code: 0, signal: null, stderr: '' });
           const { received } =
             await builtin.receiver.received({ ...builtin.peer, count: 3 });
           assert.deepStrictEqual(received, digests([1, 2, 3]));
         });

      it('callbacks of queued sends may call send()', async () => {
        const remote = sender(transport, 'send:1-3=EAGAIN;send:5-6=EAGAIN');
        const { socket } = await remote.call('open', { to: to() });
        const sizes = sizesOf('1 2 3 4 5 6 7 8 9');
        await remote.call('chain', { socket, sizes });
        await isDelivered(remote, socket, sizes);
        assert.strictEqual(remote.injected(), 5);
        await remote.end();
      });

      it('errors of bind() and connect() are reported', async () => {
        const remote = sender(transport,
          'bind:1=EADDRINUSE;connect:1=ENETUNREACH');
        await assert.rejects(remote.call('open'),
          { code: 'EADDRINUSE', syscall: 'bind' });
        await assert.rejects(remote.call('open', { to: to(true) }),
          { code: 'ENETUNREACH', syscall: 'connect' });
        await remote.end();
      });
    });
  }

  describe('GSO limits per destination', () => {
    for (const code of ['EIO', 'EINVAL', 'EMSGSIZE']) {
      for (const alike of [false, true]) {
        it(`${code} keeps GSO for another ${alike ? 'address' : 'port'}`,
           async () => {
             const other = await builtin.receiver.open(
               { roomy: true, address: alike ? '127.0.0.2' : AT });
             const remote = sender('linux', `send:1:segmented=${code}`);
             const { socket } = await remote.call('open', { to: to() });
             const there = { port: other.port, address: alike ?
               '127.0.0.2' :
               AT };
             const sizes = sizesOf('40x600');
             await remote.call('burst', { socket, sizes });
             await remote.call('burst',
                               { socket, sizes, first: 40, to: there });
             await remote.call('burst', { socket, sizes, first: 80 });
             await remote.call('burst',
                               { socket, sizes, first: 120, to: there });
             await remote.call('settled', { socket, count: 160 });
             assert.deepStrictEqual(remote.segments(), [600, 600, 600]);
             const { received } =
               await builtin.receiver.received({ ...other, count: 80 });
             assert.deepStrictEqual(received,
               [...digests(sizes, 40), ...digests(sizes, 120)]);
             await remote.end();
           });
      }
    }
  });

  async function play({
    script, bursts, connected = false, together = false, fails = {}, hits,
    check = () => {},
  }, transport) {
    const remote = sender(transport, script);
    assert.strictEqual(await remote.call('transport'), transport);
    const { socket } = await remote.call('open', { to: to(connected) });
    const sizes = [];
    const queues = [];
    let outcomes;
    const parts = bursts.map(sizesOf);
    for (const part of together ? [parts] : parts.map((sizes) => [sizes])) {
      queues.push(...await remote.call('bursts',
        { socket, bursts: part, first: sizes.length }));
      sizes.push(...part.flat());
      outcomes = await remote.call('settled', { socket, count: sizes.length });
    }

    assert.deepStrictEqual(await remote.call('queue', { socket }),
      { count: 0, size: 0 });

    // One callback each, in order, with the size or the error.
    assert.deepStrictEqual(outcomes,
      sizes.map((size, i) => [i, fails[i] ?? size]));
    // Every other datagram has arrived once, in order and unchanged.
    const expected = arriving(sizes, outcomes);
    const { received } =
      await builtin.receiver.received(
        { ...builtin.peer, count: expected.length });
    assert.deepStrictEqual(received, expected);

    // The script was applied.
    if (hits === undefined) assert.ok(remote.injected() > 0);
    else assert.strictEqual(remote.injected(), hits);
    check(remote, queues);
    await remote.end();
  }

  /** Sends a burst without faults and checks that it arrives. */
  async function deliver(remote, text) {
    const { socket } = await remote.call('open', { to: to() });
    const sizes = sizesOf(text);
    await remote.call('burst', { socket, sizes });
    await isDelivered(remote, socket, sizes);
  }

  /** Checks that each datagram is sent and arrives once, in order. */
  async function isDelivered(remote, socket, sizes) {
    const outcomes =
      await remote.call('settled', { socket, count: sizes.length });
    assert.deepStrictEqual(outcomes, sizes.map((size, i) => [i, size]));
    const { received } =
      await builtin.receiver.received({ ...builtin.peer, count: sizes.length });
    assert.deepStrictEqual(received, digests(sizes));
  }

  describe('DGRAM_NATIVE_GSO=0', () => {
    it('disables GSO', async () => {
      const remote = sender('linux', '', { DGRAM_NATIVE_GSO: '0' });
      await deliver(remote, '40x1000 20x50');
      assert.deepStrictEqual(remote.segments(), []);
      assert.strictEqual(remote.sends().length, 1, 'still one system call');
      await remote.end();
    });
  });

  // GSO is off below 4.18 and on kernels that corrupt segment groups.
  for (const [release, wanted] of [
    ['4.17.19', false], ['4.18.0', true],
    ['4.18.0-553.el8_10.x86_64', true], ['5.15.167.4-microsoft', true],
    ['6.18.44', true], ['6.255.255', true],
    ['7.0.0', false], ['7.0.0-rc1', false], ['7.0.12-arch1-1', false],
    ['7.0', false], ['7.1', false], ['7.1.4', false], ['7.1.4-200.fc44', false],
    ['7.1.5', true], ['7.2.0-rc1', true], ['8.0.0', true],
    ['3.10.0-1160.el7.x86_64', false], ['unknown', false],
  ]) {
    it(`Linux ${release}: GSO is ${wanted ? 'enabled' : 'disabled'}`,
      async () => {
        const remote = sender('linux', `uname:*=${release}`);
        await deliver(remote, '20x600');
        assert.deepStrictEqual(remote.segments(), wanted ? [600] : []);
        await remote.end();
      });
  }
});
