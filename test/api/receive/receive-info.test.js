'use strict';

// The option `receiveInfo`: destination address, interface, TOS, TTL and kernel
// time of received datagrams. test/network/receive-info.test.js has peers that
// are not ours.

const assert = require('node:assert');
const net = require('node:net');
const {
  bound, close, connectedTo, describeNative, dgram, hasIPv6, itMerged, makeRoom,
  merges, nextIteration, once, open, packed, receive, reportsOf, stateOf,
  throwsCode, thrownBy,
} = require('../../support/dgram');
const { readOptions, setOptions } = require('../../support/sockopt');

const NAMES = [
  'localAddress', 'interface', 'interfaceIndex', 'tos', 'ttl', 'timestamp',
];

/** All that a datagram over loopback has, except the timestamp. */
const LOOPBACK = {
  localAddress: '127.0.0.1', interface: 'lo', interfaceIndex: 1, tos: 0,
  ttl: 64,
};

const fdOf = (socket) => packed.binding().descriptor(stateOf(socket).handle);

const pick = (from) => Object.fromEntries(NAMES.filter((name) => name in from)
  .map((name) => [name, from[name]]));

/** What rinfo has in addition, without the timestamp, which is checked. */
function infoOf({ rinfo }) {
  const { timestamp, ...info } = pick(rinfo);
  assert.strictEqual(typeof timestamp, 'bigint');
  return info;
}

/** A bound socket that asks for everything; or for these names. */
function asking(type = 'udp4', address = '0.0.0.0', names = NAMES,
                options = {}) {
  return bound({ type, receiveInfo: names, ...options }, 0, address);
}

/** The rows of a 'batch', as `rinfo` would have them. */
function* rowsOf(batch) {
  for (let i = 0; i < batch.count; i++) {
    yield {
      text: batch.data.toString('latin1', batch.offsets[i],
        batch.offsets[i] + batch.sizes[i]),
      info: Object.fromEntries(NAMES.filter((name) => name in batch)
        .map((name) => [name, batch[name][i]])),
    };
  }
}

const available = dgram.features?.receiveInfo === true;

const assertMerged = (receiver) =>
  assert.strictEqual(receiver.stats().mergedRuns > 0, merges());

describeNative('the option receiveInfo', () => {
  it('must be an array of known names', () => {
    const array = (received) => [TypeError, 'ERR_INVALID_ARG_TYPE',
      'The "options.receiveInfo" property must be an instance of Array. ' +
      `Received ${received}`];
    for (const [value, received] of [
      [null, 'null'], [true, 'type boolean (true)'],
      ['ttl', "type string ('ttl')"],
      [new Set(['ttl']), 'an instance of Set'], [{ 0: 'ttl', length: 1 },
        'an instance of Object'],
    ]) {
      throwsCode(() => open({ type: 'udp4', receiveInfo: value }),
        ...array(received));
    }
    throwsCode(() => open({ type: 'udp4', receiveInfo: ['ttl', 5] }), TypeError,
      'ERR_INVALID_ARG_TYPE', 'The "options.receiveInfo[1]" property must be ' +
      'of type string. Received type number (5)');
    throwsCode(() => open({ type: 'udp4', receiveInfo: new Array(1) }),
      TypeError, 'ERR_INVALID_ARG_TYPE', 'The "options.receiveInfo[0]" ' +
      'property must be of type string. Received undefined');
    for (const name of ['TTL', '', 'size', 'constructor']) {
      throwsCode(() => open({ type: 'udp4', receiveInfo: ['tos', name] }),
        TypeError, 'ERR_INVALID_ARG_VALUE',
        "The property 'options.receiveInfo[1]' must be one of: " +
        "'localAddress', 'interface', 'interfaceIndex', 'tos', 'ttl', " +
        `'timestamp'. Received '${name}'`);
    }
  });

  it('is a feature of the linux transport', () => {
    assert.strictEqual(dgram.features.receiveInfo, dgram.transport === 'linux');
    assert.ok(open({ type: 'udp4', receiveInfo: [] }));
    assert.ok(open({ type: 'udp4', receiveInfo: undefined }));
    if (available) return;
    const error =
      thrownBy(() => open({ type: 'udp4', receiveInfo: ['ttl'] }));
    assert.strictEqual(error.code, 'ERR_FEATURE_UNAVAILABLE_ON_PLATFORM');
    assert.match(error.message, /option receiveInfo on .*transport 'uv'/);
  });
});

