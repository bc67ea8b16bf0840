'use strict';

// The option `receiveInfo` between hosts: each has three addresses, and the
// peers are Python programs that set TOS and TTL themselves.

const assert = require('node:assert');

const { until } = require('../e2e/support/limited');
const { Remote, killRemotes } = require('../support/remote');
const { Lab, run } = require('./lab');
const { demandNamespaces } = require('./link');

const PORT = 4321;

const NAMES = [
  'localAddress', 'interface', 'interfaceIndex', 'tos', 'ttl', 'timestamp',
];

/** Reads "address tos ttl text" lines, sends each, and prints what it read. */
const SENDER = `
import socket, sys
def prepare(family, level, tos, ttl):
    s = socket.socket(family, socket.SOCK_DGRAM)
    s.bind(('', 0))
    return s, level, tos, ttl
four = prepare(socket.AF_INET, socket.IPPROTO_IP, socket.IP_TOS, socket.IP_TTL)
six = prepare(socket.AF_INET6, socket.IPPROTO_IPV6, socket.IPV6_TCLASS,
              socket.IPV6_UNICAST_HOPS)
print('ready')
for line in sys.stdin:
    address, tos, ttl, text = line.split()
    s, level, *options = six if ':' in address else four
    for option, value in zip(options, (int(tos), int(ttl))):
        s.setsockopt(level, option, value)
    s.sendto(text.encode(), (address, int(sys.argv[1])))
`;

/** Commands of ethtool(8): <linux/ethtool.h>. */
const ETHTOOL_STSO = 0x1f;
const ETHTOOL_SGRO = 0x2c;

/** Switches a feature of an interface, given a command and 0 or 1. */
const SET_FEATURE = `
import array, fcntl, socket, struct, sys
value = array.array('B', struct.pack('II', *map(int, sys.argv[2:])))
request = struct.pack('16sP16x', sys.argv[1].encode(),
                      value.buffer_info()[0])
fcntl.ioctl(socket.socket(socket.AF_INET, socket.SOCK_DGRAM), 0x8946, request)
print('ready')
sys.stdin.read()
`;

/**
 * Sends datagrams in one burst, of which each `per` have the same TOS and TTL.
 * A network card may merge those, and must not merge others.
 */
const BURST = `
import os, socket, sys
address, port, count, per = sys.argv[1], *map(int, sys.argv[2:])
# The thread of the device gets no time before the burst is over.
os.sched_setaffinity(0, {0})
for pid in filter(str.isdigit, os.listdir('/proc')):
    try:
        if open('/proc/%s/comm' % pid).read().startswith('napi/v1-'):
            os.sched_setaffinity(int(pid), {0})
    except OSError:
        pass
os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(1))
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.connect((address, port))
print('ready')
for line in sys.stdin:
    for i in range(count):
        tos, ttl = i // per % 8 * 4, 10 + i // per % 3
        if i % per == 0:
            s.setsockopt(socket.IPPROTO_IP, socket.IP_TOS, tos)
            s.setsockopt(socket.IPPROTO_IP, socket.IP_TTL, ttl)
        s.send(('%d %d %d' % (i, tos, ttl)).ljust(100).encode())
`;

