'use strict';

// Sockets with the option icmpErrors. A send or a receive that fails with the
// error of an earlier datagram is repeated; one that fails repeatedly has an
// error of its own (E1, E2 and E4 in linux.h).

const assert = require('node:assert');

const {
  Remote, arriving, digests, install, sizesOf, withReceiver,
} = require('./kit');
const { scaled } = require('../support/time');

const AT = '127.0.0.1';

/** A port without a socket. */
const DEAD = { port: 1, address: AT };

/** Calls until an error is that of the datagram itself. */
const OWN = 9;

/** Errors that no send has for a reason of its own, and others. */
const FOREIGN = ['ECONNREFUSED', 'ENOPROTOOPT'];
const AMBIGUOUS = ['EHOSTUNREACH', 'ENETUNREACH', 'EMSGSIZE', 'EACCES'];

const sends = [
  ...[...FOREIGN, ...AMBIGUOUS].flatMap((code) => [
    {
      title: `${code} of an earlier datagram does not fail a send`,
      script: `send:1=${code};send:3=${code}`, hits: 2,
      bursts: ['1 2 3 4', '5 6', '7'],
    },
    {
      title: `${code} may be repeated by more errors`,
      script: `send:1-${OWN - 1}=${code}`, hits: OWN - 1,
      bursts: ['1 2 3 4', '5 6'],
    },
    {
      title: `${code} of an earlier datagram keeps GSO enabled`,
      script: `send:1:segmented=${code};send:3:segmented=${code}`, hits: 2,
      bursts: ['40x1200', '40x1200', '40x1100'],
      check: (remote) => assert.deepStrictEqual(remote.segments(),
        [1200, 1200, 1200, 1200, 1100]),
    },
    {
      title: `${code} does not make a connected socket send singly`,
      script: `send:1=${code}`, hits: 1, connected: true,
      bursts: ['1 2 3 4', '5 6 7'],
      check: (remote) => assert.ok(
        remote.sends().slice(0, 3).some(({ messages }) => messages.length > 2)),
    },
  ]),
  ...FOREIGN.map((code) => ({
    title: `${code} does not fail a send: the rest are queued`,
    script: `send:1-${OWN * OWN - 1}=${code}`, hits: OWN * OWN - 1,
    bursts: ['1 2 3 4', '5 6'],
  })),
  ...FOREIGN.map((code) => ({
    title: `${code} that persists is that of the datagram`,
    script: `send:1-${OWN * OWN}=${code}`, hits: OWN * OWN,
    bursts: ['1 2 3 4', '5 6'], fails: { 0: code },
  })),
  ...FOREIGN.map((code) => ({
    title: `${code} that persists is that of each datagram of a group`,
    script: `send:*=${code}`, bursts: ['3x1200'],
    fails: { 0: code, 1: code, 2: code },
  })),
  ...AMBIGUOUS.map((code) => ({
    title: `${code} that persists is that of the datagram`,
    script: `send:1-${OWN}=${code}`, hits: OWN,
    bursts: ['1 2 3 4', '5 6'], fails: { 0: code },
  })),
  {
    title: 'every datagram has its own attempts',
    script: 'send:*:length=77=ENETUNREACH',
    bursts: ['1 77 0 77 0 2 77 0 3'],
    fails: { 1: 'ENETUNREACH', 3: 'ENETUNREACH', 6: 'ENETUNREACH' },
  },
  {
    title: 'EMSGSIZE of a segment group itself lowers the limit',
    script: 'send:*:segment>1000=EMSGSIZE', hits: OWN,
    bursts: ['30x1200', '30x1200', '30x900'],
    check: (remote) => assert.deepStrictEqual(remote.segments(),
      [...new Array(OWN).fill(1200), 900]),
  },
  {
    title: 'a full queue of an interface delays a send (ENOBUFS)',
    script: `send:1-${OWN - 1}=ENOBUFS`, hits: OWN - 1,
    bursts: ['1 2 3 4', '5 6'],
  },
  {
    title: 'ENOBUFS that persists is that of the datagram',
    script: 'send:*:length=77=ENOBUFS',
    bursts: ['1 77 0 2 77 0'], fails: { 1: 'ENOBUFS', 4: 'ENOBUFS' },
  },
  {
    title: 'ENOBUFS is not tried again and again for each datagram',
    script: `send:1-${OWN + 3}=ENOBUFS`, hits: OWN + 3,
    bursts: ['1 2 3 4 5 6'],
    fails: { 0: 'ENOBUFS', 1: 'ENOBUFS', 2: 'ENOBUFS', 3: 'ENOBUFS' },
  },
  {
    title: 'ENOBUFS of a segment group only makes it smaller',
    script: 'send:*:segmented=ENOBUFS', bursts: ['20x1200', '20x1200'],
  },
  {
    title: 'EPERM and ENOMEM are not errors of the network',
    script: 'send:1=EPERM;send:2=ENOMEM', hits: 2,
    bursts: ['1 2 3 4'], fails: { 0: 'EPERM', 1: 'ENOMEM' },
  },
];