(available ? describeNative : describe.skip)('received information', () => {
  describe("of 'message'", () => {
    for (const [title, type, address, to, local] of [
      ['IPv4', 'udp4', '0.0.0.0', '127.0.0.1'],
      ['IPv4, another address', 'udp4', '0.0.0.0', '127.9.8.7'],
      ['IPv6', 'udp6', '::', '::1'],
      ['IPv4-mapped', 'udp6', '::', '127.9.8.7', '::ffff:127.9.8.7'],
    ]) {
      it(`has all that was asked for: ${title}`, async () => {
        const receiver = await asking(type, address);
        const sender = await bound(to.includes(':') ? 'udp6' : 'udp4');
        sender.setTTL(33);
        for (const tos of [0xb9, 0, 255]) {
          sender.setTypeOfService(tos);
          const before = BigInt(Date.now()) * 1000000n;
          const messages = receive(receiver, 1);
          sender.send('x', receiver.address().port, to);
          const [{ rinfo }] = await messages;
          const after = BigInt(Date.now() + 1) * 1000000n;
          assert.deepStrictEqual(Object.keys(rinfo),
            ['address', 'family', 'port', 'size', ...NAMES]);
          assert.strictEqual(Object.getPrototypeOf(rinfo), Object.prototype);
          const { timestamp, ...rest } = rinfo;
          assert.deepStrictEqual(rest, {
            address: local === undefined ? sender.address().address :
              '::ffff:127.0.0.1',
            family: type === 'udp6' ? 'IPv6' : 'IPv4',
            port: sender.address().port, size: 1, localAddress: local ?? to,
            interface: 'lo', interfaceIndex: 1, tos, ttl: 33,
          });
          assert.ok(before <= timestamp && timestamp <= after,
            `${before} ${timestamp} ${after}`);
        }
      });
    }

    it('has only what was asked for', async () => {
      const sender = await bound();
      const expected = await asking();
      for (const names of [
        ...NAMES.map((name) => [name]), ['ttl', 'tos', 'ttl'], [],
      ]) {
        const receiver = await asking('udp4', '127.0.0.1', names);
        const messages = Promise.all([receive(receiver, 1),
                                      receive(expected, 1)]);
        for (const { port } of [receiver.address(), expected.address()])
          sender.send('x', port, '127.0.0.1');
        const [[{ rinfo }], [{ rinfo: all }]] = await messages;
        const { timestamp, ...info } = pick(rinfo);
        assert.strictEqual(typeof timestamp,
          names.includes('timestamp') ? 'bigint' : 'undefined');
        assert.deepStrictEqual(Object.keys(rinfo),
          ['address', 'family', 'port', 'size',
           ...NAMES.filter((name) => names.includes(name))]);
        for (const name in info)
          assert.strictEqual(info[name], all[name], name);
      }
    });

    it('is in the order of the datagrams', async () => {
      const receiver = await asking();
      makeRoom(receiver, 1 << 20);
      const sender = await bound();
      // More local addresses than a batch has slots.
      const addresses = Array.from({ length: 300 },
        (_, i) => `127.1.${i % 7}.${1 + i % 100}`);
      const messages = receive(receiver, addresses.length);
      for (const address of addresses)
        sender.send(address, receiver.address().port, address);
      for (const { msg, rinfo } of await messages)
        assert.strictEqual(rinfo.localAddress, String(msg));
    });

    it('has the group of a multicast datagram, and the interface', async () => {
      const receiver = await asking();
      receiver.addMembership('239.255.77.9', { interface: 'lo' });
      const sender = await bound();
      sender.setMulticastInterface('127.0.0.1');
      sender.setMulticastTTL(3);
      const messages = receive(receiver, 1);
      sender.send('x', receiver.address().port, '239.255.77.9');
      assert.deepStrictEqual((await messages).map(infoOf),
        [{ ...LOOPBACK, localAddress: '239.255.77.9', ttl: 3 }]);
    });

    it('is there on a connected socket', async () => {
      const peer = await bound();
      const socket = await connectedTo(peer,
        { type: 'udp4', receiveInfo: NAMES });
      const messages = receive(socket, 1);
      peer.send('x', socket.address().port, '127.0.0.1');
      assert.deepStrictEqual((await messages).map(infoOf), [LOOPBACK]);
    });

    it('is there after an implicit and after a failed bind()', async () => {
      const peer = await bound();
      const implicit = open({ type: 'udp4', receiveInfo: NAMES });
      implicit.send('x', peer.address().port, '127.0.0.1');
      await once(implicit, 'listening');
      const failed = open({ type: 'udp4', receiveInfo: NAMES });
      failed.bind(peer.address().port, '127.0.0.1');
      await once(failed, 'error');
      failed.bind(0, '127.0.0.1');
      await once(failed, 'listening');
      for (const socket of [implicit, failed]) {
        const messages = receive(socket, 1);
        peer.send('x', socket.address().port, '127.0.0.1');
        assert.deepStrictEqual((await messages).map(infoOf), [LOOPBACK]);
      }
    });

    for (const sharedBuffers of [false, true]) {
      it(`does not end with close(), shared buffers: ${sharedBuffers}`,
        async () => {
          const sender = await bound();
          const receiver = await asking('udp4', '0.0.0.0', NAMES,
            { sharedBuffers });
          const { port } = receiver.address();
          const first = receive(receiver, 1);
          receiver.on('message', () => receiver.close());
          // The text of the later addresses is not read.
          for (const address of ['127.2.2.2', '127.2.2.3', '127.2.2.4'])
            sender.send(address, port, address);
          assert.strictEqual((await first)[0].rinfo.localAddress, '127.2.2.2');
          const next = await asking();
          const messages = receive(next, 3);
          for (const address of ['127.2.2.4', '127.2.2.3', '127.2.2.2'])
            sender.send(address, next.address().port, address);
          for (const { msg, rinfo } of await messages)
            assert.strictEqual(rinfo.localAddress, String(msg));
        });
    }
  });

  describe('of merged datagrams', () => {
    /** Sends runs of equal TOS and TTL with GSO; resolves to the messages. */
    async function sendRuns(receiver, runs, per, size) {
      const sender = await connectedTo(receiver, 'udp4');
      const messages = receive(receiver, runs.length * per);
      let i = 0;
      for (const [tos, ttl] of runs) {
        sender.setTypeOfService(tos);
        sender.setTTL(ttl);
        sender.sendMany(Array.from({ length: per },
          () => `${i++} ${tos} ${ttl}`.padEnd(size)));
        // The option of the next run must not reach this one.
        await nextIteration();
      }
      return messages;
    }

    for (const sharedBuffers of [false, true]) {
      it(`is not mixed, shared buffers: ${sharedBuffers}`, async () => {
        const receiver = await asking('udp4', '127.0.0.1', NAMES,
          { sharedBuffers });
        makeRoom(receiver, 4 << 20);
        // The second burst meets GRO.
        for (const per of [8, 50]) {
          const runs = Array.from({ length: 40 },
            (_, i) => [i % 5 * 4 + i % 2, 1 + i % 3]);
          const messages = await sendRuns(receiver, runs, per, 64);
          messages.forEach(({ msg, rinfo }, i) => {
            const [index, tos, ttl] = String(msg).trim().split(' ').map(Number);
            assert.deepStrictEqual([index, tos, ttl],
              [i, rinfo.tos, rinfo.ttl]);
            assert.strictEqual(rinfo.localAddress, '127.0.0.1');
          });
        }
        assertMerged(receiver);
      });
    }

    itMerged('has the time of the first one', async () => {
      const receiver = await asking('udp4', '127.0.0.1', ['timestamp']);
      makeRoom(receiver, 4 << 20);
      await sendRuns(receiver, [[0, 9], [0, 9], [0, 9]], 50, 64);
      const messages = await sendRuns(receiver, [[0, 9]], 50, 64);
      assertMerged(receiver);
      assert.strictEqual(
        new Set(messages.map(({ rinfo }) => rinfo.timestamp)).size, 1);
    });

    it('is kept when they are read before the descriptor is shared',
      async () => {
        const receiver = await asking('udp4', '127.0.0.1');
        makeRoom(receiver, 4 << 20);
        await sendRuns(receiver, [[0, 9], [0, 9], [0, 9]], 50, 64);
        receiver.once('message', () => {
          // Reads what waits in the kernel, and disables GRO.
          assert.ok(stateOf(receiver).handle.fd > 0);
        });
        const runs = [[4, 1], [8, 2], [12, 3], [16, 4], [20, 5]];
        const messages = await sendRuns(receiver, runs, 50, 64);
        for (const { msg, rinfo } of messages) {
          assert.match(String(msg),
            new RegExp(`^\\d+ ${rinfo.tos} ${rinfo.ttl} *$`));
        }
      });
  });

  describe("of 'batch'", () => {
    for (const [type, to] of [['udp4', '127.3.0.'], ['udp6', '127.3.0.'],
      ['udp6', '::1']]) {
      it(`is in columns: ${type}, ${to}`, async function() {
        if (type === 'udp6' && !hasIPv6) this.skip();
        const receiver = await asking(type, type === 'udp4' ? '0.0.0.0' : '::');
        const sender = await bound(to === '::1' ? 'udp6' : 'udp4');
        const rows = [];
        const batches = [];
        const done = new Promise((resolve) => receiver.on('batch', (batch) => {
          batches.push(batch);
          rows.push(...rowsOf(batch));
          if (rows.length === 60) resolve();
        }));
        const messages = receive(receiver, 60);
        sender.setTTL(5);
        for (let i = 0; i < 60; i++) {
          const address = to === '::1' ? to : `${to}${1 + i % 9}`;
          sender.send(address, receiver.address().port, address);
        }
        await done;
        for (const batch of batches) {
          for (const name of NAMES)
            assert.strictEqual(batch[name].length, batch.count, name);
          assert.deepStrictEqual(
            NAMES.map((name) => batch[name].constructor.name),
            ['Array', 'Array', 'Uint32Array', 'Uint8Array', 'Uint8Array',
             'BigInt64Array']);
        }
        const mapped = type === 'udp6' && to !== '::1' ? '::ffff:' : '';
        (await messages).forEach(({ msg, rinfo }, i) => {
          assert.deepStrictEqual(rows[i],
            { text: String(msg), info: pick(rinfo) });
          assert.strictEqual(rinfo.localAddress, `${mapped}${msg}`);
          assert.strictEqual(rinfo.ttl, 5);
        });
      });
    }

    it('has only the columns that were asked for', async () => {
      const sender = await bound();
      for (const names of [...NAMES.map((name) => [name]), []]) {
        const receiver = await asking('udp4', '127.0.0.1', names);
        const batches = once(receiver, 'batch');
        sender.send('x', receiver.address().port, '127.0.0.1');
        const [batch] = await batches;
        assert.deepStrictEqual(Object.keys(batch), ['count', 'data', 'offsets',
          'sizes', 'ports', 'addresses', 'family', ...names]);
      }
    });

    it('omits datagrams from blocked sources', async () => {
      const receiveBlockList = new net.BlockList();
      receiveBlockList.addAddress('127.0.0.66');
      const receiver = await asking('udp4', '0.0.0.0', NAMES,
        { receiveBlockList });
      const allowed = await bound('udp4', 0, '127.0.0.65');
      const blocked = await bound('udp4', 0, '127.0.0.66');
      const rows = [];
      const done = new Promise((resolve) => receiver.on('batch', (batch) => {
        for (const name of NAMES)
          assert.strictEqual(batch[name].length, batch.count, name);
        rows.push(...rowsOf(batch));
        if (rows.length === 20) resolve();
      }));
      for (let i = 0; i < 20; i++) {
        for (const sender of [blocked, allowed]) {
          const address = `127.4.4.${1 + i}`;
          sender.send(address, receiver.address().port, address);
        }
      }
      await done;
      rows.forEach(({ text, info }, i) => {
        assert.deepStrictEqual([text, info.localAddress],
          [`127.4.4.${1 + i}`, `127.4.4.${1 + i}`]);
      });
    });

    it('is that of each datagram of a merged run', async () => {
      const receiver = await asking('udp4', '127.0.0.1');
      makeRoom(receiver, 4 << 20);
      const sender = await connectedTo(receiver, 'udp4');
      const rows = [];
      const received = (count) => new Promise((resolve) => {
        receiver.on('batch', function onBatch(batch) {
          rows.push(...rowsOf(batch));
          if (rows.length < count) return;
          receiver.removeListener('batch', onBatch);
          resolve();
        });
      });
      for (let round = 1; round <= 3; round++) {
        const done = received(round * 640);
        for (let run = 0; run < 10; run++) {
          sender.setTypeOfService(run * 4);
          sender.sendMany(Array.from({ length: 64 },
            () => `${run * 4}`.padEnd(700)));
          await nextIteration();
        }
        await done;
      }
      for (const { text, info } of rows)
        assert.strictEqual(info.tos, Number(text));
      assertMerged(receiver);
    });
  });

  describe('of a descriptor that exists', () => {
    it('is there with bind({ fd }), and the other owner is not affected',
      async () => {
        const owner = await bound();
        const socket = open({ type: 'udp4', receiveInfo: NAMES });
        socket.bind({ fd: stateOf(owner).handle.share() });
        assert.deepStrictEqual(readOptions(fdOf(owner), 'IP_PKTINFO',
          'IP_RECVTOS', 'IP_RECVTTL', 'SO_TIMESTAMPNS'), {
          IP_PKTINFO: 1, IP_RECVTOS: 1, IP_RECVTTL: 1, SO_TIMESTAMPNS: 1,
        });
        const sender = await bound();
        const seen = [];
        const done = new Promise((resolve) => {
          for (const reader of [owner, socket]) {
            reader.on('message', (msg, rinfo) => {
              seen.push(Object.keys(rinfo).length === 4);
              if (reader === socket)
                assert.deepStrictEqual(infoOf({ rinfo }), LOOPBACK);
              if (seen.length === 40) resolve();
            });
          }
        });
        for (let i = 0; i < 40; i++)
          sender.send(`${i}`, socket.address().port, '127.0.0.1');
        await done;
        await close(owner);
        const messages = receive(socket, 1);
        sender.send('x', socket.address().port, '127.0.0.1');
        assert.deepStrictEqual((await messages).map(infoOf), [LOOPBACK]);
      });

    it('is there in the workers of a cluster, which share the port',
      async () => {
        const reports = await reportsOf((inner, report, expected) => {
          const cluster = require('node:cluster');
          if (cluster.isPrimary) {
            const workers = [cluster.fork(), cluster.fork()];
            let listening = 0;
            for (const worker of workers) {
              worker.on('message', ({ port, ...rest }) => {
                if (port === undefined) {
                  report(rest.info);
                  for (const each of workers) each.kill();
                } else if (++listening === 2) {
                  const sender = inner.createSocket('udp4');
                  sender.send('x', port, '127.0.0.1', () => sender.close());
                }
              });
            }
            return;
          }
          const socket =
            inner.createSocket({ type: 'udp4', receiveInfo: expected });
          socket.on('message', (msg, rinfo) => {
            const entries = expected.map((name) => [name,
              name === 'timestamp' ? typeof rinfo[name] : rinfo[name]]);
            process.send({ info: Object.fromEntries(entries) });
          });
          socket.bind(0, '127.0.0.1', () =>
            process.send({ port: socket.address().port }));
        }, { args: [NAMES] });
        assert.deepStrictEqual(reports,
          [{ ...LOOPBACK, timestamp: 'bigint' }]);
      });

    it('is there in a child that was sent the socket', async () => {
      const reports = await reportsOf((inner, report, names) => {
        const { fork } = require('node:child_process');
        if (process.send === undefined) {
          const socket = inner.createSocket('udp4');
          socket.bind(0, '127.0.0.1', () => {
            const { port } = socket.address();
            const child = fork(__filename, process.argv.slice(2));
            child.send('socket', socket);
            child.on('message', (message) => {
              if (message !== 'ready') {
                report(message);
                child.kill();
                return;
              }
              socket.close();
              const sender = inner.createSocket('udp4');
              sender.send('x', port, '127.0.0.1', () => sender.close());
            });
          });
          return;
        }
        process.on('message', (message, given) => {
          const key = Object.getOwnPropertySymbols(given)
            .find(({ description }) => description === 'state symbol');
          const socket =
            inner.createSocket({ type: 'udp4', receiveInfo: names });
          socket.on('message', (msg, { ttl, localAddress }) =>
            process.send([ttl, localAddress]));
          socket.on('listening', () => process.send('ready'));
          given[key].handle.recvStop(); // Node's own socket reads it, too
          socket.bind(given[key].handle);
        });
      }, { args: [NAMES] });
      assert.deepStrictEqual(reports, [[64, '127.0.0.1']]);
    });

    it('works with IPv6', async () => {
      const socket = await asking('udp6', '::');
      assert.deepStrictEqual(readOptions(fdOf(socket), 'IPV6_RECVPKTINFO',
        'IPV6_RECVTCLASS', 'IPV6_RECVHOPLIMIT', 'IP_RECVTOS', 'IP_RECVTTL',
        'IP_PKTINFO', 'SO_TIMESTAMPNS'), {
        IPV6_RECVPKTINFO: 1, IPV6_RECVTCLASS: 1, IPV6_RECVHOPLIMIT: 1,
        IP_RECVTOS: 1, IP_RECVTTL: 1, IP_PKTINFO: 0, SO_TIMESTAMPNS: 1,
      });
    });

    it('sets no option that was not asked for', async () => {
      const names = ['IP_PKTINFO', 'IP_RECVTOS', 'IP_RECVTTL',
                     'SO_TIMESTAMPNS'];
      for (const [asked, set] of [
        [[], []], [['interface'], [0]], [['interfaceIndex'], [0]],
        [['tos'], [1]], [['ttl'], [2]], [['timestamp'], [3]],
      ]) {
        const socket = await asking('udp4', '127.0.0.1', asked);
        assert.deepStrictEqual(readOptions(fdOf(socket), ...names),
          Object.fromEntries(names.map((name, i) =>
            [name, set.includes(i) ? 1 : 0])));
      }
    });
  });

  describe('if another owner of the descriptor has set more options', () => {
    /** Together with IP options of the sender, more than the buffer holds. */
    const MORE = {
      IP_RECVOPTS: 1, IP_RETOPTS: 1, IP_RECVORIGDSTADDR: 1, IP_CHECKSUM: 1,
      SO_TIMESTAMPING: 0x58, // RX_SOFTWARE, SOFTWARE, RAW_HARDWARE
    };

    it('no datagram and no information is lost', async () => {
      const receiver = await asking('udp4', '127.0.0.1');
      makeRoom(receiver, 4 << 20);
      const sender = await connectedTo(receiver, 'udp4');
      for (let round = 0; round < 3; round++) {
        if (round === 1) {
          setOptions(fdOf(receiver), MORE);
          setOptions(fdOf(sender), { IP_OPTIONS: 40 });
        }
        sender.setTypeOfService(round * 4);
        const messages = receive(receiver, 200);
        for (let i = 0; i < 4; i++) {
          sender.sendMany(Array.from({ length: 50 },
            (_, k) => `${i * 50 + k}`.padEnd(64)));
          await nextIteration();
        }
        (await messages).forEach((message, i) => {
          assert.strictEqual(String(message.msg), `${i}`.padEnd(64));
          assert.deepStrictEqual(infoOf(message),
            { ...LOOPBACK, tos: round * 4 });
        });
      }
    });

    it('IP_PKTINFO of an IPv6 socket does not change the address', async () => {
      const receiver = await asking('udp6', '::');
      setOptions(fdOf(receiver), { IP_PKTINFO: 1 });
      const sender = await bound();
      const messages = receive(receiver, 1);
      sender.send('x', receiver.address().port, '127.0.0.5');
      assert.strictEqual((await messages)[0].rinfo.localAddress,
        '::ffff:127.0.0.5');
    });
  });

  it('is that of the socket that took over the handle', async () => {
    const first = await asking();
    const port = first.address().port;
    const second = open('udp4');
    second.bind(stateOf(first).handle);
    const third = await asking();
    const sender = await bound();
    // An address that no socket has reported so far.
    for (const [receiver, to] of [[second, port],
                                  [third, third.address().port]]) {
      const messages = receive(receiver, 1);
      sender.send('x', to, '127.45.67.89');
      const [{ rinfo }] = await messages;
      assert.strictEqual(rinfo.localAddress,
        receiver === third ? '127.45.67.89' : undefined);
      assert.strictEqual('ttl' in rinfo, receiver === third);
    }
  });

  it('is not reported to it if it was read before', async () => {
    const first = await asking('udp4', '0.0.0.0', ['localAddress']);
    const port = first.address().port;
    const sender = await bound();
    const burst = (count, to) => sender.sendMany({
      count, data: Buffer.alloc(64), offsets: new Array(count).fill(0),
      sizes: new Array(count).fill(64), ports: port, addresses: to,
    });
    const merged = receive(first, 20);
    burst(10, '127.0.0.1');
    burst(10, '127.0.0.2'); // GRO is on now
    await merged;
    const second = open('udp4');
    const messages = receive(second, 5);
    first.once('message', () => {
      burst(5, '127.45.67.90');
      const { handle } = stateOf(first);
      assert.ok(handle.fd > 0); // reads them
      second.bind(handle);
    });
    burst(1, '127.0.0.1');
    for (const { rinfo } of await messages) {
      assert.ok(!('localAddress' in rinfo));
    }
    const third = await asking('udp4', '0.0.0.0', ['localAddress']);
    const last = receive(third, 1);
    sender.send('x', third.address().port, '127.45.67.90');
    assert.strictEqual((await last)[0].rinfo.localAddress, '127.45.67.90');
  });

  it('is undefined for an interface that has no name', async () => {
    const receiver = await asking('udp4', '127.0.0.1', ['interface']);
    const { handle } = stateOf(receiver);
    assert.strictEqual(handle.interfaceName(1), 'lo');
    assert.ok(handle.interfaceName(0x7fffffff) < 0);
    assert.ok(handle.interfaceName(0) < 0);
    await close(receiver);
    assert.ok(handle.interfaceName(1) < 0);
    assert.ok(handle.setReceiveInfo(1) < 0);
  });
});
