'use strict';

// createSocket('udp'): one socket for IPv4 and IPv6.

const assert = require('node:assert');
const { BlockList } = require('node:net');
const {
  bound, describeNative, dgram, freePort, hasIPv6, isLinux,
  nextIteration, once, open, packed, receive, receiveText, reportsOf, run, send,
  stateOf, temporary, throwsCode, throwsSystemError,
} = require('../../support/dgram');
const { readOptions } = require('../../support/sockopt');

const LOOPBACK = { 4: '127.0.0.1', 6: '::1' };
const FAMILIES = [4, 6];
const GROUPS = { 4: '239.255.80.3', 6: 'ff12::80:3' };

const hasControl = dgram.transport === 'linux';
const itControl = hasControl ? it : it.skip;
const itLinux = isLinux ? it : it.skip;

const dual = (options = 'udp') => bound(options, 0, '::');

/** The next datagram that `receiver` gets when `act` has been called. */
async function next(receiver, act) {
  const messages = receive(receiver, 1);
  await act();
  return (await messages)[0];
}

describeNative('a socket of type udp', () => {
  before(function() {
    if (!hasIPv6) this.skip();
  });

  it('is bound to :: by default', async () => {
    const socket = open('udp');
    assert.strictEqual(socket.type, 'udp');
    socket.bind();
    await once(socket, 'listening');
    const { address, family } = socket.address();
    assert.deepStrictEqual({ address, family },
      { address: '::', family: 'IPv6' });
    const { address: other } = open({ type: 'udp' }).bindSync();
    assert.strictEqual(other, '::');
  });

  it('reports the peers of both families in their own form, and answers them',
    async () => {
      const socket = await dual();
      socket.on('message', (msg, { port, address }) =>
        socket.send(`re: ${msg}`, port, address));
      const { port } = socket.address();
      for (const n of [...FAMILIES, ...FAMILIES]) {
        const client = await bound(`udp${n}`);
        const answer = receive(client, 1);
        const { rinfo } = await next(socket, () =>
          send(client, 'hello', port, LOOPBACK[n]));
        assert.deepStrictEqual(rinfo, {
          address: LOOPBACK[n], family: `IPv${n}`,
          port: client.address().port, size: 5,
        });
        const [{ msg, rinfo: from }] = await answer;
        assert.strictEqual(String(msg), 're: hello');
        assert.deepStrictEqual(from, { address: LOOPBACK[n],
          family: `IPv${n}`, port, size: 9 });
      }
    });

  it('has batches of one family each, in order', async () => {
    const socket = await dual();
    const { port } = socket.address();
    const clients = { 4: await bound('udp4'), 6: await bound('udp6') };
    const seen = [];
    let left = 60;
    const all = new Promise((resolve) => {
      socket.on('batch', ({ count, data, offsets, sizes, ports, addresses,
                            family }) => {
        for (let i = 0; i < count; i++) {
          seen.push([String(data.subarray(offsets[i], offsets[i] + sizes[i])),
            family, addresses[i], ports[i]]);
        }
        left -= count;
        if (left === 0) resolve();
      });
    });
    const expected = [];
    for (let i = 0; i < 60; i++) {
      const n = i % 7 < 4 ? 4 : 6;
      clients[n].sendMany([`${i}`, port, LOOPBACK[n]]);
      expected.push([`${i}`, `IPv${n}`, LOOPBACK[n],
        clients[n].address().port]);
    }
    await all;
    assert.deepStrictEqual(seen, expected);
  });

  it('answers a batch with sendMany()', async () => {
    const socket = await dual();
    socket.on('batch', (batch) => socket.sendMany(batch));
    for (const n of FAMILIES) {
      const client = await bound(`udp${n}`);
      const texts = receiveText(client, 3);
      client.sendMany(['a', 'b', 'c'].flatMap((text) =>
        [text, socket.address().port, LOOPBACK[n]]));
      assert.deepStrictEqual(await texts, ['a', 'b', 'c']);
    }
  });

  it('sends to addresses of both families, in order', async () => {
    const peers = { 4: await bound('udp4'), 6: await bound('udp6') };
    const socket = open('udp');
    const texts = FAMILIES.map((n) => receiveText(peers[n], 20));
    for (let i = 0; i < 10; i++) {
      for (const n of FAMILIES)
        socket.send(`${i}`, peers[n].address().port, LOOPBACK[n]);
    }
    await once(socket, 'listening');
    await nextIteration();
    socket.sendMany(Array.from({ length: 10 }, (_, i) => FAMILIES.map((n) =>
      [`${10 + i}`, peers[n].address().port, LOOPBACK[n]])).flat(2));
    const expected = Array.from({ length: 20 }, (_, i) => `${i}`);
    for (const received of texts)
      assert.deepStrictEqual(await received, expected);
  });

  it('sends to 127.0.0.1 by default', async () => {
    const peer = await bound('udp4');
    const { port } = peer.address();
    const socket = open('udp');
    const texts = receiveText(peer, 4);
    await send(socket, '1', port);
    await send(socket, '2', port, '');
    socket.sendMany(['3', port, null]);
    socket.connect(port);
    await once(socket, 'connect');
    await send(socket, '4');
    assert.deepStrictEqual(await texts, ['1', '2', '3', '4']);
    assert.deepStrictEqual(socket.remoteAddress(),
      { address: '127.0.0.1', family: 'IPv4', port });
  });

  it('accepts IPv4-mapped addresses', async () => {
    const peer = await bound('udp4');
    const socket = open('udp');
    const texts = receiveText(peer, 1);
    await send(socket, 'x', peer.address().port, '::ffff:127.0.0.1');
    assert.deepStrictEqual(await texts, ['x']);
  });

  it('looks names up for both families', async () => {
    const peers = { four: await bound('udp4'), six: await bound('udp6') };
    const calls = [];
    const socket = open({ type: 'udp', lookup: (name, family, callback) => {
      calls.push([name, family]);
      const address = { four: '127.0.0.1', six: '::1' }[name];
      setImmediate(callback, null, address ?? name, address === '::1' ? 6 : 4);
    } });
    for (const name of ['four', 'six']) {
      const texts = receiveText(peers[name], 1);
      await send(socket, name, peers[name].address().port, name);
      assert.deepStrictEqual(await texts, [name]);
    }
    assert.deepStrictEqual(calls, [['::', 0], ['four', 0], ['six', 0]]);
  });

  it('resolves localhost', async () => {
    const socket = open('udp');
    const { port } = (await dual()).address();
    assert.strictEqual(await send(socket, 'x', port, 'localhost'), 1);
  });

  it('connects to peers of both families, one after the other', async () => {
    const socket = open('udp');
    for (const n of [4, 6, 4]) {
      const peer = await bound(`udp${n}`);
      const { port } = peer.address();
      if (n === 6) socket.connectSync(port, '::1');
      else socket.connect(port, '127.0.0.1');
      await once(socket, 'connect');
      assert.deepStrictEqual(socket.remoteAddress(),
        { address: LOOPBACK[n], family: `IPv${n}`, port });
      const local = socket.address();
      assert.deepStrictEqual([local.address, local.family],
        [LOOPBACK[n], `IPv${n}`]);
      const { rinfo } = await next(peer, () => send(socket, 'x'));
      assert.strictEqual(rinfo.port, local.port);
      const { rinfo: from } = await next(socket, () =>
        send(peer, 'y', local.port, LOOPBACK[n]));
      assert.strictEqual(from.address, LOOPBACK[n]);
      socket.disconnect();
    }
  });

  it('is bound to an address of either family', async () => {
    for (const address of ['127.0.0.1', '::1', '0.0.0.0']) {
      const family = address === '::1' ? 'IPv6' : 'IPv4';
      const n = Number(family.slice(-1));
      const socket = await bound('udp', 0, address);
      const { port, ...name } = socket.address();
      assert.deepStrictEqual(name, { address, family });
      const { rinfo } = await next(socket, async () =>
        send(await bound(`udp${n}`), 'x', port, LOOPBACK[n]));
      assert.strictEqual(rinfo.family, family);
      const other = open('udp').bindSync({ address });
      assert.strictEqual(other.family, family);
    }
  });

  it('names addresses in errors as they were given', async () => {
    const peer = await bound('udp4');
    const { port } = peer.address();
    const [error] = await once(open('udp').bind(port, '127.0.0.1'), 'error');
    assert.strictEqual(error.message, `bind EADDRINUSE 127.0.0.1:${port}`);
    await assert.rejects(
      send(open('udp'), Buffer.alloc(66000), 9, '127.0.0.1'),
      { message: 'send EMSGSIZE 127.0.0.1:9' });
    const address = '127.0.0.1';
    throwsSystemError(() => open('udp').bindSync({ port, address }),
      'EADDRINUSE', 'bind', address, port);
  });

  it('emits recvmsg ECONNREFUSED when connected to a closed port',
    async function() {
      if (!isLinux) this.skip();
      for (const n of FAMILIES) {
        const socket = open('udp');
        socket.connect(await freePort(`udp${n}`), LOOPBACK[n]);
        await once(socket, 'connect');
        const refused = once(socket, 'error');
        socket.send('x');
        assert.strictEqual((await refused)[0].code, 'ECONNREFUSED');
      }
    });

  it('checks block lists with the form of each family', async () => {
    for (const n of FAMILIES) {
      const list = new BlockList();
      list.addAddress(LOOPBACK[n], `ipv${n}`);
      const socket = await dual(
        { type: 'udp', receiveBlockList: list, sendBlockList: list });
      const { port } = socket.address();
      const other = 10 - n;
      const clients = { 4: await bound('udp4'), 6: await bound('udp6') };
      const { msg } = await next(socket, async () => {
        await send(clients[n], 'blocked', port, LOOPBACK[n]);
        await send(clients[other], 'open', port, LOOPBACK[other]);
      });
      assert.strictEqual(String(msg), 'open');
      await assert.rejects(send(socket, 'x', 9, LOOPBACK[n]),
        { code: 'ERR_IP_BLOCKED' });
      await send(socket, 'x', clients[other].address().port, LOOPBACK[other]);
    }
  });

  it('has the TTL of both families', async () => {
    const socket = open('udp');
    throwsSystemError(() => socket.setTTL(5), 'EBADF', 'setTTL');
    throwsSystemError(() => socket.setTTL(0), 'EINVAL', 'setTTL');
    const bound6 = await dual();
    for (const value of [0, 256, -1])
      throwsSystemError(() => bound6.setTTL(value), 'EINVAL', 'setTTL');
    assert.strictEqual(bound6.setTTL(33), 33);
    if (!hasControl) return;
    for (const n of FAMILIES) {
      const peer = await bound({ type: `udp${n}`, receiveInfo: ['ttl'] });
      const { rinfo } = await next(peer, () =>
        send(bound6, 'x', peer.address().port, LOOPBACK[n]));
      assert.strictEqual(rinfo.ttl, 33);
    }
  });

  itLinux('joins groups of both families, also when unbound', async () => {
    const unbound = open('udp');
    unbound.addMembership(GROUPS[4], '127.0.0.1');
    assert.strictEqual(unbound.address().address, '::');
    const socket = await dual();
    socket.addMembership(GROUPS[6], '::%lo');
    socket.dropMembership(GROUPS[6], '::%lo');
    socket.addMembership(GROUPS[4], '127.0.0.1');
    const { port } = socket.address();
    const sender = await bound('udp4');
    sender.setMulticastInterface('127.0.0.1');
    const { rinfo } = await next(socket, () =>
      send(sender, 'x', port, GROUPS[4]));
    assert.deepStrictEqual([rinfo.address, rinfo.family],
      ['127.0.0.1', 'IPv4']);
    socket.dropMembership(GROUPS[4], '127.0.0.1');
    throwsSystemError(() => socket.dropMembership(GROUPS[4], '127.0.0.1'),
      'EADDRNOTAVAIL', 'dropMembership');
  });

  itLinux('joins groups of both families by interface', async () => {
    const unbound = open('udp');
    unbound.addMembership(GROUPS[4], { interface: 'lo' });
    assert.strictEqual(unbound.address().address, '::');
    const socket = await dual();
    for (const n of FAMILIES) {
      socket.addMembership(GROUPS[n], { interface: 'lo' });
      throwsSystemError(() =>
        socket.addMembership(GROUPS[n], { interface: 'lo' }),
      'EADDRINUSE', 'addMembership');
    }
    const sender = await bound('udp4');
    sender.setMulticastInterface('127.0.0.1');
    const { rinfo } = await next(socket, () =>
      send(sender, 'x', socket.address().port, GROUPS[4]));
    assert.strictEqual(rinfo.address, '127.0.0.1');
  });

  itLinux('sends to groups of IPv4', async () => {
    const socket = await dual();
    socket.setMulticastInterface('127.0.0.1');
    const member = await bound('udp4', 0, '0.0.0.0');
    member.addMembership(GROUPS[4], '127.0.0.1');
    const { rinfo } = await next(member, () =>
      send(socket, 'x', member.address().port, GROUPS[4]));
    assert.strictEqual(rinfo.port, socket.address().port);
  });

  itLinux('sets the options of both families', async () => {
    const socket = await dual();
    const { handle } = stateOf(socket);
    const read = (...names) => Object.values(
      readOptions(packed.binding().descriptor(handle), ...names));
    socket.setTTL(44);
    assert.deepStrictEqual(read('IP_TTL', 'IPV6_UNICAST_HOPS'), [44, 44]);
    for (const ttl of [0, 5, 255]) {
      socket.setMulticastTTL(ttl);
      assert.deepStrictEqual(read('IP_MULTICAST_TTL', 'IPV6_MULTICAST_HOPS'),
        [ttl, ttl]);
    }
    for (const on of [false, true]) {
      socket.setMulticastLoopback(on);
      assert.deepStrictEqual(read('IP_MULTICAST_LOOP', 'IPV6_MULTICAST_LOOP'),
        [Number(on), Number(on)]);
    }
    assert.deepStrictEqual(read('IPV6_V6ONLY'), [0]);
    for (const set of ['setTTL', 'setMulticastTTL']) {
      throwsSystemError(() => socket[set](256), 'EINVAL', set);
      throwsSystemError(() => open('udp')[set](5), 'EBADF', set);
    }
    assert.deepStrictEqual(
      read('IP_TTL', 'IPV6_UNICAST_HOPS', 'IP_MULTICAST_TTL'), [44, 44, 255]);
  });

  itControl('reports the local address in the form of its family', async () => {
    const socket = await dual({ type: 'udp', receiveInfo: ['localAddress'] });
    const { port } = socket.address();
    for (const [n, address] of [[4, '127.0.0.1'], [4, '127.0.0.2'],
      [6, '::1'], [4, '127.0.0.1']]) {
      const client = await bound(`udp${n}`);
      const { rinfo } =
        await next(socket, () => send(client, 'x', port, address));
      assert.strictEqual(rinfo.localAddress, address);
      // It is the source of an answer.
      const { rinfo: from } = await next(client, () => new Promise((resolve) =>
        socket.send('y', { ...rinfo }, resolve)));
      assert.strictEqual(from.address, address);
    }
  });

  itControl('has settings of single datagrams for both families', async () => {
    const socket = await dual();
    for (const n of FAMILIES) {
      const peer = await bound({ type: `udp${n}`,
        receiveInfo: ['ttl', 'tos'] });
      const { port } = peer.address();
      const { rinfo } = await next(peer, () => socket.sendMany(['x',
        { port, address: LOOPBACK[n], ttl: 7, tos: 0xb8,
          localAddress: LOOPBACK[n] }]));
      assert.deepStrictEqual([rinfo.ttl, rinfo.tos, rinfo.address],
        [7, 0xb8, LOOPBACK[n]]);
      // The source address of the other family.
      await assert.rejects(new Promise((resolve, reject) => socket.send('x',
        { port, address: LOOPBACK[n], localAddress: LOOPBACK[10 - n] },
        (error) => error ? reject(error) : resolve())), { syscall: 'send' });
    }
  });

  itControl('reports ICMP errors with the addresses of each family',
    async () => {
      const socket = await dual({ type: 'udp', icmpErrors: true });
      for (const n of FAMILIES) {
        const port = await freePort(`udp${n}`);
        const event = once(socket, 'icmp');
        await send(socket, 'x', port, LOOPBACK[n]);
        const [error, info] = await event;
        assert.strictEqual(error.message,
          `icmp ECONNREFUSED ${LOOPBACK[n]}:${port}`);
        assert.deepStrictEqual(
          [info.address, info.family, info.offender],
          [LOOPBACK[n], `IPv${n}`, LOOPBACK[n]]);
      }
    });

  itLinux('has the options of this package for both families', async () => {
    const socket = await dual({ type: 'udp', priority: 3 });
    socket.setTypeOfService(0x10);
    assert.strictEqual(socket.getTypeOfService(), 0x10);
    socket.setDontFragment(true);
    for (const n of FAMILIES) {
      const peer = await bound(`udp${n}`);
      socket.connect(peer.address().port, LOOPBACK[n]);
      await once(socket, 'connect');
      assert.strictEqual(socket.getPathMTU(), n === 4 ? 65535 : 65536);
      socket.disconnect();
    }
  });

  itLinux('takes over descriptors of both families', async () => {
    for (const type of ['udp4', 'udp6', 'udp']) {
      const owner = await bound(type, 0, type === 'udp4' ? '0.0.0.0' : '::');
      const { port } = owner.address();
      const copy = open('udp');
      copy.bind({ fd: stateOf(owner).handle.share() });
      const client = await bound('udp4');
      const texts = receiveText(client, 1);
      await send(copy, 'x', client.address().port, '127.0.0.1');
      assert.deepStrictEqual(await texts, ['x']);
      assert.strictEqual(copy.address().port, port);
    }
  });

  it('rejects ipv6Only and names in sendMany()', async () => {
    throwsCode(() => dgram.createSocket({ type: 'udp', ipv6Only: true }),
      TypeError, 'ERR_INVALID_ARG_VALUE',
      "The property 'options.ipv6Only' must not be set for the type 'udp'. " +
      'Received true');
    open({ type: 'udp', ipv6Only: false });
    const socket = await dual();
    throwsCode(() => socket.sendMany(['x', 9, 'name']), TypeError,
      'ERR_INVALID_ARG_VALUE', "The argument 'packets[2]' must be a numeric " +
      'IP address, as in [message, port, address, ...]; sendMany does not ' +
      "perform DNS resolution. Received 'name'");
  });

  it('works with lookupCache', async () => {
    let calls = 0;
    const socket = await dual({ type: 'udp', lookupCache: {},
      lookup: (name, family, callback) => {
        if (name === 'six') calls++;
        setImmediate(callback, null, name === 'six' ? '::1' : name, 6);
      } });
    const peer = await bound('udp6');
    const texts = receiveText(peer, 2);
    await send(socket, '1', peer.address().port, 'six');
    await send(socket, '2', peer.address().port, 'six');
    assert.deepStrictEqual(await texts, ['1', '2']);
    assert.strictEqual(calls, 1);
  });

  it('is a socket of IPv4 on a system without IPv6', async () => {
    const preload = temporary('no-ipv6.js', `
      const { dlopen } = process;
      process.dlopen = function(module, ...rest) {
        const result = Reflect.apply(dlopen, this, [module, ...rest]);
        if (module.exports.hasIPv6?.() === true) {
          module.exports = Object.create(module.exports,
            { hasIPv6: { value: () => false } });
        }
        return result;
      };`);
    const reports = await reportsOf((dgram, report) => {
      const socket = dgram.createSocket('udp');
      socket.on('message', (msg, { address, family }) => {
        report([String(msg), address, family]);
        socket.close();
      });
      socket.bind(() => {
        const { address, family, port } = socket.address();
        report([socket.type, address, family]);
        socket.send('x', port, '::1', (error) => {
          report(error !== null);
          socket.send('y', port, 'localhost');
        });
      });
    }, { execArgv: ['--require', preload] });
    assert.deepStrictEqual(reports, [
      ['udp', '0.0.0.0', 'IPv4'], true, ['y', '127.0.0.1', 'IPv4'],
    ]);
  });

  it('is shared by the workers of a cluster', async function() {
    if (process.platform === 'win32') this.skip();
    const reports = await reportsOf((dgram, report) => {
      const cluster = require('node:cluster');
      if (cluster.isPrimary) {
        const worker = cluster.fork();
        worker.on('message', async ({ port }) => {
          for (const [type, address] of [['udp4', '127.0.0.1'],
            ['udp6', '::1']]) {
            const client = dgram.createSocket(type);
            client.send('hello', port, address);
            const [msg] = await require('node:events').once(client, 'message');
            report(JSON.parse(msg));
            client.close();
          }
          worker.disconnect();
        });
      } else {
        const socket = dgram.createSocket('udp');
        socket.on('message', (msg, { address, family, port }) => {
          socket.send(JSON.stringify([address, family]), port, address);
        });
        socket.bind(0, () => process.send(socket.address()));
      }
    });
    assert.deepStrictEqual(reports,
      [['127.0.0.1', 'IPv4'], ['::1', 'IPv6']]);
  });

  it('is sent to a child process as udp6', async function() {
    if (process.platform === 'win32') this.skip();
    const reports = await reportsOf((dgram, report) => {
      if (process.send !== undefined) {
        process.on('message', (message, socket) => {
          process.send(socket.type);
          socket.close();
          process.disconnect();
        });
        return;
      }
      const socket = dgram.createSocket('udp');
      socket.bind(() => {
        const child = require('node:child_process')
          .fork(process.argv[1], process.argv.slice(2));
        child.send('take', socket);
        child.on('message', report);
        child.on('exit', () => socket.close());
      });
    });
    assert.deepStrictEqual(reports, ['udp6']);
  });
});

describeNative('the type udp on the fallback', () => {
  it('requires the addon', async () => {
    const { code, reports } = await run(['-e', `
      const dgram = require(${JSON.stringify(packed.main)});
      console.log(JSON.stringify(dgram.features.dualStack));
      for (const argument of ['udp', { type: 'udp' }]) {
        try {
          dgram.createSocket(argument);
        } catch ({ code, message }) {
          console.log(JSON.stringify([code, message.slice(0, 43)]));
        }
      }`], { env: { DGRAM_NATIVE_TRANSPORT: 'node' } });
    const error = ['ERR_FEATURE_UNAVAILABLE_ON_PLATFORM',
      "The type 'udp' requires the compiled addon,"];
    assert.deepStrictEqual({ code, reports },
      { code: 0, reports: [false, error, error] });
  });
});
