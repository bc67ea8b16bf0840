'use strict';

// Type of service, fragmentation and path MTU, as tcpdump(8) reads them on
// another host; and the options that bind to an interface.

const assert = require('node:assert');
const path = require('node:path');

const { until } = require('../e2e/support/limited');
const packed = require('../support/package');
const { Remote, killRemotes } = require('../support/remote');
const { Lab, has } = require('./lab');
const { demandNamespaces } = require('./link');

const PORT = 4321;

/** By name: options of the socket, address of the sender, destination. */
const WAYS = {
  'udp4': ['udp4', '192.0.2.1', '192.0.2.2'],
  'udp6': ['udp6', '2001:db8::1', '2001:db8::2'],
  'udp6 to an IPv4-mapped address': ['udp6', '::', '::ffff:192.0.2.2'],
};

const SINK = `
import socket, sys
s = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
s.bind(('::', int(sys.argv[1])))
print('ready')
while True:
    print(len(s.recv(65536)))
`;

const ECHO = `
import socket, sys
s = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
s.bind(('::', int(sys.argv[1])))
print('ready')
while True:
    s.sendto(*s.recvfrom(65536))
`;

function demandTcpdump() {
  if (has('tcpdump')) return;
  if (process.env.CI === 'true') throw new Error('no tcpdump');
  console.log('    no tcpdump(8)');
  this.skip();
}

