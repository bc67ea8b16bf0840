'use strict';

// Settings of single datagrams, as tcpdump(8) reads them on other hosts. The
// sender has three addresses on one interface, and a second interface.

const assert = require('node:assert');

const { until } = require('../e2e/support/limited');
const { Remote, killRemotes } = require('../support/remote');
const { Lab, has } = require('./lab');
const { demandNamespaces } = require('./link');

const PORT = 4321;

function demandTcpdump() {
  if (has('tcpdump')) return;
  if (process.env.CI === 'true') throw new Error('no tcpdump');
  console.log('    no tcpdump(8)');
  this.skip();
}

/** TOS, TTL, source address and length of the captured datagrams. */
function packets(output) {
  return [...output.matchAll(
    /IP6? \((.*?)\)\s+(\S+)\.\d+ > \S+: .*?UDP, length (\d+)/g)]
    .map(([, header, from, length]) => ({
      tos: Number(/(?:tos|class) (0x[0-9a-f]+)/.exec(header)?.[1] ?? 0),
      ttl: Number(/(?:ttl|hlim) (\d+)/.exec(header)[1]),
      from,
      length: Number(length),
    }));
}

describe('settings of sends on the wire', function() {
  this.timeout(60000);
  let lab;
  let host;

  before('needs namespaces', demandNamespaces);

  before('needs tcpdump', demandTcpdump);

  before(async () => {
    lab = new Lab('a', 'b', 'c');
    await lab.cable(
      ['a', 'v0', '192.0.2.1/24', '192.0.2.10/24', '192.0.2.11/24',
       '2001:db8::1/64', '2001:db8::10/64', '2001:db8::11/64'],
      ['b', 'v0', '192.0.2.2/24', '2001:db8::2/64']);
    await lab.cable(['a', 'v1', '198.51.100.1/24', '2001:db8:1::1/64'],
      ['c', 'v0', '198.51.100.2/24', '2001:db8:1::2/64']);
    lab.ip('a', 'route', 'add', 'default', 'via', '192.0.2.2');
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

  async function open(type, address = type === 'udp4' ? '0.0.0.0' : '::') {
    return (await host.call('open', { options: { type }, address })).id;
  }

  const send = (id, size, address, settings) => host.call('send',
    { id, size, to: [{ port: PORT, address, ...settings }] });

  async function captured(capture, count) {
    await until(() => capture.output,
      () => packets(capture.output).length >= count);
    return packets(capture.output);
  }

  for (const [name, type, to, addresses] of [
    ['udp4', 'udp4', '192.0.2.2', ['192.0.2.1', '192.0.2.10', '192.0.2.11']],
    ['udp6', 'udp6', '2001:db8::2',
     ['2001:db8::1', '2001:db8::10', '2001:db8::11']],
    ['udp6 to an IPv4-mapped address', 'udp6', '::ffff:192.0.2.2',
     ['::ffff:192.0.2.1', '::ffff:192.0.2.10', '::ffff:192.0.2.11']],
  ]) {
    it(`localAddress, tos and ttl: ${name}`, async () => {
      const id = await open(type);
      const capture = await lab.capture('b', 'v0', `udp port ${PORT}`);
      const expected = [];
      for (const [i, localAddress] of addresses.entries()) {
        for (const [tos, ttl] of [[0xb8, 3], [2, 255], [0, 1]]) {
          const size = 10 + expected.length;
          assert.deepStrictEqual(
            await send(id, size, to, { localAddress, tos, ttl }),
            { bytes: size });
          expected.push({
            tos, ttl, from: addresses[i].replace('::ffff:', ''), length: size,
          });
        }
      }
      // Without settings the kernel selects all of them.
      await send(id, 50, to);
      const reports = await captured(capture, expected.length + 1);
      assert.deepStrictEqual(reports.slice(0, -1), expected);
      const [{ tos, ttl, length }] = reports.slice(-1);
      assert.deepStrictEqual({ tos, ttl, length },
        { tos: 0, ttl: 64, length: 50 });
    });
  }

  for (const [type, group, sources] of [
    ['udp4', '239.1.2.3', ['192.0.2.1', '198.51.100.1']],
    ['udp6', 'ff15::1234', ['2001:db8::1', '2001:db8:1::1']],
    ['udp6', '::ffff:239.1.2.3', ['192.0.2.1', '198.51.100.1']],
  ]) {
    it(`multicast leaves through the interface: ${type}, ${group}`,
       async () => {
         const id = await open(type);
         const captures = [await lab.capture('b', 'v0', `udp port ${PORT}`),
                           await lab.capture('c', 'v0', `udp port ${PORT}`)];
         const index = JSON.parse(
           lab.ip('a', '-j', 'link', 'show', 'v1'))[0].ifindex;
         for (let i = 0; i < 3; i++) {
           await send(id, 10 + i, group, { interface: 'v0', ttl: 2 + i });
           await send(id, 20 + i, group, { interface: 'v1', ttl: 5 + i });
           await send(id, 30 + i, group, { interface: index });
         }
         const [b, c] = [await captured(captures[0], 3),
                         await captured(captures[1], 6)];
         assert.deepStrictEqual(
           b.map(({ length, ttl }) => [length, ttl]),
           [[10, 2], [11, 3], [12, 4]]);
         assert.deepStrictEqual(
           c.map(({ length, ttl }) => [length, ttl]),
           [[20, 5], [30, 1], [21, 6], [31, 1], [22, 7], [32, 1]]);
         if (type === 'udp4' || group.startsWith('::ffff:')) {
           assert.deepStrictEqual([b[0].from, c[0].from], sources);
         }
       });
  }

  it('the source of a link-local address, with its zone', async () => {
    const id = await open('udp6');
    const linkLocal = () => {
      const [{ addr_info: addresses }] =
        JSON.parse(lab.ip('a', '-j', '-6', 'address', 'show', 'dev', 'v1'));
      return addresses.find(({ scope }) => scope === 'link');
    };
    // Duplicate address detection takes a second.
    await until('the link-local address',
      () => linkLocal() && !linkLocal().tentative);
    const { local } = linkLocal();
    const capture = await lab.capture('c', 'v0', `udp port ${PORT}`);
    assert.deepStrictEqual(
      await send(id, 12, 'ff02::1', { localAddress: `${local}%v1` }),
      { bytes: 12 });
    const [{ from }] = await captured(capture, 1);
    assert.strictEqual(from, local);
    assert.deepStrictEqual(
      await send(id, 12, 'ff02::1', { localAddress: local }),
      { code: 'EINVAL' });
  });

  it('an interface is found by its present name', async () => {
    const id = await open('udp4');
    const capture = await lab.capture('c', 'v0', `udp port ${PORT}`);
    const group = '239.1.2.3';
    await send(id, 10, group, { interface: 'v1' });
    lab.ip('a', 'link', 'set', 'v1', 'down');
    lab.ip('a', 'link', 'set', 'v1', 'name', 'w1');
    lab.ip('a', 'link', 'set', 'w1', 'up');
    try {
      assert.deepStrictEqual(await send(id, 11, group, { interface: 'v1' }),
        { code: 'ENODEV' });
      await until('w1 up', () =>
        JSON.parse(lab.ip('a', '-j', 'link', 'show', 'w1'))[0].operstate ===
          'UP');
      await send(id, 12, group, { interface: 'w1' });
      assert.deepStrictEqual(
        (await captured(capture, 2)).map(({ length }) => length), [10, 12]);
    } finally {
      lab.ip('a', 'link', 'set', 'w1', 'down');
      lab.ip('a', 'link', 'set', 'w1', 'name', 'v1');
      lab.ip('a', 'link', 'set', 'v1', 'up');
    }
  });

  it('an address that the host does not have is an error', async () => {
    for (const [type, to, localAddress, ...codes] of [
      // Of IPv4: the latter since Linux 6.14.
      ['udp4', '192.0.2.2', '203.0.113.9', 'EINVAL', 'ENETUNREACH'],
      ['udp6', '2001:db8::2', '2001:db8:9::9', 'EINVAL'],
      ['udp6', '::ffff:192.0.2.2', '::ffff:203.0.113.9', 'EINVAL',
       'ENETUNREACH'],
    ]) {
      const id = await open(type);
      const { code } = await send(id, 5, to, { localAddress });
      assert.ok(codes.includes(code), code);
      assert.deepStrictEqual(await send(id, 5, to), { bytes: 5 });
    }
  });

  it('of a transparent socket, any address may be the source',
     async () => {
       for (const [type, to, localAddress] of [
         ['udp4', '192.0.2.2', '203.0.113.9'],
         ['udp6', '2001:db8::2', '2001:db8:9::9'],
       ]) {
         const { id } = await host.call('open',
           { options: { type, transparent: true },
             address: type === 'udp4' ? '0.0.0.0' : '::' });
         const capture = await lab.capture('b', 'v0', `udp port ${PORT}`);
         assert.deepStrictEqual(await send(id, 33, to, { localAddress }),
           { bytes: 33 });
         const [{ from }] = await captured(capture, 1);
         assert.strictEqual(from, localAddress);
         await lab.stop(capture);
       }
     });
});
