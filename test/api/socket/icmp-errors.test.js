'use strict';

// createSocket({ icmpErrors: true }) and the event 'icmp', on loopback. ICMP
// errors of routers: test/network/icmp-errors.test.js.

const assert = require('node:assert');
const { setTimeout: sleep } = require('node:timers/promises');
const {
  bound, close, connectedTo, describeNative, dgram, isSystemError,
  nextIteration, open, packed, receiveText, reportsOf, send, stateOf, thrownBy,
} = require('../../support/dgram');
const { until } = require('../../e2e/support/limited');
const { readOptions } = require('../../support/sockopt');

const fdOf = (socket) => packed.binding().descriptor(stateOf(socket).handle);

/** Type, address of a host, and ICMP's or ICMPv6's port unreachable. */
const WAYS = [
  ['udp4', '127.0.0.1', 3, 3],
  ['udp6', '::1', 1, 4],
  ['udp6', '::ffff:127.0.0.1', 3, 3],
];

/** A port without a socket, on the family that reaches the address. */
async function closedPort(address) {
  const socket = address === '::1' ? await bound('udp6') : await bound();
  const { port } = socket.address();
  await close(socket);
  return port;
}

const peerOf = (address) => (address === '::1' ? bound('udp6') : bound());

/** A socket with the option, and the events that it emits. */
function reporting(type, options = {}) {
  const socket = open({ type, icmpErrors: true, ...options });
  const events = [];
  socket.on('icmp', (error, info) => events.push({ error, info }));
  return { socket, events };
}

/** Waits until `count` events have come, and for one more that must not. */
async function emitted(events, count) {
  await until(() => `${events.length} of ${count} ICMP errors`,
    () => events.length >= count);
  await sleep(20);
  assert.strictEqual(events.length, count);
}

describeNative('the option icmpErrors', () => {
  it('may be false everywhere', () => {
    for (const icmpErrors of [false, undefined])
      assert.ok(open({ type: 'udp4', icmpErrors }));
  });

  it('throws if this process does not have it', function() {
    if (dgram.features.icmpErrors) this.skip();
    const error = thrownBy(() => open({ type: 'udp4', icmpErrors: true }));
    assert.strictEqual(error.code, 'ERR_FEATURE_UNAVAILABLE_ON_PLATFORM');
    assert.strictEqual(error.message, 'dgram-native does not support the ' +
      `option icmpErrors on ${process.platform} with the transport 'uv'. ` +
      'Check dgram.features.icmpErrors before you use it.');
  });
});

