'use strict';

// Receives under injected faults. Each datagram that the kernel delivered is
// emitted once, in order. A GRO buffer that cannot be split is reported.

const assert = require('node:assert');

const {
  Peer, Remote, UDP_GRO, digests, install, sizesOf,
} = require('./kit');
const { scaled } = require('../support/time');

const AT = '127.0.0.1';

/**
 * `fails` are the errors that the receiver's socket emits; with `cut` the first
 * GRO buffer cannot be split. `once`: not repeated with shared buffers. `warm`:
 * only after a burst, since GRO is enabled by the first batch of several
 * datagrams.
 */
const scenarios = [
  {
    title: 'datagrams are received in GRO buffers without faults',
    script: '', only: 'linux', hits: 0, warm: true,
    check: (remote) => assert.ok(remote.groBuffers().length > 0),
  },
  { title: 'EINTR is retried', script: 'recv:1-3=EINTR', hits: 3 },
  { title: 'a spurious wake-up is ignored', script: 'recv:1=EAGAIN', hits: 1 },
  {
    title: 'spurious wake-ups in a row are ignored',
    script: 'recv:1-10=EAGAIN', hits: 10,
  },
  ...['ECONNREFUSED', 'ENOMEM', 'EHOSTUNREACH', 'EIO', 'EINVAL', 'EMSGSIZE']
    .map((code) => ({
      title: `${code} is emitted, and reading continues`,
      script: `recv:1=${code}`, hits: 1, fails: [`recvmsg ${code}`],
    })),
  {
    title: 'consecutive errors are all emitted',
    script: 'recv:1=ECONNREFUSED;recv:2=ENOMEM', hits: 2,
    fails: ['recvmsg ECONNREFUSED', 'recvmsg ENOMEM'],
  },
  {
    title: 'recvmmsg() may return one message a call',
    script: 'recvmmsg:*=short:1', only: 'linux',
    check: (remote) => assert.ok(remote.seen('recvmmsg').length >= 4),
  },
  {
    title: 'a GRO buffer without its segment size is reported, not emitted',
    script: 'recv:1:segmented=ctrunc', only: 'linux', hits: 1,
    fails: ['recvmsg EMSGSIZE'], cut: true, warm: true,
  },
  {
    title: 'truncated ancillary data loses no datagram without GRO',
    script: 'recv:1-5=ctrunc', only: 'linux',
    env: { DGRAM_NATIVE_GRO: '0' }, receiveInfo: ['localAddress', 'timestamp'],
  },
  {
    title: 'truncated ancillary data loses no datagram if there is no UDP_GRO',
    script: 'recv:1-5=ctrunc;setsockopt:*:gro=ENOPROTOOPT', only: 'linux',
  },
  {
    title: 'datagrams are received if the kernel lacks UDP_GRO',
    script: 'setsockopt:*:gro=ENOPROTOOPT', only: 'linux', hits: 1,
    check: (remote) => {
      assert.deepStrictEqual(remote.options(UDP_GRO), [1]);
      assert.deepStrictEqual(remote.groBuffers(), []);
    },
  },
  {
    title: 'DGRAM_NATIVE_GRO=0 disables GRO',
    script: '', only: 'linux', env: { DGRAM_NATIVE_GRO: '0' }, hits: 0,
    warm: true,
    check: (remote) => {
      assert.deepStrictEqual(remote.options(UDP_GRO), []);
      assert.deepStrictEqual(remote.groBuffers(), []);
    },
  },
  // GRO is used from Linux 5.12 on.
  ...[
    ['5.0.0', false], ['5.11.22', false], ['5.12.0', true],
    ['5.12.0-rc2', true], ['6.1.0-18-amd64', true], ['7.0.3', true],
    ['4.18.0', false], ['unknown', false],
  ].map(([release, wanted]) => ({
    title: `Linux ${release}: GRO is ${wanted ? 'enabled' : 'disabled'}`,
    script: `uname:*=${release}`, only: 'linux', hits: 0, once: true,
    warm: true,
    check: (remote) => {
      assert.deepStrictEqual(remote.options(UDP_GRO), wanted ? [1] : []);
      assert.strictEqual(remote.groBuffers().length > 0, wanted);
    },
  })),
];

