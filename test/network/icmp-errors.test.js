'use strict';

// The option icmpErrors behind a router: ICMP errors of the far host and of the
// router. examples/traceroute.js finds the way to the far host.

const assert = require('node:assert');
const { execFileSync } = require('node:child_process');
const path = require('node:path');
const { setTimeout: sleep } = require('node:timers/promises');

const { until } = require('../e2e/support/limited');
const packed = require('../support/package');
const { Remote, killRemotes } = require('../support/remote');
const { Lab } = require('./lab');
const { demandNamespaces } = require('./link');

const OPEN = 4321;
const CLOSED = 4322;

const SINK = `
import socket, sys
s = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
s.bind(('::', int(sys.argv[1])))
print('ready')
while True:
    print(s.recv(65536).decode())
`;

/** Hosts a, r (the router) and b, and destinations that r rejects. */
const FOUR = {
  host: '198.51.100.2', router: '192.0.2.2', missing: '198.51.100.77',
  prohibited: '203.0.113.1', unreachable: '203.0.113.2',
  blackhole: '203.0.113.3', local: '203.0.113.9', group: '239.1.1.1',
};
const SIX = {
  host: '2001:db8:1::2', router: '2001:db8::2', missing: '2001:db8:1::77',
  prohibited: '2001:db8:9::1', unreachable: '2001:db8:9::2',
  blackhole: '2001:db8:9::3', local: '2001:db8:9::9', group: 'ff05::77',
};
const MAPPED = Object.fromEntries(Object.entries(FOUR)
  .map(([name, address]) => [name, `::ffff:${address}`]));

/** The error, type and code of each cause. */
const ICMP = {
  port: ['ECONNREFUSED', 3, 3], prohibited: ['EHOSTUNREACH', 3, 13],
  unreachable: ['EHOSTUNREACH', 3, 1], missing: ['EHOSTUNREACH', 3, 1],
  ttl: ['EHOSTUNREACH', 11, 0], size: ['EMSGSIZE', 3, 4],
};
const ICMPV6 = {
  port: ['ECONNREFUSED', 1, 4], prohibited: ['EACCES', 1, 1],
  unreachable: ['ENETUNREACH', 1, 0], missing: ['EHOSTUNREACH', 1, 3],
  ttl: ['EHOSTUNREACH', 3, 0], size: ['EMSGSIZE', 2, 0],
};

const WAYS = {
  'udp4': ['udp4', '0.0.0.0', FOUR, ICMP, 28],
  'udp6': ['udp6', '::', SIX, ICMPV6, 48],
  'udp6 to IPv4-mapped addresses': ['udp6', '::', MAPPED, ICMP, 28],
};

