'use strict';

// IPv6: loopback, dual-stack sockets, ipv6Only, v4-mapped and link-local
// addresses with their zones.

const assert = require('node:assert');
const os = require('node:os');
const {
  bound, connectedTo, isLinux, isSystemError, once, open, receive,
  receiveText, send,
} = require('../../support/dgram');

// A link-local address of this machine: { name, address, scopeid }.
const linkLocal = Object.entries(os.networkInterfaces())
  .flatMap(([name, addresses]) =>
    addresses.map((address) => ({ name, ...address })))
  .find(({ address, family }) =>
    (family === 'IPv6' || family === 6) && address.startsWith('fe80:'));

describe('udp6 sockets', () => {
  it('exchange messages over ::1', async () => {
    const receiver = await bound('udp6');
    const sender = await connectedTo(receiver);
    const messages = receive(receiver, 2);
    sender.send('1');
    sender.send('2');
    const [first, second] = await messages;
    assert.deepStrictEqual([String(first.msg), String(second.msg)],
      ['1', '2']);
    assert.deepStrictEqual(sender.remoteAddress(), receiver.address());
    assert.strictEqual(first.rinfo.address, '::1');
  });

  it('send to ::1 by default', async () => {
    const receiver = await bound('udp6');
    const texts = receiveText(receiver, 1);
    open('udp6').send('x', receiver.address().port);
    assert.deepStrictEqual(await texts, ['x']);
  });

  it('accept every notation of an address', async () => {
    const receiver = await bound('udp6');
    const { port } = receiver.address();
    const sender = open('udp6');
    const spellings = ['::1', '0:0:0:0:0:0:0:1', '0000::0001', '::0.0.0.1'];
    const texts = receiveText(receiver, spellings.length);
    for (const spelling of spellings)
      await send(sender, spelling, port, spelling);
    assert.deepStrictEqual(await texts, spellings);
  });

  it('are dual-stack when bound to ::', async () => {
    const receiver = open('udp6');
    receiver.bind();
    await once(receiver, 'listening');
    const { port } = receiver.address();
    const four = await bound();
    const messages = receive(receiver, 1);
    await send(four, 'by IPv4', port, '127.0.0.1');
    const [{ msg, rinfo }] = await messages;
    assert.strictEqual(String(msg), 'by IPv4');
    assert.deepStrictEqual(rinfo, {
      address: '::ffff:127.0.0.1',
      family: 'IPv6',
      port: four.address().port,
      size: 7,
    });
    const texts = receiveText(four, 2);
    await send(receiver, 'back', rinfo.port, rinfo.address);
    await send(receiver, 'again', rinfo.port, '::ffff:7f00:1');
    assert.deepStrictEqual(await texts, ['back', 'again']);
  });

  it('report IPv4 and IPv6 senders of a dual-stack socket', async () => {
    const receiver = open('udp6');
    receiver.bind();
    await once(receiver, 'listening');
    const { port } = receiver.address();
    const [four, six] = [await bound(), await bound('udp6')];
    const messages = receive(receiver, 20);
    for (let i = 0; i < 10; i++) {
      await send(four, 'four', port, '127.0.0.1');
      await send(six, 'six', port, '::1');
    }
    for (const { msg, rinfo } of await messages) {
      assert.strictEqual(rinfo.address,
        String(msg) === 'four' ? '::ffff:127.0.0.1' : '::1');
    }
  });

  it('receive no IPv4 with ipv6Only', async () => {
    const receiver = open({ type: 'udp6', ipv6Only: true });
    receiver.bind();
    await once(receiver, 'listening');
    const { port } = receiver.address();
    // The same port is free for IPv4.
    const four = open('udp4');
    four.bind(port);
    await once(four, 'listening');
    const texts = [receiveText(receiver, 1), receiveText(four, 1)];
    await send(four, 'by IPv4', port, '127.0.0.1');
    await send(receiver, 'by IPv6', port, '::1');
    assert.deepStrictEqual(await Promise.all(texts), [['by IPv6'],
      ['by IPv4']]);
  });

  it('occupy the IPv4 port as well without ipv6Only', async () => {
    const receiver = open({ type: 'udp6', ipv6Only: false });
    receiver.bind();
    await once(receiver, 'listening');
    const four = open('udp4');
    four.bind(receiver.address().port);
    const [{ code }] = await once(four, 'error');
    assert.strictEqual(code, 'EADDRINUSE');
  });

  it('are required by ipv6Only: udp4 fails with EINVAL', async () => {
    const socket = open({ type: 'udp4', ipv6Only: true });
    socket.bind(0, '127.0.0.1');
    isSystemError((await once(socket, 'error'))[0],
      'EINVAL', 'bind', '127.0.0.1');
  });

  it('connect to a v4-mapped address', async () => {
    const receiver = await bound();
    const socket = open('udp6');
    socket.connect(receiver.address().port, '::ffff:127.0.0.1');
    await once(socket, 'connect');
    assert.strictEqual(socket.remoteAddress().address, '::ffff:127.0.0.1');
    const texts = receiveText(receiver, 1);
    socket.send('mapped');
    assert.deepStrictEqual(await texts, ['mapped']);
  });
});

(linkLocal === undefined ? describe.skip : describe)(
  'link-local addresses (skipped if no interface has one)', () => {
    const zone = () => process.platform === 'win32' ?
      linkLocal.scopeid : linkLocal.name;
    const scoped = () => `${linkLocal.address}%${zone()}`;

    it('are reported with their zone', async () => {
      const receiver = open('udp6');
      receiver.bind(0, scoped());
      await once(receiver, 'listening');
      assert.strictEqual(receiver.address().address, scoped());
      const messages = receive(receiver, 2);
      const { port } = receiver.address();
      const sender = open('udp6');
      await send(sender, '1', port, scoped());
      await send(sender, '2', port, scoped());
      for (const { rinfo } of await messages) {
        assert.deepStrictEqual(rinfo, {
          address: scoped(),
          family: 'IPv6',
          port: sender.address().port,
          size: 1,
        });
      }
    });

    it('can be connected to', async () => {
      const receiver = open('udp6');
      receiver.bind(0, scoped());
      await once(receiver, 'listening');
      const socket = open('udp6');
      socket.connect(receiver.address().port, scoped());
      await once(socket, 'connect');
      assert.deepStrictEqual(socket.remoteAddress(), receiver.address());
      assert.strictEqual(socket.address().address, scoped());
      const texts = receiveText(receiver, 1);
      socket.send('x');
      assert.deepStrictEqual(await texts, ['x']);
    });

    it('cannot be bound without a zone', async () => {
      const socket = open('udp6');
      socket.bind(0, linkLocal.address);
      assert.strictEqual((await once(socket, 'error'))[0].code, 'EINVAL');
    });

    (isLinux ? it : it.skip)('cannot be bound with an unknown zone',
      async () => {
        const socket = open('udp6');
        socket.bind(0, `${linkLocal.address}%nonesuch`);
        assert.strictEqual((await once(socket, 'error'))[0].code, 'EINVAL');
      });

    it('are not confused with zoneless addresses', async () => {
      const receiver = open('udp6');
      receiver.bind();
      await once(receiver, 'listening');
      const { port } = receiver.address();
      const sender = open('udp6');
      const messages = receive(receiver, 3);
      await send(sender, 'zone', port, scoped());
      await send(sender, 'loopback', port, '::1');
      await send(sender, 'zone', port, scoped());
      assert.deepStrictEqual(
        (await messages).map(({ rinfo }) => rinfo.address),
        [scoped(), '::1', scoped()]);
    });
  });