describe('receiving with injected faults', function() {
  this.timeout(scaled(20000));
  install();

  for (const transport of ['linux', 'uv']) {
    describe(transport, () => {
      for (const scenario of scenarios) {
        if ((scenario.only ?? transport) !== transport) continue;
        for (const sharedBuffers of scenario.once ? [false] : [false, true]) {
          it(`${scenario.title}${sharedBuffers ? ' (shared buffers)' : ''}`,
            () => play(scenario, transport, { sharedBuffers }));
        }
      }
    });
  }

  async function play({
    script, env = {}, fails = [], hits, cut = false, warm = false,
    receiveInfo, check = () => {},
  }, transport, options) {
    const receiver = new Remote({
      faults: script, env: { DGRAM_NATIVE_TRANSPORT: transport, ...env },
    });
    // The sender uses GSO: without GRO the group still arrives as datagrams.
    const sender = new Remote({ env: { DGRAM_NATIVE_TRANSPORT: 'linux' } });
    const target = await receiver.call('open',
      { roomy: true, options: { ...options, receiveInfo } });
    const { socket } = await sender.call('open',
      { to: { port: target.port, address: AT } });
    if (warm) await warmUp(sender, socket, receiver, target);
    const sizes = sizesOf('1 20x900 5 20x300 200 0 2x7');
    await sender.call('burst', { socket, sizes });
    await sender.call('settled', { socket, count: sizes.length });
    assert.ok(sender.segments().length >= 2);

    // Lost: the GRO buffer of 20 x 900, with its shorter last segment of 5.
    const lost = cut ? 21 : 0;
    const { received, errors } = await receiver.call('received', {
      ...target, count: sizes.length - lost + fails.length,
    });
    const all = digests(sizes);
    assert.deepStrictEqual(received,
      cut ? [all[0], ...all.slice(1 + lost)] : all);
    assert.deepStrictEqual(errors, fails);
    if (hits === undefined) assert.ok(receiver.injected() > 0);
    else assert.strictEqual(receiver.injected(), hits);
    check(receiver);

    // The socket still works.
    const after = sizesOf('3x100 3x10');
    await sender.call('burst', { socket, sizes: after, first: 1000 });
    const later =
      await receiver.call('received', { ...target, count: after.length });
    assert.deepStrictEqual(later.received, digests(after, 1000));
    assert.deepStrictEqual(later.errors, []);
    await receiver.end();
    await sender.end();
  }

  // The sizes form no segment group, so no message counts as segmented.
  async function warmUp(sender, socket, receiver, target) {
    const sizes = sizesOf('1 2 1 2 1 2 1 2 1 2 1 2 1 2 1 2 1 2 1 2 1 2 1 2');
    await sender.call('burst', { socket, sizes, first: 5000 });
    await sender.call('settled', { socket, count: sizes.length });
    const { received } =
      await receiver.call('received', { ...target, count: sizes.length });
    assert.deepStrictEqual(received, digests(sizes, 5000));
  }

  it('senders with and without GSO can send at the same time', async () => {
    const receiver = new Remote({ env: { DGRAM_NATIVE_TRANSPORT: 'linux' } });
    const segmenting = new Remote({ env: { DGRAM_NATIVE_TRANSPORT: 'linux' } });
    const builtin = new Peer('builtin');
    const target = await receiver.call('open', { roomy: true });
    const to = { port: target.port, address: AT };
    const one = await builtin.open({ to });
    const two = await segmenting.call('open', { to });
    const sizes = sizesOf('20x500');
    for (let round = 0; round < 3; round++) {
      const first = round * 20;
      await Promise.all([
        builtin.burst({ ...one, sizes, first }),
        segmenting.call('burst', { ...two, sizes, first: first + 1000 }),
      ]);
    }
    const { received, ports } =
      await receiver.call('received', { ...target, count: 120 });
    builtin.end();
    const from = (port) => received.filter((_, i) => ports[i] === port);
    const all = sizesOf('60x500');
    assert.deepStrictEqual(from(one.port), digests(all));
    assert.deepStrictEqual(from(two.port), digests(all, 1000));
    await receiver.end();
    await segmenting.end();
  });
});