describe("'icmp' behind a router", function() {
  this.timeout(60000);
  let lab;
  let host;

  before('needs namespaces', demandNamespaces);

  before(async () => {
    lab = new Lab('a', 'r', 'b');
    await lab.cable(['a', 'v0', '192.0.2.1/24', '2001:db8::1/64'],
      ['r', 'v0', '192.0.2.2/24', '2001:db8::2/64']);
    await lab.cable(['r', 'v1', '198.51.100.1/24', '2001:db8:1::1/64'],
      ['b', 'v0', '198.51.100.2/24', '2001:db8:1::2/64'], 1300);
    lab.forward('r');
    for (const [family, at, router, back] of [
      ['-4', FOUR, '192.0.2.2', '198.51.100.1'],
      ['-6', SIX, '2001:db8::2', '2001:db8:1::1'],
    ]) {
      lab.ip('a', family, 'route', 'add', 'default', 'via', router);
      lab.ip('b', family, 'route', 'add', 'default', 'via', back);
      for (const kind of ['prohibit', 'unreachable', 'blackhole']) {
        lab.ip('r', family, 'route', 'add', kind,
          at[kind === 'prohibit' ? 'prohibited' : kind]);
      }
      lab.ip('a', family, 'route', 'add', 'prohibit', at.local);
    }
    // Every error is sent.
    for (const name of ['a', 'r', 'b']) {
      const [command, ...args] = lab.on(name);
      execFileSync(command, [...args, 'sysctl', '-q', '-w',
        'net.ipv4.icmp_ratelimit=0', 'net.ipv6.icmp.ratelimit=0']);
    }
  });

  beforeEach(() => {
    host = new Remote(require.resolve('./host'), {
      through: lab.on('a'), patience: 20000,
      env: { DGRAM_NATIVE_TRANSPORT: 'linux' },
    });
  });

  afterEach(async () => {
    await lab.stopAll();
    await killRemotes();
  });

  after(() => lab?.end());

  async function open(type, address) {
    const options = { type, icmpErrors: true };
    return (await host.call('open', { options, address })).id;
  }

  /** The next `count` events 'icmp'. */
  async function errors(id, count) {
    const events = [];
    await until(() => `${count} events: ${JSON.stringify(events)}`,
      async () => {
        events.push(...await host.call('icmp', { id }));
        return events.length >= count;
      });
    return events;
  }

  /** The same after a datagram; again, if the router limits its errors. */
  async function errorsOfSend(id, port, address) {
    for (let tries = 0; tries < 10; tries++) {
      const to = [port, address];
      assert.deepStrictEqual(await host.call('send', { id, size: 5, to }),
                             { bytes: 5 });
      for (let waits = 0; waits < 20; waits++) {
        const events = await host.call('icmp', { id });
        if (events.length > 0) return events;
        await sleep(50);
      }
    }
    throw new Error(`no event for ${address}:${port}`);
  }

  for (const [name, [type, any, at, icmp, headers]] of Object.entries(WAYS)) {
    describe(name, () => {
      /** The event for a datagram to a destination. */
      const expected = (cause, address, port, offender, mtu) => {
        const [errno, icmpType, code] = icmp[cause];
        return {
          errno, message: `icmp ${errno} ${address}:${port}`, address, port,
          family: type === 'udp4' ? 'IPv4' : 'IPv6', offender, type: icmpType,
          code, ...mtu && { mtu },
        };
      };

      for (const [cause, to, port, offender] of [
        ['port', 'host', CLOSED, 'host'],
        ['prohibited', 'prohibited', OPEN, 'router'],
        ['unreachable', 'unreachable', OPEN, 'router'],
      ]) {
        it(`${cause} unreachable`, async () => {
          const id = await open(type, any);
          const [event] = await errorsOfSend(id, port, at[to]);
          assert.deepStrictEqual(event,
            expected(cause, at[to], port, at[offender]));
        });
      }

      it('a host that does not exist', async () => {
        const id = await open(type, any);
        await host.call('send', { id, size: 5, to: [OPEN, at.missing] });
        const [{ offender, ...event }] = await errors(id, 1);
        assert.deepStrictEqual({ ...event, offender: undefined },
          expected('missing', at.missing, OPEN));
        assert.ok([at.router, at.host.replace(/2$/, '1')].includes(offender),
          offender);
      });

      // setTTL() of an IPv6 socket is not for mapped addresses.
      (at === MAPPED ? it.skip : it)('time exceeded', async () => {
        const id = await open(type, any);
        await host.call('call', { id, method: 'setTTL', args: [1] });
        await host.call('send', { id, size: 5, to: [OPEN, at.host] });
        assert.deepStrictEqual(await errors(id, 1),
          [expected('ttl', at.host, OPEN, at.router)]);
      });

      it('longer than the path MTU', async () => {
        const id = await open(type, any);
        lab.ip('a', 'route', 'flush', 'cache');
        lab.ip('a', '-6', 'route', 'flush', 'cache');
        await host.call('call',
          { id, method: 'setDontFragment', args: ['probe'] });
        const send = (size) =>
          host.call('send', { id, size, to: [OPEN, at.host] });
        assert.deepStrictEqual(await send(1301 - headers),
          { bytes: 1301 - headers });
        assert.deepStrictEqual(await errors(id, 1),
          [expected('size', at.host, OPEN, at.router, 1300)]);
        // Longer than the MTU of the interface: the error of the send itself.
        assert.deepStrictEqual(await send(1501 - headers),
          { code: 'EMSGSIZE' });
        assert.deepStrictEqual(await send(5), { bytes: 5 });
        // The port is closed.
        assert.deepStrictEqual(await errors(id, 1),
          [expected('port', at.host, OPEN, at.host)]);
      });

      it('all of them together fail no other datagram', async () => {
        const id = await open(type, any);
        const sink = await lab.python('b', SINK, `${OPEN}`);
        const destinations = [
          [OPEN, at.host], [CLOSED, at.host], [OPEN, at.prohibited],
          [OPEN, at.host], [OPEN, at.unreachable], [OPEN, at.blackhole],
          [OPEN, at.local], [OPEN, at.host],
        ];
        const rounds = 25;
        const sends = Array.from({ length: rounds },
          () => destinations).flat();
        const outcomes = await Promise.all(sends.map((to, i) =>
          host.call('send', { id, text: `${i}`, to })));
        outcomes.forEach((outcome, i) => {
          // The host itself rejects that one.
          assert.deepStrictEqual(outcome, sends[i][1] === at.local ?
            { code: 'EACCES' } :
            { bytes: `${i}`.length });
        });
        const good = sends.flatMap(([port, address], i) =>
          (port === OPEN && address === at.host ? [`${i}`] : []));
        await until(() => sink.output,
          () => sink.output.trim().split('\n').length >= good.length);
        assert.deepStrictEqual(sink.output.trim().split('\n'), good);
        const counts = {
          [`${CLOSED} ${at.host}`]: 0,
          [`${OPEN} ${at.prohibited}`]: 0,
          [`${OPEN} ${at.unreachable}`]: 0,
        };
        await until(() => JSON.stringify(counts), async () => {
          for (const { port, address } of await errors(id, 0))
            counts[`${port} ${address}`]++;
          return counts[`${CLOSED} ${at.host}`] === rounds;
        });
        // Routers of Linux send a few IPv4 errors at once, then one a second.
        const [, ...others] = Object.values(counts);
        if (at === SIX) assert.deepStrictEqual(others, [rounds, rounds]);
        assert.strictEqual(Object.keys(counts).length, 3);
      });

      it('a datagram that the interface drops stops no other', async () => {
        const id = await open(type, any);
        const tc = (verb, ...args) => execFileSync('tc',
          ['-n', lab.hosts.get('a'), 'qdisc', verb, 'dev', 'v0', 'root',
           ...args]);
        tc('add', 'tbf', 'rate', '10mbit', 'burst', '1000', 'limit', '30000');
        try {
          const outcomes = await Promise.all([5, 1200, 5, 1200, 5].map((size) =>
            host.call('send', { id, size, to: [CLOSED, at.host] })));
          assert.deepStrictEqual(outcomes, [
            { bytes: 5 }, { code: 'ENOBUFS' }, { bytes: 5 },
            { code: 'ENOBUFS' }, { bytes: 5 },
          ]);
          await errors(id, 3);
          // Listeners on this host have got it: it is not sent again.
          const stats = () => host.call('call', { id, method: 'stats' });
          const before = await stats();
          assert.deepStrictEqual(await host.call('send',
            { id, size: 1200, to: [CLOSED, at.group] }), { code: 'ENOBUFS' });
          assert.strictEqual((await stats()).sendCalls, before.sendCalls + 1);
        } finally {
          tc('del');
        }
      });

      it('a connected socket has them instead of errors', async () => {
        const id = await open(type, any);
        await host.call('connect', { id, port: CLOSED, address: at.host });
        for (let i = 0; i < 3; i++) {
          assert.deepStrictEqual(await host.call('send', { id, size: 5 }),
            { bytes: 5 });
          assert.deepStrictEqual(await errors(id, 1),
            [expected('port', at.host, CLOSED, at.host)]);
        }
      });
    });
  }

  for (const [at, family] of [[FOUR, 'IPv4'], [SIX, 'IPv6']]) {
    it(`examples/traceroute.js lists the routers, ${family}`, async () => {
      const example = lab.start('a', process.execPath,
        path.join(packed.directory, 'examples', 'traceroute.js'), at.host);
      await until(() => example.output,
        () => example.output.split('\n').length > 2 ||
          example.exitCode !== null);
      assert.match(example.output.replaceAll(/\d+\.\d\d ms/g, 'N ms'),
        new RegExp(`^1 {2}${at.router} {2}N ms\n2 {2}${at.host} {2}N ms\n$`));
    });
  }
});
