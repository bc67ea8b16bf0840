'use strict';

// Memberships by interface on a host with three interfaces, and the option
// multicastAll. A Python program sends to groups out of each interface of the
// other host, and another one is a member on the same host.

const assert = require('node:assert');
const { execFileSync } = require('node:child_process');

const { until } = require('../e2e/support/limited');
const { Remote, killRemotes } = require('../support/remote');
const { Lab } = require('./lab');
const { demandNamespaces } = require('./link');

const CABLES = [0, 1, 2];

/** By family: group, source-specific group, source on cable i. */
const FAMILIES = {
  udp4: {
    group: '239.255.79.1', ssm: '232.1.79.1', source: (i) => `192.0.${2 + i}.2`,
    any: '0.0.0.0',
  },
  udp6: {
    group: 'ff12::79:1', ssm: 'ff32::79:1', source: (i) => `2001:db8:${i}::2`,
    any: '::',
  },
};

/** Reads "group port interface text" lines and sends each. */
const SENDER = `
import socket, struct, sys
print('ready')
for line in sys.stdin:
    group, port, device, source, text = line.split()
    six = ':' in group
    s = socket.socket(socket.AF_INET6 if six else socket.AF_INET,
                      socket.SOCK_DGRAM)
    s.bind((source, 0))
    index = socket.if_nametoindex(device)
    if six:
        s.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_MULTICAST_IF, index)
    else:
        s.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF,
                     struct.pack('@4s4si', bytes(4), bytes(4), index))
    s.sendto(text.encode(), (group, int(port)))
    s.close()
    print('sent', text)
`;

/** Joins a group on one interface, so that the host receives it there. */
const MEMBER = `
import socket, struct, sys, time
group, device = sys.argv[1:]
index = socket.if_nametoindex(device)
if ':' in group:
    s = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
    s.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_JOIN_GROUP,
                 socket.inet_pton(socket.AF_INET6, group) +
                 struct.pack('@i', index))
else:
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    s.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP,
                 struct.pack('@4s4si', socket.inet_aton(group), bytes(4),
                             index))
print('ready')
time.sleep(1000)
`;

