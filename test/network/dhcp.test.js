'use strict';

// A DHCP server on one socket, bound to all addresses of a host with two
// interfaces of two addresses each. Its peers are udhcpc(8) of busybox, which
// has no address at first, and dhcping(8), which refuses an answer that comes
// from another address than the one that it asked.

const assert = require('node:assert');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');

const { until } = require('../e2e/support/limited');
const { Remote, killRemotes } = require('../support/remote');
const { Lab, has, run } = require('./lab');
const { demandNamespaces } = require('./link');

/** By interface. The server's address is not its first one there. */
const LEASES = {
  v0: { server: '192.0.2.10', client: '192.0.2.100' },
  v1: { server: '198.51.100.10', client: '198.51.100.200' },
};
const CLIENTS = [['b', 'v0'], ['c', 'v1']];

const [DISCOVER, REQUEST, RELEASE, INFORM] = [1, 3, 7, 8];
const EVERYBODY = '255.255.255.255';
const NOBODY = '0.0.0.0';

/** udhcpc(8) runs it at each event, with the lease in the environment. */
const SCRIPT = `#!/bin/sh
case $1 in bound|renew)
  [ "$1" = bound ] && ip address add $ip/$mask dev $interface
  echo "$1: $ip/$mask from $serverid for $lease s";;
esac
`;

function demandProgram(name) {
  return function() {
    if (has(name)) return;
    console.log(`    no ${name}(8)`);
    this.skip();
  };
}

describe('a DHCP server on all interfaces', function() {
  this.timeout(60000);
  let lab;
  let server;

  before('needs namespaces', demandNamespaces);

  beforeEach(async () => {
    lab = new Lab('a', 'b', 'c');
    await lab.cable(['a', 'v0', '192.0.2.1/24', '192.0.2.10/24'], ['b', 'v0']);
    await lab.cable(['a', 'v1', '198.51.100.1/24', '198.51.100.10/24'],
      ['c', 'v0']);
    server = new Remote(require.resolve('./dhcp-server'), {
      through: lab.on('a'), patience: 20000,
      env: { DGRAM_NATIVE_TRANSPORT: 'linux' },
    });
  });

  afterEach(async () => {
    await lab?.stopAll();
    await killRemotes();
    lab?.end();
  });

  const requestsOf = async (device) =>
    (await server.call('requests')).filter((request) =>
      request.device === device);

  describe('with udhcpc', () => {
    let directory;
    let script;

    before('needs udhcpc', demandProgram('udhcpc'));

    before(() => {
      directory = fs.mkdtempSync(path.join(os.tmpdir(), 'dgram-dhcp-'));
      script = path.join(directory, 'script');
      fs.writeFileSync(script, SCRIPT, { mode: 0o755 });
    });

    after(() => {
      if (directory) fs.rmSync(directory, { recursive: true, force: true });
    });

    it('leases an address on each interface, and renews it', async () => {
      await server.call('open', { leases: LEASES });
      for (const [host, device] of CLIENTS) {
        const lease = LEASES[device];
        const facts = `${lease.client}/24 from ${lease.server} for 600 s`;
        const client = lab.start(host, 'udhcpc', '-f', '-R', '-i', 'v0',
          '-s', script, '-t', '5', '-T', '1', '-n');
        await until(() => client.output,
          () => client.output.includes(`bound: ${facts}`));
        client.kill('SIGUSR1');
        await until(() => client.output,
          () => client.output.includes(`renew: ${facts}`));
        client.kill('SIGTERM');
        await until('a release', async () =>
          (await requestsOf(device)).at(-1).type === RELEASE);
        const requests = await requestsOf(device);
        const asked = (type, localAddress, address) =>
          requests.some((request) => request.type === type &&
            request.localAddress === localAddress &&
            request.client === address);
        assert.ok(asked(DISCOVER, EVERYBODY, NOBODY));
        assert.ok(asked(REQUEST, EVERYBODY, NOBODY));
        assert.ok(asked(REQUEST, lease.server, lease.client));
        assert.ok(asked(RELEASE, lease.server, lease.client));
      }
    });
  });

  describe('with dhcping', () => {
    before('needs dhcping', demandProgram('dhcping'));

    function ping([host, device], ...args) {
      const { client, server: address } = LEASES[device];
      const [{ address: hardware }] =
        JSON.parse(lab.ip(host, '-j', 'link', 'show', 'v0'));
      return run(...lab.on(host), 'dhcping', '-v', '-t', '1', '-c', client,
        '-s', address, '-h', hardware, ...args);
    }

    function assignAddresses() {
      for (const [host, device] of CLIENTS) {
        lab.ip(host, 'address', 'add', `${LEASES[device].client}/24`,
          'dev', 'v0');
      }
    }

    it('answers from the address that was asked', async () => {
      await server.call('open', { leases: LEASES });
      assignAddresses();
      for (const [client, args, type] of [
        [CLIENTS[0], ['-r'], REQUEST], [CLIENTS[1], ['-r'], REQUEST],
        [CLIENTS[0], ['-i'], INFORM], [CLIENTS[1], ['-i'], INFORM],
      ]) {
        const lease = LEASES[client[1]];
        const output = ping(client, ...args);
        assert.ok(output.includes(`Got answer from: ${lease.server}`), output);
        const asked = (await requestsOf(client[1]))
          .filter((request) => request.type === type);
        assert.deepStrictEqual(asked.map(({ localAddress }) => localAddress),
          [lease.server]);
      }
    });

    it('is refused from the address that the kernel selects', async () => {
      await server.call('open', { leases: LEASES, plain: true });
      assignAddresses();
      for (const client of CLIENTS)
        assert.throws(() => ping(client, '-r'), /expected from/);
    });
  });
});