const receives = [
  ...[...FOREIGN, ...AMBIGUOUS].flatMap((code) => [
    {
      title: `${code} is not emitted as 'error'`,
      script: `recv:1=${code};recv:3=${code}`, hits: 2,
    },
    {
      title: `${code} may be repeated`,
      script: `recv:1-30=${code}`, hits: 30,
    },
  ]),
  {
    title: 'other errors are emitted',
    script: 'recv:1=ENOMEM;recv:2=EIO', hits: 2,
    fails: ['recvmsg ENOMEM', 'recvmsg EIO'],
  },
];

describe('the option icmpErrors with injected faults', function() {
  this.timeout(scaled(20000));
  install();

  const builtin = withReceiver();
  const options = { icmpErrors: true };

  const start = (faults) => new Remote({
    faults, env: { DGRAM_NATIVE_TRANSPORT: 'linux' },
  });

  for (const {
    title, script, hits, bursts, fails = {}, connected: connect = false,
    check = () => {},
  } of sends) {
    it(title, async () => {
      const remote = start(script);
      const to = { connect, port: builtin.peer.port, address: AT };
      const { socket } = await remote.call('open', { to, options });
      const all = [];
      for (const sizes of bursts.map(sizesOf)) {
        await remote.call('burst', { socket, sizes, first: all.length });
        all.push(...sizes);
        await remote.call('settled', { socket, count: all.length });
      }
      const outcomes =
        await remote.call('settled', { socket, count: all.length });
      assert.deepStrictEqual(outcomes,
        all.map((size, i) => [i, fails[i] ?? size]));
      const { received } = await builtin.receiver.received({
        ...builtin.peer, count: all.length - Object.keys(fails).length,
      });
      assert.deepStrictEqual(received, arriving(all, outcomes));
      if (hits !== undefined) assert.strictEqual(remote.injected(), hits);
      check(remote);
      await remote.end();
    });
  }

  for (const { title, script, hits, fails = [] } of receives) {
    it(title, async () => {
      const remote = start(script);
      const target = await remote.call('open', { roomy: true, options });
      const to = { port: target.port, address: AT };
      const sender = await builtin.receiver.open({ to });
      const sizes = sizesOf('1 20x900 5 20x300');
      await builtin.receiver.burst({ ...sender, sizes });
      const { received, errors } = await remote.call('received',
        { ...target, count: sizes.length + fails.length });
      assert.deepStrictEqual(received, digests(sizes));
      assert.deepStrictEqual(errors, fails);
      assert.strictEqual(remote.injected(), hits);
      await remote.end();
    });
  }

  for (const [title, script, lost] of [
    ['without faults', '', 0],
    ['after EINTR', 'errqueue:1-3=EINTR;errqueue:5=EINTR', 0],
    ['after a spurious wake-up', 'errqueue:1=EAGAIN', 0],
    ['except one with truncated ancillary data', 'errqueue:2=ctrunc', 1],
  ]) {
    it(`ICMP errors are emitted ${title}`, async () => {
      const remote = start(script);
      const { socket } = await remote.call('open', { to: DEAD, options });
      for (let i = 0; i < 4; i++)
        await remote.call('burst', { socket, sizes: [i], first: i });
      const events =
        await remote.call('icmp', { socket, count: 4 - lost });
      assert.deepStrictEqual(events,
        new Array(4 - lost).fill('ECONNREFUSED 1'));
      const { errors } = await remote.call('soFar', { socket });
      assert.deepStrictEqual(errors, []);
      await remote.end();
    });
  }
});
