'use strict';

const assert = require('node:assert');
const { Resolver } = require('node:dns').promises;
const os = require('node:os');

const { useStage } = require('./support/stage');

const hasIPv6 = Object.values(os.networkInterfaces()).flat()
  .some(({ address }) => address === '::1');

/** Arguments of dig(1), with a long timeout. */
const digAt = (address, port, ...query) => [
  `@${address}`, '-p', String(port), '+tries=4', '+time=5', ...query,
];
const dig = (...query) => digAt('127.0.0.1', ...query);

describe('dns2, unmodified, through register', () => {
  const stage = useStage({ dig: 'bind9-dnsutils' });

  /** A running name server, and its port. */
  async function nameServer(type = 'udp4', address = '127.0.0.1') {
    const server = await stage.program('dns');
    return { server, port: await server.call('listen', type, address) };
  }

  it('answers dig', async () => {
    const { server, port } = await nameServer();
    const answers = async (...query) =>
      (await stage.run('dig', dig(port, '+short', ...query))).stdout;

    assert.strictEqual(await answers('a.example', 'A'), '192.0.2.1\n');
    assert.strictEqual(await answers('aaaa.example', 'AAAA'),
      '2001:db8::1\n');
    assert.strictEqual(await answers('mx.example', 'MX'), '10 a.example.\n');
    const { sent, received } = await server.end();
    assert.ok(sent >= 3 && received >= 3, `${sent} sent, ${received} received`);
  });

  it('answers dig over IPv6', async function() {
    if (!hasIPv6) this.skip();
    const { server, port } = await nameServer('udp6', '::1');
    const { stdout } = await stage.run('dig',
      digAt('::1', port, '+short', 'a.example', 'A'));
    assert.strictEqual(stdout, '192.0.2.1\n');
    await server.end();
  });

  it('answers dig with more than 512 bytes', async () => {
    const { server, port } = await nameServer();
    const { stdout } = await stage.run('dig',
      dig(port, '+short', '+bufsize=4096', '+ignore', 'big.example', 'TXT'));
    assert.deepStrictEqual(stdout.trim().split('\n').sort(),
      [...'abcde'].map((letter) => `"${letter.repeat(200)}"`));
    await server.end();
  });

  it('answers dig with NXDOMAIN for an unknown name', async () => {
    const { server, port } = await nameServer();
    const { stdout } = await stage.run('dig',
      dig(port, 'missing.example'));
    assert.match(stdout, /status: NXDOMAIN/);
    await server.end();
  });

  it('answers the Resolver of node:dns, many questions at once', async () => {
    const { server, port } = await nameServer();
    const resolver = new Resolver({ timeout: 5000, tries: 4 });
    resolver.setServers([`127.0.0.1:${port}`]);
    const numbers = Array.from({ length: 100 }, (_, i) => i + 1);

    const found = await Promise.all(
      numbers.map((n) => resolver.resolve4(`n${n}.example`)));
    assert.deepStrictEqual(found, numbers.map((n) => [`192.0.2.${n}`]));
    await assert.rejects(resolver.resolve4('missing.example'),
      { code: 'ENOTFOUND' });
    const { sent } = await server.end();
    assert.ok(sent >= 101, `${sent} sent`);
  });

  it('sends queries as a client, each from a new socket', async () => {
    const { server, port } = await nameServer();
    const client = await stage.program('dns');
    for (const n of [1, 2, 3]) {
      assert.deepStrictEqual(await client.call('resolve', port, `n${n}.example`),
        [`192.0.2.${n}`]);
    }
    await server.end();
    assert.deepStrictEqual(await client.end().then(({ sockets }) => sockets),
      3);
  });
});