(dgram.features?.icmpErrors ? describeNative : describe.skip)("'icmp'", () => {
  it('needs IP_RECVERR, and IPV6_RECVERR', async () => {
    const names = ['IP_RECVERR', 'IPV6_RECVERR'];
    const [four, six] =
      [reporting('udp4').socket, reporting('udp6').socket];
    four.bindSync();
    six.bindSync();
    assert.deepStrictEqual(readOptions(fdOf(four), 'IP_RECVERR'),
      { IP_RECVERR: 1 });
    assert.deepStrictEqual(readOptions(fdOf(six), ...names),
      { IP_RECVERR: 1, IPV6_RECVERR: 1 });
    const off = open({ type: 'udp6', icmpErrors: false });
    off.bindSync();
    assert.deepStrictEqual(readOptions(fdOf(off), ...names),
      { IP_RECVERR: 0, IPV6_RECVERR: 0 });
  });

  for (const [type, address, icmpType, code] of WAYS) {
    describe(`${type} to ${address}`, () => {
      it('tells which destination refuses', async () => {
        const { socket, events } = reporting(type);
        const port = await closedPort(address);
        await send(socket, 'x', port, address);
        await emitted(events, 1);
        const [{ error, info }] = events;
        isSystemError(error, 'ECONNREFUSED', 'icmp', address, port);
        assert.deepStrictEqual(info, {
          address, port, family: type === 'udp4' ? 'IPv4' : 'IPv6',
          offender: address, type: icmpType, code, mtu: undefined,
        });
      });

      it('fails no send: good and bad destinations of one batch', async () => {
        const { socket, events } = reporting(type);
        const peer = await peerOf(address);
        const { port } = peer.address();
        const bad = await closedPort(address);
        const texts = receiveText(peer, 60);
        const sends = [];
        for (let i = 0; i < 120; i++) {
          sends.push(send(socket, `${i}`, i % 2 === 0 ? port : bad, address));
        }
        await Promise.all(sends);
        assert.deepStrictEqual(await texts,
          Array.from({ length: 60 }, (_, i) => `${2 * i}`));
        await emitted(events, 60);
        assert.ok(events.every(({ info }) => info.port === bad));
      });

      it('fails no sendMany()', async () => {
        const { socket, events } = reporting(type);
        const peer = await peerOf(address);
        const { port } = peer.address();
        const bad = await closedPort(address);
        const texts = receiveText(peer, 50);
        const packets = Array.from({ length: 100 }, (_, i) =>
          [`${i}`, i % 2 === 0 ? bad : port, address]).flat();
        const outcome = await new Promise((resolve) => {
          socket.sendMany(packets, (...args) => resolve(args));
        });
        assert.deepStrictEqual(outcome, [null, 100]);
        assert.deepStrictEqual(await texts,
          Array.from({ length: 50 }, (_, i) => `${2 * i + 1}`));
        await emitted(events, 50);
      });

      it('replaces the errors of a connected socket', async () => {
        const peer = await peerOf(address);
        const { port } = peer.address();
        const { socket, events } = reporting(type);
        socket.on('error', assert.ifError);
        socket.connect(port, address);
        await new Promise((resolve) => { socket.once('connect', resolve); });
        await close(peer);
        for (let i = 0; i < 5; i++) {
          await Promise.all([1, 2, 3].map(() => send(socket, 'x')));
          await emitted(events, 3 * (i + 1));
        }
        for (const { error, info } of events) {
          isSystemError(error, 'ECONNREFUSED', 'icmp', address, port);
          assert.strictEqual(info.address, address);
        }
      });
    });
  }

  it('leaves GSO on for the other destinations', async () => {
    const { socket, events } = reporting('udp4');
    const peer = await bound();
    const { port } = peer.address();
    const bad = await closedPort('127.0.0.1');
    let received = 0;
    peer.on('message', () => received++);
    for (let round = 0; round < 5; round++) {
      const before = socket.stats().segmentedRuns;
      const group = (to) =>
        Array.from({ length: 20 }, () => ['x'.repeat(100), to, '127.0.0.1']);
      const error = await new Promise((resolve) => {
        socket.sendMany([...group(bad), ...group(port)].flat(), resolve);
      });
      assert.ifError(error);
      await until(() => `${received} received`,
        () => received === 20 * (round + 1));
      if (before > 0 || round > 0)
        assert.ok(socket.stats().segmentedRuns >= before + 2);
    }
    await until(() => `${events.length} ICMP errors`,
      () => events.length >= 5);
  });

  it('leaves the errors of a datagram itself to its callback', async () => {
    const { socket, events } = reporting('udp4');
    socket.bindSync();
    socket.on('error', assert.ifError);
    const peer = await bound();
    const { port } = peer.address();
    const bad = await closedPort('127.0.0.1');
    const texts = receiveText(peer, 3);
    const outcomes = await Promise.allSettled([
      send(socket, 'a', bad, '127.0.0.1'),
      send(socket, 'b', port, '127.0.0.1'),
      send(socket, Buffer.alloc(65508), port, '127.0.0.1'),
      send(socket, 'c', port, '127.0.0.1'),
      send(socket, 'd', port, '255.255.255.255'), // no SO_BROADCAST
      send(socket, 'e', port, '127.0.0.1'),
    ]);
    assert.deepStrictEqual(
      outcomes.map(({ reason, value }) => reason?.code ?? value),
      [1, 1, 'EMSGSIZE', 1, 'EACCES', 1]);
    assert.deepStrictEqual(await texts, ['b', 'c', 'e']);
    await emitted(events, 1);
    assert.strictEqual(events[0].error.code, 'ECONNREFUSED');
  });

  it('does not stop receiving', async () => {
    const { socket, events } = reporting('udp4');
    socket.bindSync({ address: '127.0.0.1' });
    socket.on('error', assert.ifError);
    const peer = await bound();
    const bad = await closedPort('127.0.0.1');
    const texts = receiveText(socket, 200);
    for (let i = 0; i < 200; i++) {
      socket.send('x', bad, '127.0.0.1');
      peer.send(`${i}`, socket.address().port, '127.0.0.1');
      if (i % 20 === 0) await nextIteration();
    }
    assert.deepStrictEqual(await texts,
      Array.from({ length: 200 }, (_, i) => `${i}`));
    await emitted(events, 200);
  });

  it('is emitted while datagrams arrive all the time', async () => {
    const { socket, events } = reporting('udp4');
    socket.bindSync({ address: '127.0.0.1' });
    socket.on('error', assert.ifError);
    const peer = await bound();
    const bad = await closedPort('127.0.0.1');
    const { port } = socket.address();
    // Whenever the loop polls, a datagram waits.
    let rounds = 0;
    const flood = () => {
      for (let i = 0; i < 5; i++) peer.send('x', port, '127.0.0.1');
      if (events.length === 0 && ++rounds < 500) setImmediate(flood);
    };
    flood();
    await nextIteration();
    // The second send clears the error, which no receive returns then.
    await send(socket, 'x', bad, '127.0.0.1');
    await send(socket, 'y', peer.address().port, '127.0.0.1');
    await until(() => `${rounds} rounds`, () => events.length === 1);
    assert.ok(rounds < 100, `after ${rounds} rounds`);
  });

  it('without listeners is read and dropped', async () => {
    const socket = open({ type: 'udp4', icmpErrors: true });
    socket.on('error', assert.ifError);
    const peer = await bound();
    const bad = await closedPort('127.0.0.1');
    for (let i = 0; i < 100; i++) await send(socket, 'x', bad, '127.0.0.1');
    await sleep(50);
    // It does not spin: the loop sleeps.
    const { receiveCalls } = socket.stats();
    const { user, system } = process.cpuUsage();
    await sleep(200);
    const used = process.cpuUsage({ user, system });
    assert.ok(used.user + used.system < 150000, JSON.stringify(used));
    assert.strictEqual(socket.stats().receiveCalls, receiveCalls);
    const texts = receiveText(peer, 1);
    await send(socket, 'y', peer.address().port, '127.0.0.1');
    assert.deepStrictEqual(await texts, ['y']);
  });

  it('is emitted a limited number of times per iteration', async () => {
    const { socket, events } = reporting('udp4');
    socket.bindSync();
    const bad = await closedPort('127.0.0.1');
    const packets = Array.from({ length: 200 }, () =>
      ['x', bad, '127.0.0.1']).flat();
    const turns = [];
    let before = 0;
    const count = () => {
      turns.push(events.length - before);
      before = events.length;
      if (before < 200) setImmediate(count);
    };
    socket.sendMany(packets);
    setImmediate(count);
    await emitted(events, 200);
    assert.ok(Math.max(...turns) <= 64, `${turns}`);
  });

  it('ends when a listener closes the socket', async () => {
    const { socket, events } = reporting('udp4');
    socket.bindSync();
    const bad = await closedPort('127.0.0.1');
    socket.once('icmp', () => socket.close());
    socket.sendMany(Array.from({ length: 10 }, () =>
      ['x', bad, '127.0.0.1']).flat());
    await until('the end', () => stateOf(socket).handle === null);
    await sleep(20);
    assert.strictEqual(events.length, 1);
  });

  it('passes an exception of a listener to uncaughtException', async () => {
    const bad = await closedPort('127.0.0.1');
    const reports = await reportsOf((inner, report, port) => {
      let thrown = 0;
      process.on('uncaughtException', ({ message }) => {
        report(message);
        if (++thrown === 5) socket.close();
      });
      let events = 0;
      const socket = inner.createSocket({ type: 'udp4', icmpErrors: true });
      socket.on('icmp', () => {
        events++;
        process.nextTick(() => report(`tick ${events}`));
        throw new Error(`${events}`);
      });
      for (let i = 0; i < 5; i++) socket.send('x', port, '127.0.0.1');
    }, { args: [bad] });
    assert.deepStrictEqual(reports,
      [1, 2, 3, 4, 5].flatMap((i) => [`${i}`, `tick ${i}`]));
  });

  it('runs ticks between two events', async () => {
    const { socket } = reporting('udp4');
    socket.bindSync();
    const bad = await closedPort('127.0.0.1');
    const log = [];
    socket.on('icmp', () => {
      log.push('icmp');
      process.nextTick(() => log.push('tick'));
      Promise.resolve().then(() => log.push('microtask'));
    });
    socket.sendMany(['x', bad, '127.0.0.1', 'y', bad, '127.0.0.1']);
    await until(() => `${log}`, () => log.length === 6);
    assert.deepStrictEqual(log,
      ['icmp', 'tick', 'microtask', 'icmp', 'tick', 'microtask']);
  });

  it('works for a descriptor of another owner', async () => {
    const owner = await bound();
    const bad = await closedPort('127.0.0.1');
    const { socket, events } = reporting('udp4');
    socket.bind({ fd: stateOf(owner).handle.share() });
    await send(socket, 'x', bad, '127.0.0.1');
    await emitted(events, 1);
  });

  it('works while datagrams are queued', async () => {
    const bad = await closedPort('127.0.0.1');
    const reports = await reportsOf((inner, report, port) => {
      const peer = inner.createSocket('udp4');
      const socket = inner.createSocket({ type: 'udp4', icmpErrors: true });
      let [events, sent, received] = [0, 0, 0];
      const check = () => {
        if (events < 50 || sent < 100 || received < 50) return;
        report({ events, sent, received });
        socket.close();
        peer.close();
      };
      socket.on('icmp', () => check(events++));
      peer.on('message', () => check(received++));
      peer.bind(0, '127.0.0.1', () => {
        for (let i = 0; i < 100; i++) {
          socket.send('x', i % 2 === 0 ? peer.address().port : port,
                      '127.0.0.1', (error) => {
                        if (error) report(error.message);
                        check(sent++);
                      });
        }
      });
    }, { args: [bad], execArgv: ['--test-udp-no-try-send'] });
    assert.deepStrictEqual(reports, [{ events: 50, sent: 100, received: 50 }]);
  });

  it('changes nothing for sockets without the option', async () => {
    const socket = open('udp4');
    socket.on('icmp', assert.fail);
    socket.on('error', assert.ifError);
    const bad = await closedPort('127.0.0.1');
    await send(socket, 'x', bad, '127.0.0.1');
    await send(socket, 'x', bad, '127.0.0.1');
    const peer = await bound();
    const connected = await connectedTo(peer);
    await close(peer);
    connected.on('icmp', assert.fail);
    const failed =
      new Promise((resolve) => { connected.on('error', resolve); });
    await send(connected, 'x');
    isSystemError(await failed, 'ECONNREFUSED', 'recvmsg');
  });
});
