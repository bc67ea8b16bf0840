'use strict';

// The features that depend on the kernel or a sandbox: what docs/platforms.md
// states, what `dgram-native info` reports and what the system calls show are
// the same. `npm run test:platforms` runs this file on other kernels.

const assert = require('node:assert');
const os = require('node:os');
const path = require('node:path');

const {
  Peer, Remote, UDP_GRO, arriving, digests, install, sizesOf,
} = require('./kit');
const { compileLibrary } = require('../support/compile');
const { documented, reported, rowOf } = require('../support/platform-table');
const { scaled } = require('../support/time');

const AT = '127.0.0.1';
const SOL_SOCKET = 1;
const SO_REUSEPORT = 15;

/** The first and last kernel of each row of the table; 4.4.0 is gVisor's. */
const RELEASES = [
  '3.10.0-1160.el7.x86_64', '4.4.0', '4.17.19', '4.18.0', '5.0.0',
  '5.10.46', '5.11.22', '5.12.0', '5.15.167.4-microsoft', '6.18.44', '7.0.0',
  '7.1.4', '7.1.5', '8.0.0',
];

describe('features by kernel and sandbox', function() {
  this.timeout(scaled(30000));
  install();

  const libraries = (...names) => names
    .map((name) => compileLibrary(path.join(__dirname, `${name}.c`))).join(':');
  const faultsIn = (script) =>
    ({ LD_PRELOAD: libraries('faults'), DGRAM_FAULTS: script });
  const sandbox = (deny, error = 'EPERM') =>
    ({ DGRAM_SANDBOX: error, DGRAM_SANDBOX_DENY: deny });

  /**
   * Two processes, one sends to the other. Resolves to the features that their
   * system calls show.
   */
  async function observed(env) {
    const receiver = new Remote({ env });
    const sender = new Remote({ env });
    const target = await receiver.call('open', { roomy: true });
    const { socket } =
      await sender.call('open', { to: { port: target.port, address: AT } });
    // Groups for GSO, and sizes that only a batch sends together. GRO starts
    // only after some datagrams.
    const sizes = sizesOf('30x600 1 2 3 4 5 30x700 6 7');
    await sender.call('burst', { socket, sizes });
    const outcomes =
      await sender.call('settled', { socket, count: sizes.length });
    const { received } =
      await receiver.call('received', { ...target, count: sizes.length });
    assert.deepStrictEqual(received, arriving(sizes, outcomes));
    const groups = receiver.groBuffers();
    const features = [
      ...sender.sends().some(({ messages }) => messages.length > 1) &&
        receiver.seen('recvmmsg').length > 0 ? ['batches'] : [],
      ...sender.segments().length > 0 ? ['GSO'] : [],
      ...receiver.options(UDP_GRO).includes(1) ? ['GRO'] : [],
      'reusePort', 'receiveInfo', 'unix_dgram', // have tests of their own
    ].join(', ');
    await receiver.end();
    await sender.end();
    return { features, groups };
  }

  it('this kernel: as documented, reported and observed', async () => {
    const { features } = documented().get(rowOf('linux', os.release()));
    assert.strictEqual(reported().features, features);
    const seen = await observed({});
    assert.strictEqual(seen.features, features);
    if (!features.includes('GRO')) assert.deepStrictEqual(seen.groups, []);
  });

  for (const release of RELEASES) {
    it(`Linux ${release}: as documented, reported and observed`, async () => {
      const { features } = documented().get(rowOf('linux', release));
      const env = faultsIn(`uname:*=${release}`);
      assert.strictEqual(reported(env).features, features);
      const seen = await observed(env);
      assert.strictEqual(seen.features, features);
    });
  }

  it('Docker: its default profile denies nothing that is used', async () => {
    const env = {
      LD_PRELOAD: libraries('sandbox', 'faults'), ...sandbox('docker'),
    };
    const { features } = documented().get(rowOf('linux', os.release()));
    assert.strictEqual(reported(env).features, features);
    assert.strictEqual((await observed(env)).features, features);
  });

  it('gVisor: an old release, and no UDP options', async () => {
    const script = 'uname:*=4.4.0;setsockopt:*:gro=ENOPROTOOPT;' +
      'setsockopt:*:segment=ENOPROTOOPT';
    const env = {
      LD_PRELOAD: libraries('sandbox', 'faults'), DGRAM_FAULTS: script,
      ...sandbox('docker', 'ENOSYS'),
    };
    const features = 'batches, reusePort, receiveInfo, unix_dgram';
    assert.strictEqual(reported(env).features, features);
    assert.strictEqual((await observed(env)).features, features);
  });

  for (const denied of ['sendmmsg', 'recvmmsg', 'sendmmsg,recvmmsg']) {
    for (const error of ['EPERM', 'ENOSYS']) {
      it(`a sandbox without ${denied}: no batches (${error})`, () => {
        const { features } =
          reported({ LD_PRELOAD: libraries('sandbox'),
            ...sandbox(denied, error) });
        const usual = reported().features;
        assert.strictEqual(features, usual.replace('batches, ', ''));
        assert.notStrictEqual(features, usual);
      });
    }
  }

  it('a kernel without IPv6: IPv4 as usual, udp6 fails as with node:dgram',
    async () => {
      const env = {
        LD_PRELOAD: libraries('sandbox', 'faults'), ...sandbox('inet6'),
      };
      const { features } = documented().get(rowOf('linux', os.release()));
      assert.strictEqual((await observed(env)).features, features);
      const failures = [];
      for (const implementation of ['builtin', 'native']) {
        const remote = new Remote({ env, implementation });
        await assert.rejects(remote.call('open', { type: 'udp6' }), (error) => {
          failures.push([error.code, error.syscall]);
          return true;
        });
        await remote.end();
      }
      assert.deepStrictEqual(failures[1], failures[0]);
      assert.strictEqual(failures[1][0], 'EAFNOSUPPORT');
    });

  it('a sender that does not merge: each datagram arrives alone', async () => {
    const receiver = new Remote();
    const here = new Peer('builtin');
    const target = await receiver.call('open', { roomy: true });
    const { socket } =
      await here.open({ to: { port: target.port, address: AT } });
    const sizes = sizesOf('40x600');
    await here.burst({ socket, sizes });
    const { received } =
      await receiver.call('received', { ...target, count: sizes.length });
    assert.deepStrictEqual(received, digests(sizes));
    assert.deepStrictEqual(receiver.groBuffers(), []);
    await receiver.end();
    await here.end();
  });

  describe('reusePort', () => {
    it('sets SO_REUSEPORT only if it was asked for', async () => {
      for (const [options, wanted] of [[{}, []], [{ reusePort: true }, [1]]]) {
        const remote = new Remote();
        await remote.call('open', { options });
        assert.deepStrictEqual(
          remote.options(SO_REUSEPORT, SOL_SOCKET).filter(Boolean), wanted);
        await remote.end();
      }
    });

    it('fails to bind on a kernel without it', async () => {
      const remote =
        new Remote({ faults: 'setsockopt:*:reuseport=ENOPROTOOPT' });
      await assert.rejects(
        remote.call('open', { options: { reusePort: true } }),
        { code: 'ENOPROTOOPT', syscall: 'bind' });
      await remote.call('open', {});
      await remote.end();
    });
  });
});