/** Headers of the captured packets: TOS, and flags of IPv4. */
function packets(output) {
  return [...output.matchAll(
    /IP6? \((?:tos|class) (0x[0-9a-f]+)|IP6 \(flowlabel|IP6 \(hlim/g)]
    .map(([, tos = '0x0']) => Number(tos));
}

const flags = (output) =>
  [...output.matchAll(/flags \[(.*?)\]/g)].map(([, text]) => text);

for (const transport of ['linux', 'uv']) {
  describe(`socket options on the wire, ${transport}`, function() {
    this.timeout(60000);
    let lab;
    let host;

    before('needs namespaces', demandNamespaces);

    before('needs tcpdump', demandTcpdump);

    before(async () => {
      lab = new Lab('a', 'r', 'b');
      await lab.cable(['a', 'v0', '192.0.2.1/24', '2001:db8::1/64'],
        ['r', 'v0', '192.0.2.2/24', '2001:db8::2/64']);
      await lab.cable(['r', 'v1', '198.51.100.1/24', '2001:db8:1::1/64'],
        ['b', 'v0', '198.51.100.2/24', '2001:db8:1::2/64'], 1300);
      lab.forward('r');
      lab.ip('a', 'route', 'add', 'default', 'via', '192.0.2.2');
      lab.ip('a', '-6', 'route', 'add', 'default', 'via', '2001:db8::2');
      lab.ip('b', 'route', 'add', 'default', 'via', '198.51.100.1');
      lab.ip('b', '-6', 'route', 'add', 'default', 'via', '2001:db8:1::1');
    });

    /** Accepts datagrams on the far host, or their port would be refused. */
    const startSink = () => lab.python('b', SINK, `${PORT}`);

    beforeEach(() => {
      host = new Remote(require.resolve('./host'), {
        through: lab.on('a'), patience: 20000,
        env: { DGRAM_NATIVE_TRANSPORT: transport },
      });
    });

    afterEach(async () => {
      await lab.stopAll();
      await killRemotes();
    });

    after(() => lab?.end());

    async function open(options, address) {
      assert.strictEqual(await host.call('transport'), transport);
      return (await host.call('open', { options, address })).id;
    }

    for (const [name, [type, from, to]] of Object.entries(WAYS)) {
      it(`setTypeOfService(): ${name}`, async () => {
        const id = await open({ type }, from);
        const capture = await lab.capture('r', 'v0', `udp port ${PORT}`);
        const expected = [];
        for (const tos of [0xb8, 3, 0]) {
          await host.call('call',
            { id, method: 'setTypeOfService', args: [tos] });
          await host.call('send', { id, size: 5, to: [PORT, to] });
          expected.push(tos);
          await until(() => capture.output,
            () => packets(capture.output).length >= expected.length);
        }
        assert.deepStrictEqual(packets(capture.output), expected);
      });
    }

    it('setDontFragment(): IPv4', async () => {
      for (const [type, from, to] of [WAYS.udp4,
        WAYS['udp6 to an IPv4-mapped address']]) {
        const id = await open({ type }, from);
        const capture = await lab.capture('r', 'v0', `udp port ${PORT}`);
        const send = (size) => host.call('send', { id, size, to: [PORT, to] });
        const set = (mode) =>
          host.call('call', { id, method: 'setDontFragment', args: [mode] });
        await set(true);
        assert.deepStrictEqual(await send(1472), { bytes: 1472 });
        assert.deepStrictEqual(await send(1473), { code: 'EMSGSIZE' });
        await set('probe');
        assert.deepStrictEqual(await send(1472), { bytes: 1472 });
        assert.deepStrictEqual(await send(1473), { code: 'EMSGSIZE' });
        await set(false);
        assert.deepStrictEqual(await send(100), { bytes: 100 });
        await until(() => capture.output,
          () => flags(capture.output).length >= 3);
        assert.deepStrictEqual(flags(capture.output), ['DF', 'DF', 'none']);
        await lab.stop(capture);
      }
    });

    it('setDontFragment(): IPv6', async () => {
      const [, from, to] = WAYS.udp6;
      const id = await open({ type: 'udp6' }, from);
      const send = (size) => host.call('send', { id, size, to: [PORT, to] });
      for (const mode of [true, 'probe']) {
        await host.call('call',
          { id, method: 'setDontFragment', args: [mode] });
        assert.deepStrictEqual(await send(1452), { bytes: 1452 });
        assert.deepStrictEqual(await send(1453), { code: 'EMSGSIZE' });
      }
      await host.call('call', { id, method: 'setDontFragment', args: [false] });
      assert.deepStrictEqual(await send(1453), { bytes: 1453 });
    });

    for (const [type, to, headers] of [
      ['udp4', '198.51.100.2', 28], ['udp6', '2001:db8:1::2', 48],
      ['udp6', '::ffff:198.51.100.2', 28],
    ]) {
      it(`getPathMTU() and mtu of EMSGSIZE, ${to}`, async () => {
        const any = type === 'udp4' ? '0.0.0.0' : '::';
        const id = await open({ type }, any);
        const sink = await startSink();
        await host.call('connect', { id, port: PORT, address: to });
        const mtu = () => host.call('call', { id, method: 'getPathMTU' });
        const send = (size) => host.call('send', { id, size });
        const set = (mode) =>
          host.call('call', { id, method: 'setDontFragment', args: [mode] });
        // The kernel remembers what the test before has learnt.
        lab.ip('a', 'route', 'flush', 'cache');
        lab.ip('a', '-6', 'route', 'flush', 'cache');
        await set('probe');
        const capture = await lab.capture('r', 'v0', `udp port ${PORT}`);
        const largest = 1500 - headers;
        assert.deepStrictEqual(await send(largest), { bytes: largest });
        await set(true);
        // The router answers with an ICMP error.
        let known;
        await until(() => `path MTU ${known}`, async () => {
          known = await mtu();
          return known === 1300;
        });
        assert.deepStrictEqual(await send(1300 - headers),
          { bytes: 1300 - headers });
        assert.deepStrictEqual(await send(1301 - headers),
          { code: 'EMSGSIZE', mtu: 1300 });
        await set('probe');
        assert.deepStrictEqual(await send(largest), { bytes: largest });
        assert.strictEqual((await send(largest + 1)).code, 'EMSGSIZE');
        // Probes leave the host although the path MTU is known to be lower.
        await until(() => capture.output, () => capture.output
          .match(new RegExp(`length ${largest}$`, 'gm'))?.length === 2);
        // Only the one that fits the path has arrived.
        await until(() => sink.output, () => sink.output !== '');
        assert.strictEqual(sink.output, `${1300 - headers}\n`);
      });
    }

    for (const [to, headers] of [['198.51.100.2', 28], ['2001:db8:1::2', 48]]) {
      it(`examples/path-mtu.js finds the MTU of the path to ${to}`, async () => {
        await lab.python('b', ECHO, `${PORT}`);
        const example = lab.start('a', process.execPath,
          path.join(packed.directory, 'examples', 'path-mtu.js'), `${PORT}`,
          to);
        await until(() => example.output,
          () => example.output.endsWith('\n'));
        assert.strictEqual(example.output, `path MTU to ${to}: 1300 bytes, ` +
          `payload ${1300 - headers} bytes; the kernel knows 1300\n`);
      });
    }

    it('freebind and transparent bind to any address', async () => {
      for (const type of ['udp4', 'udp6']) {
        const address = type === 'udp4' ? '203.0.113.5' : '2001:db8:9::5';
        await assert.rejects(open({ type }, address),
          { code: 'EADDRNOTAVAIL', syscall: 'bind' });
        await open({ type, freebind: true }, address);
        await open({ type, transparent: true }, address);
      }
    });

    it('device: sends leave there, whatever the routes are', async () => {
      const id = await open({ type: 'udp4', device: 'lo' }, '0.0.0.0');
      const capture = await lab.capture('r', 'v0', `udp port ${PORT}`);
      const to = [PORT, '192.0.2.2'];
      // The loopback interface does not reach other hosts.
      await host.call('send', { id, text: 'lost', to });
      const other = await open({ type: 'udp4', device: 'v0' }, '0.0.0.0');
      await host.call('send', { id: other, text: 'arrives', to });
      await until(() => capture.output,
        () => capture.output.includes('UDP, length'));
      assert.match(capture.output, /UDP, length 7$/m);
      assert.doesNotMatch(capture.output, /UDP, length 4$/m);
      await assert.rejects(open({ type: 'udp4', device: 'v9' }, '0.0.0.0'),
        { code: 'ENODEV', syscall: 'setsockopt' });
    });
  });
}