describe('received information between hosts', function() {
  this.timeout(60000);
  let lab;
  let host;

  before('needs namespaces', demandNamespaces);

  before(async () => {
    lab = new Lab('a', 'r', 'b');
    await lab.cable(
      ['a', 'v0', '192.0.2.1/24', '192.0.2.11/24', '192.0.2.12/24',
       '2001:db8::1/64', '2001:db8::11/64', '2001:db8::12/64'],
      ['r', 'v0', '192.0.2.2/24', '2001:db8::2/64', 'fe80::2/64']);
    await lab.cable(
      ['a', 'v1', '198.51.100.1/24', '2001:db8:1::1/64', 'fe80::1/64'],
      ['b', 'v0', '198.51.100.2/24', '198.51.100.12/24', '198.51.100.13/24',
       '2001:db8:1::2/64', 'fe80::b/64']);
    lab.forward('r');
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

  const open = (type, options = {}) => host.call('open', {
    options: { type, receiveInfo: NAMES, ...options }, port: PORT,
    address: type === 'udp4' ? '0.0.0.0' : '::',
  });

  async function infos(id, count) {
    let list = [];
    await until(() => `${list.length} of ${count} datagrams`, async () => {
      list = await host.call('infos', { id });
      return list.length >= count;
    });
    return list;
  }

  const indexOf = (device) =>
    JSON.parse(lab.ip('a', '-j', 'link', 'show', device))[0].ifindex;

  for (const type of ['udp4', 'udp6']) {
    it(`tells which address was asked, and how: ${type}`, async () => {
      const { id } = await open(type);
      const near = await lab.python('r', SENDER, `${PORT}`);
      const far = await lab.python('b', SENDER, `${PORT}`);
      const four = [
        [near, 'v0', '192.0.2.1', 0xb8, 64], [near, 'v0', '192.0.2.11', 3, 1],
        [near, 'v0', '192.0.2.12', 0, 255],
        [far, 'v1', '198.51.100.1', 0x29, 77],
      ];
      const six = [
        [near, 'v0', '2001:db8::1', 0xb8, 64],
        [near, 'v0', '2001:db8::12', 255, 1],
        [far, 'v1', '2001:db8:1::1', 1, 255],
      ];
      let expected = [];
      for (const [peer, device, to, tos, ttl] of
        type === 'udp4' ? four : [...six, ...four]) {
        peer.stdin.write(`${to} ${tos} ${ttl} x\n`);
        const mapped = type === 'udp6' && !to.includes(':') ? '::ffff:' : '';
        expected = [...expected, {
          localAddress: `${mapped}${to}`, interface: device,
          interfaceIndex: indexOf(device), tos, ttl,
        }];
        await infos(id, expected.length);
      }
      const list = await infos(id, expected.length);
      let last = 0n;
      assert.deepStrictEqual(list.map(({ timestamp, ...info }) => {
        assert.ok(BigInt(timestamp) > last);
        last = BigInt(timestamp);
        return info;
      }), expected);
    });
  }

  it('has the zone of a link-local address', async () => {
    const { id } = await open('udp6');
    const near = await lab.python('b', SENDER, `${PORT}`);
    near.stdin.write('fe80::1%v0 0 64 x\n');
    const [{ localAddress, interface: name }] = await infos(id, 1);
    assert.deepStrictEqual([localAddress, name], ['fe80::1%v1', 'v1']);
  });

  it('has the new name of an interface that was renamed', async () => {
    const { id } = await open('udp4');
    const far = await lab.python('b', SENDER, `${PORT}`);
    far.stdin.write('198.51.100.1 0 64 x\n');
    assert.strictEqual((await infos(id, 1))[0].interface, 'v1');
    lab.ip('a', 'link', 'set', 'v1', 'name', 'new1');
    try {
      await until('the new name', async () => {
        far.stdin.write('198.51.100.1 0 64 x\n');
        return (await host.call('infos', { id })).at(-1).interface === 'new1';
      });
    } finally {
      lab.ip('a', 'link', 'set', 'new1', 'name', 'v1');
    }
  });

  for (const mode of ['message', 'batch']) {
    it(`is never mixed by a device that merges, '${mode}'`, async () => {
      // Such a device: veth merges if its peer does not have TSO.
      await lab.python('b', SET_FEATURE, 'v0', `${ETHTOOL_STSO}`, '0');
      await lab.python('a', SET_FEATURE, 'v1', `${ETHTOOL_SGRO}`, '1');
      // It merges packets that wait for it: here for a thread.
      run(...lab.on('a'), 'sh', '-c', 'echo 1 > /sys/class/net/v1/threaded');
      const { id } = await open('udp4',
        { mode, recvBufferSize: 4 << 20 });
      const burst = await lab.python('b', BURST, '198.51.100.1', `${PORT}`,
        '200', '9');
      for (let round = 1; round <= 5; round++) {
        burst.stdin.write('go\n');
        const list = await infos(id, round * 200);
        list.slice(-200).forEach(({ text, tos, ttl }, i) => {
          assert.strictEqual(text.trim(), `${i} ${tos} ${ttl}`);
        });
      }
      const { mergedRuns } = await host.call('call', { id, method: 'stats' });
      assert.ok(mergedRuns > 0, 'nothing was merged');
    });
  }
});