for (const transport of ['linux', 'uv']) {
  describe(`memberships by interface, ${transport}`, function() {
    this.timeout(60000);
    let lab;
    let host;
    let sender;
    let sent;

    before('needs namespaces', demandNamespaces);

    before(async () => {
      lab = new Lab('a', 'b');
      for (const i of CABLES) {
        await lab.cable(
          ['a', `v${i}`, `192.0.${2 + i}.1/24`, `2001:db8:${i}::1/64`],
          ['b', `w${i}`, `192.0.${2 + i}.2/24`, `2001:db8:${i}::2/64`]);
      }
    });

    beforeEach(async () => {
      sent = 0;
      host = new Remote(require.resolve('./host'), {
        through: lab.on('a'), patience: 20000,
        env: { DGRAM_NATIVE_TRANSPORT: transport },
      });
      assert.strictEqual(await host.call('transport'), transport);
      sender = await lab.python('b', SENDER);
    });

    afterEach(async () => {
      await lab.stopAll();
      await killRemotes();
    });

    after(() => lab?.end());

    async function open(type, options = {}) {
      const { any } = FAMILIES[type];
      const { id, port } = await host.call('open',
        { options: { type, ...options }, address: any });
      const call = (method, ...args) =>
        host.call('call', { id, method, args });
      return { id, port, call };
    }

    /**
     * Sends one datagram out of each interface, then one to the socket itself.
     * @returns {Promise<number[]>} the interfaces whose datagrams it received
     */
    async function reached(type, { id, port }, group) {
      const { source } = FAMILIES[type];
      const first = ++sent;
      const before = (await host.call('received', { id })).length;
      for (const i of CABLES) {
        const from = `w${i} ${source(i)}`;
        sender.stdin.write(`${group} ${port} ${from} ${first}-${i}\n`);
      }
      const own = type === 'udp4' ? '192.0.2.1' : '2001:db8:0::1';
      sender.stdin.write(`${own} ${port} w0 ${source(0)} ${first}-end\n`);
      let texts;
      await until(() => `the last one (${texts}) ${sender.output}`,
        async () => {
          texts = (await host.call('received', { id })).slice(before);
          return texts.includes(`${first}-end`);
        });
      // Those of the other cables have left before; each is one hop away.
      await new Promise((resolve) => setTimeout(resolve, 100));
      texts = (await host.call('received', { id })).slice(before);
      return CABLES.filter((i) => texts.includes(`${first}-${i}`));
    }

    const indexOf = (i) =>
      JSON.parse(lab.ip('a', '-j', 'link', 'show', `v${i}`))[0].ifindex;

    for (const [type, { group, ssm, source }] of Object.entries(FAMILIES)) {
      it(`{ interface }: name and index, ${type}`, async () => {
        const socket = await open(type);
        const reaches = () => reached(type, socket, group);
        assert.deepStrictEqual(await reaches(), []);
        await socket.call('addMembership', group, { interface: 'v1' });
        assert.deepStrictEqual(await reaches(), [1]);
        await socket.call('addMembership', group, { interface: indexOf(2) });
        assert.deepStrictEqual(await reaches(), [1, 2]);
        await socket.call('dropMembership', group, { interface: indexOf(1) });
        assert.deepStrictEqual(await reaches(), [2]);
        await socket.call('dropMembership', group, { interface: 'v2' });
        assert.deepStrictEqual(await reaches(), []);
      });

      it(`source-specific by interface, ${type}`, async () => {
        const socket = await open(type, { multicastAll: false });
        const reaches = () => reached(type, socket, ssm);
        const where = { interface: 'v1' };
        // The source of another cable, which does not send on this one.
        await socket.call('addSourceSpecificMembership', source(0), ssm, where);
        assert.deepStrictEqual(await reaches(), []);
        await socket.call('addSourceSpecificMembership', source(1), ssm, where);
        assert.deepStrictEqual(await reaches(), [1]);
        await socket.call('dropSourceSpecificMembership', source(1), ssm,
          where);
        assert.deepStrictEqual(await reaches(), []);
      });

      it(`'*' is every interface that is up, ${type}`, async () => {
        const socket = await open(type);
        const reaches = () => reached(type, socket, group);
        lab.ip('a', 'link', 'add', 'idle', 'type', 'veth', 'peer', 'idle-peer');
        try {
          await socket.call('addMembership', group, { interface: 'v1' });
          await socket.call('addMembership', group, '*');
          assert.deepStrictEqual(await reaches(), CABLES);
          // Interfaces that come up later are added by another call.
          assert.doesNotMatch(lab.ip('a', 'maddress', 'show', 'dev', 'idle'),
            new RegExp(group));
          lab.ip('a', 'link', 'set', 'idle', 'up');
          await socket.call('addMembership', group, '*');
          assert.match(lab.ip('a', 'maddress', 'show', 'dev', 'idle'),
            new RegExp(group));
          await socket.call('dropMembership', group, '*');
          assert.deepStrictEqual(await reaches(), []);
          await assert.rejects(socket.call('dropMembership', group, '*'),
            { code: 'EADDRNOTAVAIL', syscall: 'dropMembership' });
        } finally {
          lab.ip('a', 'link', 'del', 'idle');
        }
      });

      it(`'*' passes over interfaces without the family, ${type}`, async () => {
        const socket = await open(type);
        // Too small for IPv6.
        lab.ip('a', 'link', 'add', 'small', 'mtu', '1000', 'type', 'veth',
          'peer', 'small-peer');
        lab.ip('a', 'link', 'set', 'small', 'up');
        try {
          await socket.call('addMembership', group, '*');
          assert.deepStrictEqual(await reached(type, socket, group), CABLES);
        } finally {
          lab.ip('a', 'link', 'del', 'small');
        }
      });

      it(`multicastAll, ${type}`, async () => {
        await lab.python('a', MEMBER, group, 'v0');
        const all = await open(type);
        assert.deepStrictEqual(await reached(type, all, group), [0]);
        const own = await open(type, { multicastAll: false });
        assert.deepStrictEqual(await reached(type, own, group), []);
        await own.call('addMembership', group, { interface: 'v2' });
        // For IPv6 the kernel compares the group, but not the interface.
        assert.deepStrictEqual(await reached(type, own, group),
          type === 'udp4' ? [2] : [0, 2]);
      });
    }

    it("'*' joins on all interfaces or on none", async () => {
      const { group } = FAMILIES.udp4;
      const [command, ...rest] = lab.on('a');
      const limit = (count) => execFileSync(command, [...rest, 'sysctl', '-q',
        '-w', `net.ipv4.igmp_max_memberships=${count}`]);
      const socket = await open('udp4');
      limit(2);
      try {
        await assert.rejects(socket.call('addMembership', group, '*'),
          { code: 'ENOBUFS', syscall: 'addMembership' });
        await assert.rejects(socket.call('dropMembership', group, '*'),
          { code: 'EADDRNOTAVAIL' });
      } finally {
        limit(20);
      }
      await socket.call('addMembership', group, '*');
      assert.deepStrictEqual(await reached('udp4', socket, group), CABLES);
    });

    it('an IPv4 group of a udp6 socket', async () => {
      const { id, port, call } = await open('udp6');
      const { group } = FAMILIES.udp4;
      await call('addMembership', group, '*');
      assert.deepStrictEqual(await reached('udp4', { id, port }, group),
        CABLES);
    });

    it('device: only datagrams of this interface', async () => {
      const socket = await open('udp4', { device: 'v0' });
      const { group } = FAMILIES.udp4;
      await socket.call('addMembership', group, '*');
      assert.deepStrictEqual(await reached('udp4', socket, group), [0]);
    });

    it("'*' without any interface", async () => {
      const bare = new Lab('c');
      try {
        const remote = new Remote(require.resolve('./host'), {
          through: bare.on('c'), patience: 20000,
          env: { DGRAM_NATIVE_TRANSPORT: transport },
        });
        const { id } = await remote.call('open',
          { options: { type: 'udp4' }, address: '0.0.0.0' });
        await assert.rejects(remote.call('call',
          { id, method: 'addMembership', args: ['239.255.79.1', '*'] }),
        { code: 'ENODEV', syscall: 'addMembership' });
        await remote.end();
      } finally {
        bare.end();
      }
    });
  });
}
