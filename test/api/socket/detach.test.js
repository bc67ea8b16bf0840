'use strict';

// detach() and createSocket({ from }): a descriptor moves to another socket, in
// this thread or in a worker.

const assert = require('node:assert');
const { createHook } = require('node:async_hooks');
const builtin = require('node:dgram');
const { BlockList } = require('node:net');
const {
  bound, close, closeLater, connectedTo, describeNative, dgram, hasIPv6,
  inWorker, isLinux, isWindows, itMerged, makeRoom, nextIteration, once, open,
  packed, receive, receiveText, reportsOf, send, stateOf, thrownBy,
  throwsCode, throwsSystemError,
} = require('../../support/dgram');
const { until } = require('../../e2e/support/limited');
const { descriptors } = require('../../support/kernel');
const { readOptions } = require('../../support/sockopt');

/** A test of options that libuv does not have. */
const itLinux = isLinux ? it : it.skip;
/** A test of the transport 'linux'. */
const itOwn = dgram.transport === 'linux' ? it : it.skip;

const fdOf = (socket) => packed.binding().descriptor(stateOf(socket).handle);

/** The code of the error for a ticket that is not valid. */
const INVALID = 'ERR_INVALID_ARG_VALUE';

/** A socket of node:dgram on loopback. */
async function peer(type = 'udp4') {
  const socket = closeLater(builtin.createSocket(type));
  socket.bind(0, type === 'udp4' ? '127.0.0.1' : '::1');
  await once(socket, 'listening');
  return socket;
}

const numbers = (count, first = 0) =>
  Array.from({ length: count }, (_, i) => `${first + i}`);

(isWindows ? describe.skip : describeNative)('detach()', () => {
  it('is a feature, and its method is not enumerable', () => {
    assert.strictEqual(dgram.features.detach, true);
    assert.ok(!Object.keys(dgram.Socket.prototype).includes('detach'));
  });

  it('moves the port', async () => {
    const socket = await bound();
    const address = socket.address();
    const ticket = socket.detach();
    assert.match(ticket.token, /^[0-9a-f]{32}$/);
    assert.deepStrictEqual(structuredClone(ticket), ticket);
    const next = open({ from: ticket });
    assert.strictEqual(next.type, 'udp4');
    assert.deepStrictEqual(next.address(), address);
    await once(next, 'listening');
    const texts = receiveText(next, 1);
    await send(await bound(), 'x', address.port, '127.0.0.1');
    assert.deepStrictEqual(await texts, ['x']);
  });

  it('closes the socket', async () => {
    const socket = await bound();
    const events = [];
    socket.on('close', () => events.push('close'));
    closeTicket(socket.detach());
    assert.deepStrictEqual(events, []);
    const notRunning = [Error, 'ERR_SOCKET_DGRAM_NOT_RUNNING', 'Not running'];
    for (const act of [
      () => socket.detach(), () => socket.send('x', 9), () => socket.address(),
      () => socket.close(), () => socket.sendMany(['x', 9, '127.0.0.1']),
      () => socket.bind(0), () => socket.stats(),
    ]) {
      throwsCode(act, ...notRunning);
    }
    await nextIteration();
    assert.deepStrictEqual(events, ['close']);
  });

  function closeTicket(ticket) {
    open({ from: ticket }).close();
  }

  it('checks its option', async () => {
    const socket = await bound();
    for (const [options, code] of [
      [null, 'ERR_INVALID_ARG_TYPE'], [5, 'ERR_INVALID_ARG_TYPE'],
      [{ timeout: '1' }, 'ERR_INVALID_ARG_TYPE'],
      [{ timeout: 0 }, 'ERR_OUT_OF_RANGE'],
      [{ timeout: 2 ** 31 }, 'ERR_OUT_OF_RANGE'],
      [{ timeout: 1.5 }, 'ERR_OUT_OF_RANGE'],
    ]) {
      assert.strictEqual(thrownBy(() => socket.detach(options)).code, code);
    }
    assert.strictEqual(socket.address().family, 'IPv4');
  });

  it('rejects a socket without a descriptor', async () => {
    throwsSystemError(() => open('udp4').detach(), 'EBADF', 'detach');
    const binding = open('udp4');
    binding.bind(0);
    throwsSystemError(() => binding.detach(), 'EBADF', 'detach');
    await once(binding, 'listening');
    closeTicket(binding.detach());
  });

  it('rejects a socket whose queued calls have not run yet', async () => {
    const { port } = (await bound()).address();
    const socket = open('udp4');
    let error;
    socket.on('listening', () => {
      error = thrownBy(() => socket.detach());
    });
    socket.bind(0, '127.0.0.1');
    const sent = new Promise((resolve) => {
      socket.send('x', port, '127.0.0.1', (...args) => resolve(args));
    });
    assert.deepStrictEqual(await sent, [null, 1]);
    assert.strictEqual(error.code, 'EALREADY');
    assert.ok(open({ from: socket.detach() }).address().port > 0);
  });

  it('rejects a socket that is about to connect', async () => {
    const socket = await bound();
    socket.connect(9, '127.0.0.1');
    throwsSystemError(() => socket.detach(), 'EALREADY', 'detach');
    await once(socket, 'connect');
    closeTicket(socket.detach());
  });

  describe('the ticket', () => {
    it('is used once', async () => {
      const socket = await bound();
      const ticket = socket.detach();
      const next = open({ from: ticket });
      for (let i = 0; i < 2; i++) {
        const error = thrownBy(() => open({ from: ticket }));
        assert.strictEqual(error.code, INVALID);
        assert.match(error.message,
          /^The property 'options\.from' must be a ticket of detach\(\)/);
      }
      assert.strictEqual(next.address().family, 'IPv4');
    });

    it('cannot be guessed', async () => {
      const socket = await bound();
      const { token } = socket.detach();
      const flipped = (token[0] === '0' ? '1' : '0') + token.slice(1);
      for (const [from, code] of [
        [null, 'ERR_INVALID_ARG_TYPE'], ['x', 'ERR_INVALID_ARG_TYPE'],
        [token, 'ERR_INVALID_ARG_TYPE'], [1, 'ERR_INVALID_ARG_TYPE'],
        [{}, INVALID], [{ token: 5 }, INVALID], [{ token: '' }, INVALID],
        [{ token: flipped }, INVALID], [{ token: token.slice(1) }, INVALID],
        [{ token: `${token}0` }, INVALID], [{ token: `${token}\0` }, INVALID],
        [{ token: token.toUpperCase().replace(/\d/g, 'A') }, INVALID],
        [{ token: 'é'.repeat(16) }, INVALID],
        [{ token: '0'.repeat(32) }, INVALID],
        [{ token: ' '.repeat(32) }, INVALID],
      ]) {
        assert.strictEqual(thrownBy(() => open({ from })).code, code, from);
      }
      open({ from: { token } });
    });

    it('is closed after its time', async () => {
      const before = descriptors();
      const tickets = [];
      for (let i = 0; i < 20; i++)
        tickets.push((await bound()).detach({ timeout: 1 + i }));
      await until(() => `${descriptors()} descriptors, ${before} before`,
        () => descriptors() <= before);
      for (const from of tickets)
        assert.strictEqual(thrownBy(() => open({ from })).code, INVALID);
    });

    it('is closed after its time if its thread has ended', async () => {
      const before = descriptors();
      const worker = inWorker((inner, parentPort) => {
        const socket = inner.createSocket('udp4');
        socket.bind(0, '127.0.0.1', () => {
          const { port } = socket.address();
          parentPort.postMessage([port, socket.detach({ timeout: 1 })]);
        });
      });
      const [[, ticket]] = await once(worker, 'message');
      await worker.terminate();
      await new Promise((resolve) => setTimeout(resolve, 5));
      assert.strictEqual(thrownBy(() => open({ from: ticket })).code, INVALID);
      await until(() => `${descriptors()} descriptors, ${before} before`,
        () => descriptors() <= before);
    });

    it('does not keep the process alive', async () => {
      assert.deepStrictEqual(await reportsOf((inner, report) => {
        const socket = inner.createSocket('udp4');
        socket.on('close', () => report('close'));
        socket.bind(0, () => {
          socket.detach();
          report('left');
        });
      }), ['left', 'close']);
    });

    it('leaves no timer behind once it is used', async () => {
      let socket = await bound();
      const timers = new Set();
      const hook = createHook({
        init(id, type) {
          if (type === 'Timeout') timers.add(id);
        },
        destroy(id) {
          timers.delete(id);
        },
      }).enable();
      for (let i = 0; i < 10; i++) socket = open({ from: socket.detach() });
      await nextIteration();
      await nextIteration();
      hook.disable();
      assert.strictEqual(timers.size, 0);
    });

    it('survives a failed use', async () => {
      const ticket = (await bound()).detach();
      for (const [options, name] of [
        [{ type: 'udp6' }, 'type'], [{ reuseAddr: true }, 'reuseAddr'],
        [{ ipv6Only: false }, 'ipv6Only'], [{ priority: 1 }, 'priority'],
        [{ receiveInfo: ['ttl'] }, 'receiveInfo'], [{ workers: 1 }, 'workers'],
        [{ steering: 'cpu' }, 'steering'], [{ device: 'lo' }, 'device'],
        [{ recvBufferSize: 5 }, 'recvBufferSize'],
      ]) {
        const error = thrownBy(() => open({ ...options, from: ticket }));
        assert.strictEqual(error.code, INVALID);
        assert.match(error.message, new RegExp(`'options\\.${name}'`));
      }
      for (const options of [{ lookup: 5 }, { signal: 5 }, { signal: null },
        { sharedBuffers: 5 }, { receiveBlockList: 5 }]) {
        const error = thrownBy(() => open({ ...options, from: ticket }));
        assert.strictEqual(error.code, 'ERR_INVALID_ARG_TYPE');
      }
      assert.ok(open({ type: 'udp4', from: ticket }).address().port > 0);
    });

    it('can be used again and again by new detach()', async () => {
      let socket = await bound();
      const address = socket.address();
      const before = descriptors();
      for (let i = 0; i < 50; i++) {
        socket = open({ from: socket.detach() });
        assert.deepStrictEqual(socket.address(), address);
      }
      await until(() => `${descriptors()} descriptors, ${before} before`,
        () => descriptors() <= before);
    });
  });

  describe('the new socket', () => {
    it('accepts options that are not of the descriptor', async () => {
      const list = new BlockList();
      list.addAddress('127.0.0.1');
      const names = [];
      const socket = await bound();
      const { port } = socket.address();
      const next = open({
        from: socket.detach(),
        sharedBuffers: true,
        receiveBlockList: list,
        lookup: (name, family, callback) => {
          names.push(name);
          callback(null, '127.0.0.1', 4);
        },
      });
      assert.strictEqual(stateOf(next).handle.sharedBuffers, true);
      next.on('message', () => assert.fail('it is blocked'));
      await send(next, 'x', port, 'name');
      assert.deepStrictEqual(names, ['name']);
      await nextIteration();
    });

    it('keeps sharedBuffers, unless it is given', async () => {
      const socket = await bound({ type: 'udp4', sharedBuffers: true });
      const second = open({ from: socket.detach() });
      assert.strictEqual(stateOf(second).handle.sharedBuffers, true);
      const third = open({ from: second.detach(), sharedBuffers: false });
      assert.strictEqual(stateOf(third).handle.sharedBuffers, false);
    });

    it('can be closed by a signal', async () => {
      const socket = await bound();
      const abort = new AbortController();
      const next = open({ from: socket.detach(), signal: abort.signal });
      const closed = once(next, 'close');
      abort.abort();
      await closed;
    });

    it('is connected if the old one was', async () => {
      const other = await bound();
      const socket = await connectedTo(other);
      const next = open({ from: socket.detach() });
      assert.deepStrictEqual(next.remoteAddress(), other.address());
      const texts = receiveText(other, 1);
      await send(next, 'to the peer');
      assert.deepStrictEqual(await texts, ['to the peer']);
      next.disconnect();
      assert.strictEqual(thrownBy(() => next.remoteAddress()).code,
        'ERR_SOCKET_DGRAM_NOT_CONNECTED');
    });

    it('has the memberships', async () => {
      const socket = await bound('udp4', 0, '0.0.0.0');
      socket.addMembership('239.255.77.9', '127.0.0.1');
      const { port } = socket.address();
      const next = open({ from: socket.detach() });
      const sender = await bound();
      sender.setMulticastInterface('127.0.0.1');
      const texts = receiveText(next, 1);
      sender.send('group', port, '239.255.77.9');
      assert.deepStrictEqual(await texts, ['group']);
      next.dropMembership('239.255.77.9', '127.0.0.1');
    });

    itLinux('has the options of the descriptor', async () => {
      const socket = await bound({ type: 'udp4', priority: 5, freebind: true });
      socket.setTypeOfService(0x20);
      socket.setDontFragment(true);
      const names = ['SO_PRIORITY', 'IP_FREEBIND', 'IP_TOS', 'IP_MTU_DISCOVER',
        'SO_REUSEADDR', 'SO_REUSEPORT'];
      const before = readOptions(fdOf(socket), ...names);
      const next = open({ from: socket.detach() });
      assert.deepStrictEqual(readOptions(fdOf(next), ...names), before);
      const again = await bound({ type: 'udp4', reuseAddr: true });
      const third = open({ from: again.detach() });
      assert.strictEqual(
        readOptions(fdOf(third), 'SO_REUSEADDR').SO_REUSEADDR, 1);
    });

    itLinux('has its place among steered sockets', async () => {
      const options = {
        type: 'udp4', reusePort: true, workers: 2,
        steering: { offset: 0, length: 1 },
      };
      const first = await bound(options);
      const { port } = first.address();
      const second = await bound(options, port);
      const sender = await peer();
      const moved = open({ from: first.detach() });
      for (const [socket, byte] of [[moved, 0], [second, 1], [moved, 2]]) {
        const message = receive(socket, 1);
        sender.send(Buffer.from([byte]), port, '127.0.0.1');
        assert.strictEqual((await message)[0].msg[0], byte);
      }
      assert.strictEqual(readOptions(fdOf(moved), 'UDP_GRO').UDP_GRO, 0);
      const many = receive(moved, 100);
      for (let i = 0; i < 100; i++)
        sender.send(Buffer.from([2 * i % 256]), port, '127.0.0.1');
      await many;
      assert.strictEqual(readOptions(fdOf(moved), 'UDP_GRO').UDP_GRO, 0);
    });

    itOwn('has receiveInfo', async () => {
      const socket = await bound({
        type: 'udp4', receiveInfo: ['localAddress', 'ttl', 'timestamp'],
      }, 0, '0.0.0.0');
      const { port } = socket.address();
      const sender = await peer();
      // One is delivered by each, and the rest was read by the first.
      const moved = once(socket, 'message').then(() => socket.detach());
      const count = 20;
      for (let i = 0; i < count; i++) sender.send(`${i}`, port, '127.0.0.2');
      const next = open({ from: await moved });
      for (const { rinfo } of await receive(next, count - 1)) {
        assert.strictEqual(rinfo.localAddress, '127.0.0.2');
        assert.strictEqual(rinfo.ttl, 64);
        assert.strictEqual(typeof rinfo.timestamp, 'bigint');
        assert.strictEqual(rinfo.port, sender.address().port);
      }
    });

    itOwn('has icmpErrors', async () => {
      const closed = await peer();
      const { port } = closed.address();
      await close(closed);
      const socket = await bound({ type: 'udp4', icmpErrors: true });
      const next = open({ from: socket.detach() });
      const icmp = once(next, 'icmp');
      next.send('x', port, '127.0.0.1');
      assert.strictEqual((await icmp)[0].code, 'ECONNREFUSED');
    });

    it('counts from zero', async () => {
      const socket = await bound();
      const { port } = socket.address();
      const texts = receiveText(socket, 1);
      await send(socket, 'x', port, '127.0.0.1');
      await texts;
      const next = open({ from: socket.detach() });
      const { received, sent } = next.stats();
      assert.deepStrictEqual([received, sent], [0, 0]);
    });

    it('may be unreferenced', async () => {
      assert.deepStrictEqual(await reportsOf((inner, report) => {
        const socket = inner.createSocket('udp4');
        socket.bind(0, '127.0.0.1', () => {
          const { port } = socket.address();
          for (let i = 0; i < 5; i++) socket.send('x', port, '127.0.0.1');
          socket.once('message', () => {
            const next = inner.createSocket({ from: socket.detach() });
            next.on('message', (msg) => report(`${msg}`));
            next.unref();
          });
        });
        setTimeout(() => report('end'), 300);
      }), ['x', 'x', 'x', 'x', 'end']);
    });
  });

  describe('datagrams that were received', () => {
    for (const type of hasIPv6 ? ['udp4', 'udp6'] : ['udp4']) {
      it(`move along, ${type}`, async () => {
        const socket = await bound(type);
        makeRoom(socket, 1 << 18);
        const { port, address } = socket.address();
        const sender = await peer(type);
        const count = 200;
        const texts = [];
        let next;
        const done = new Promise((resolve) => {
          const listen = (on) => (msg, rinfo) => {
            texts.push(`${msg}`);
            assert.strictEqual(rinfo.port, sender.address().port);
            assert.strictEqual(rinfo.address, address);
            if (texts.length === count) resolve();
            // Again in the middle of a batch, and of a backlog.
            if (texts.length % 7 !== 0) return;
            next = open({ from: on.detach() });
            next.on('message', listen(next));
          };
          socket.on('message', listen(socket));
        });
        for (const text of numbers(count)) sender.send(text, port, address);
        await done;
        assert.deepStrictEqual(texts, numbers(count));
        await nextIteration();
        assert.strictEqual(texts.length, count);
      });
    }

    it('are counted once', async () => {
      const sum = () => dgram.stats().received;
      const socket = await bound();
      makeRoom(socket, 1 << 18);
      const { port } = socket.address();
      const sender = await peer();
      const before = sum();
      const moved = once(socket, 'message').then(() => socket.detach());
      for (const text of numbers(100)) sender.send(text, port, '127.0.0.1');
      const next = open({ from: await moved });
      const texts = await receiveText(next, 99);
      assert.deepStrictEqual(texts, numbers(99, 1));
      assert.strictEqual(sum() - before, 100);
      assert.strictEqual(next.stats().received, 99);
    });

    it('wait for their listener', async () => {
      const socket = await bound();
      const { port } = socket.address();
      const ticket = socket.detach();
      const sender = await peer();
      for (const text of numbers(10))
        await new Promise((resolve) =>
          sender.send(text, port, '127.0.0.1', resolve));
      const next = open({ from: ticket });
      assert.deepStrictEqual(await receiveText(next, 10), numbers(10));
    });

    it('are delivered before newer ones', async () => {
      const socket = await bound();
      makeRoom(socket, 1 << 18);
      const { port } = socket.address();
      const sender = await peer();
      const moved = once(socket, 'message').then(() => socket.detach());
      for (const text of numbers(60)) sender.send(text, port, '127.0.0.1');
      const ticket = await moved;
      for (const text of numbers(60, 60)) {
        await new Promise((resolve) =>
          sender.send(text, port, '127.0.0.1', resolve));
      }
      const next = open({ from: ticket });
      assert.deepStrictEqual(await receiveText(next, 119), numbers(119, 1));
    });

    it('are dropped with the new socket', async () => {
      const socket = await bound();
      const { port } = socket.address();
      const sender = await peer();
      const moved = once(socket, 'message').then(() => socket.detach());
      for (const text of numbers(30)) sender.send(text, port, '127.0.0.1');
      const next = open({ from: await moved });
      next.on('message', () => next.close());
      await once(next, 'close');
    });

    itMerged('move along as GRO buffers', async () => {
      const socket = await bound();
      makeRoom(socket, 1 << 20);
      const { port } = socket.address();
      const sender = await bound();
      const size = 100;
      const flood = (first, count) => {
        const list = [];
        for (let i = first; i < first + count; i++) {
          const msg = Buffer.alloc(size);
          msg.writeUInt32BE(i);
          list.push(msg, port, '127.0.0.1');
        }
        sender.sendMany(list);
      };
      const got = [];
      const total = 3000;
      let owner = socket;
      let moves = 0;
      const done = new Promise((resolve) => {
        const listen = (msg) => {
          assert.strictEqual(msg.length, size);
          got.push(msg.readUInt32BE());
          if (got.length === total) resolve();
          if (got.length % 333 !== 0) return;
          owner = open({ from: owner.detach() });
          owner.on('message', listen);
          moves++;
        };
        socket.on('message', listen);
      });
      for (let first = 0; first < total; first += 300) {
        flood(first, 300);
        await until(() => `${got.length} of ${first}`,
          () => got.length >= first);
      }
      await done;
      assert.deepStrictEqual(got, Array.from({ length: total }, (_, i) => i));
      assert.ok(moves > 5);
      assert.strictEqual(readOptions(fdOf(owner), 'UDP_GRO').UDP_GRO, 1);
    });

    itMerged('waiting as GRO buffers are split for others', async () => {
      const socket = await bound();
      makeRoom(socket, 1 << 20);
      const { port } = socket.address();
      const sender = await bound();
      const flood = (count) => sender.sendMany(
        numbers(count).flatMap(() => [Buffer.alloc(100), port, '127.0.0.1']));
      const first = receive(socket, 300);
      flood(300);
      await first;
      assert.strictEqual(readOptions(fdOf(socket), 'UDP_GRO').UDP_GRO, 1);
      const ticket = socket.detach();
      flood(300); // as GRO buffers, and they stay in the kernel
      const next = open({ from: ticket });
      assert.ok(stateOf(next).handle.fd > 0); // the program may read from it
      assert.strictEqual(readOptions(fdOf(next), 'UDP_GRO').UDP_GRO, 0);
      for (const { msg } of await receive(next, 300))
        assert.strictEqual(msg.length, 100);
    });

    it('of a batch listener move along behind its batch', async () => {
      const socket = await bound();
      makeRoom(socket, 1 << 20);
      const { port } = socket.address();
      const sender = await peer();
      const count = 300;
      const texts = [];
      const take = ({ data, offsets, sizes, count: n }) => {
        for (let i = 0; i < n; i++) {
          texts.push(String(data.subarray(offsets[i], offsets[i] + sizes[i])));
        }
      };
      let owner = socket;
      const listen = (batch) => {
        take(batch);
        owner = open({ from: owner.detach() });
        owner.on('batch', listen);
      };
      socket.on('batch', listen);
      for (const text of numbers(count)) sender.send(text, port, '127.0.0.1');
      await until(() => `${texts.length} datagrams`,
        () => texts.length === count);
      assert.deepStrictEqual(texts, numbers(count));
    });
  });

  describe('datagrams that were sent', () => {
    it('leave before detach() returns, with their callbacks', async () => {
      for (const connected of [false, true]) {
        const receiver = await bound();
        makeRoom(receiver, 1 << 18);
        const socket = connected ? await connectedTo(receiver) : await bound();
        const target = connected ? [] : [receiver.address().port, '127.0.0.1'];
        const texts = receiveText(receiver, 102);
        let callbacks = 0;
        for (const text of numbers(100)) {
          socket.send(text, ...target, (error, bytes) => {
            assert.strictEqual(error, null);
            assert.strictEqual(bytes, text.length);
            callbacks++;
          });
        }
        socket.send('100', ...target);
        const next = open({ from: socket.detach() });
        next.send('101', ...target);
        assert.deepStrictEqual(await texts, numbers(102));
        await until(() => `${callbacks} callbacks`, () => callbacks === 100);
      }
    });

    it('that are queued are still sent, with their callbacks', async () => {
      const reports = await reportsOf((inner, report) => {
        const receiver = inner.createSocket('udp4');
        const socket = inner.createSocket('udp4');
        const got = [];
        let callbacks = 0;
        let next;
        const end = () => {
          if (got.length < 51 || callbacks < 50) return;
          report([got.slice(0, 50).every((text, i) => text === `${i}`),
                  got[50], callbacks]);
          receiver.close();
          const address = next.address();
          next.close();
          // The old one was closed after the last of its datagrams.
          const again = inner.createSocket('udp4');
          again.bindSync(address);
          again.close();
        };
        receiver.on('message', (msg) => {
          got.push(`${msg}`);
          if (got.length === 50) next.send('last', port, '127.0.0.1');
          end();
        });
        let port;
        receiver.bind(0, '127.0.0.1', () => socket.bind(0, '127.0.0.1', () => {
          ({ port } = receiver.address());
          const list = [];
          for (let i = 0; i < 50; i++) list.push(`${i}`, port, '127.0.0.1');
          socket.sendMany(list.slice(0, 60));
          for (let i = 20; i < 50; i++) {
            socket.send(`${i}`, port, '127.0.0.1', (error) => {
              if (error === null) callbacks++;
              end();
            });
          }
          callbacks = 20; // those of sendMany()
          report(socket.getSendQueueCount() > 0);
          socket.on('close', () => report('close'));
          next = inner.createSocket({ from: socket.detach() });
        }));
      }, { execArgv: ['--test-udp-no-try-send'] });
      assert.deepStrictEqual(reports,
        [true, 'close', [true, 'last', 50]]);
    });

    it('that are queued are lost with their thread', async () => {
      const receiver = await bound();
      const { port } = receiver.address();
      for (let round = 0; round < 5; round++) {
        const worker = inWorker((inner, parentPort, at) => {
          const socket = inner.createSocket('udp4');
          socket.bind(0, '127.0.0.1', () => {
            const list = [];
            for (let i = 0; i < 50; i++) list.push('x', at, '127.0.0.1');
            socket.sendMany(list);
            parentPort.postMessage(socket.detach());
            process.exit();
          });
        }, port, { execArgv: ['--test-udp-no-try-send'] });
        const ticket = once(worker, 'message');
        await once(worker, 'exit');
        assert.ok(open({ from: (await ticket)[0] }).address().port > 0);
      }
    });

    it('that wait for a lookup fail with ECANCELED', async () => {
      const answers = [];
      const socket = await bound({
        type: 'udp4',
        lookup: (name, family, callback) => {
          if (name === 'slow') answers.push(callback);
          else callback(null, name, 4);
        },
      });
      const outcome = new Promise((resolve) =>
        socket.send('x', 9, 'slow', resolve));
      socket.send('without a callback', 9, 'slow');
      closeTicket(socket.detach());
      for (const answer of answers) answer(null, '127.0.0.1', 4);
      const error = await outcome;
      assert.strictEqual(error.message, 'send ECANCELED slow:9');
    });
  });

  describe('a worker', () => {
    it('can take it, and give it back', async () => {
      const socket = await bound();
      const address = socket.address();
      const worker = inWorker((inner, parentPort) => {
        parentPort.once('message', (from) => {
          const moved = inner.createSocket({ from });
          moved.once('message', (msg, { port, address: ip }) => {
            moved.send(`worker ${msg}`, port, ip, () => {
              parentPort.postMessage(moved.detach());
            });
          });
        });
      });
      worker.postMessage(socket.detach());
      const client = await bound();
      const answer = receiveText(client, 1);
      client.send('asked', address.port, '127.0.0.1');
      assert.deepStrictEqual(await answer, ['worker asked']);
      const [ticket] = await once(worker, 'message');
      await worker.terminate();
      const back = open({ from: ticket });
      assert.deepStrictEqual(back.address(), address);
      const texts = receiveText(back, 1);
      client.send('again', address.port, '127.0.0.1');
      assert.deepStrictEqual(await texts, ['again']);
    });

    it('can leave it and end', async () => {
      const worker = inWorker((inner, parentPort) => {
        const socket = inner.createSocket('udp4');
        socket.bind(0, '127.0.0.1', () =>
          parentPort.postMessage(socket.detach()));
      });
      const ticket = once(worker, 'message');
      await once(worker, 'exit');
      const socket = open({ from: (await ticket)[0] });
      const texts = receiveText(socket, 1);
      await send(socket, 'self', socket.address().port, '127.0.0.1');
      assert.deepStrictEqual(await texts, ['self']);
    });

    it('loses nothing under traffic, in both directions', async () => {
      const socket = await bound();
      makeRoom(socket, 1 << 21);
      const { port } = socket.address();
      const sender = await peer();
      const count = 4000;
      const texts = [];
      let moves = 0;
      const worker = inWorker((inner, parentPort) => {
        parentPort.on('message', (from) => {
          const moved = inner.createSocket({ from });
          const got = [];
          moved.on('message', (msg) => {
            if (got.push(`${msg}`) < 100) return;
            const ticket = moved.detach();
            parentPort.postMessage({ got, ticket });
          });
          setTimeout(() => {
            // Whatever is left, unless it has been handed over.
            if (got.length >= 100) return;
            parentPort.postMessage({ got, ticket: moved.detach() });
          }, 500);
        });
      });
      const listen = (owner) => {
        let left = 100;
        owner.on('message', (msg) => {
          texts.push(`${msg}`);
          if (--left > 0) return;
          moves++;
          worker.postMessage(owner.detach());
        });
      };
      worker.on('message', ({ got, ticket }) => {
        texts.push(...got);
        listen(open({ from: ticket }));
      });
      listen(socket);
      for (let i = 0; i < count; i++) {
        sender.send(`${i}`, port, '127.0.0.1');
        if (i % 20 === 19) await nextIteration();
      }
      await until(() => `${texts.length} of ${count}, ${moves} moves`,
        () => texts.length === count);
      assert.deepStrictEqual(texts, numbers(count));
      assert.ok(moves > 10);
      await worker.terminate();
    });

    it('races others for a ticket: one takes it', async () => {
      const workers = Array.from({ length: 3 }, () =>
        inWorker((inner, parentPort) => {
          parentPort.on('message', (from) => {
            try {
              inner.createSocket({ from }).close();
              parentPort.postMessage('taken');
            } catch ({ code }) {
              parentPort.postMessage(code);
            }
          });
          parentPort.postMessage('ready');
        }));
      await Promise.all(workers.map((worker) => once(worker, 'message')));
      for (let round = 0; round < 50; round++) {
        const ticket = (await bound()).detach();
        const outcomes = workers.map((worker) => once(worker, 'message'));
        for (const worker of workers) worker.postMessage(ticket);
        assert.deepStrictEqual((await Promise.all(outcomes)).flat().sort(),
          [INVALID, INVALID, 'taken']);
      }
      await Promise.all(workers.map((worker) => worker.terminate()));
    });

    it('moves sockets while other threads do', async () => {
      const before = descriptors();
      const workers = Array.from({ length: 4 }, () =>
        inWorker((inner, parentPort) => {
          let socket = inner.createSocket('udp4');
          const { port } = socket.bindSync({ address: '127.0.0.1' });
          for (let i = 0; i < 500; i++) {
            const ticket = socket.detach();
            if (i % 5 === 0) inner.createSocket('udp4').close();
            socket = inner.createSocket({ from: ticket });
          }
          parentPort.postMessage(socket.address().port === port);
          socket.close();
        }));
      const kept = workers.map((worker) => once(worker, 'message'));
      assert.deepStrictEqual((await Promise.all(kept)).flat(),
        [true, true, true, true]);
      await Promise.all(workers.map((worker) => worker.terminate()));
      await until(() => `${descriptors()} descriptors, ${before} before`,
        () => descriptors() <= before);
    });

    it('may be terminated at any moment', async () => {
      const before = descriptors();
      for (let round = 0; round < 12; round++) {
        const socket = await bound();
        const { port } = socket.address();
        const sender = await peer();
        const worker = inWorker((inner, parentPort) => {
          const take = (from) => {
            const moved = inner.createSocket({ from });
            let n = 0;
            moved.on('message', () => {
              // Hands it to itself.
              if (++n === 3) take(moved.detach({ timeout: 200 }));
            });
          };
          parentPort.once('message', (from) => {
            take(from);
            parentPort.postMessage('taken');
          });
        });
        worker.postMessage(socket.detach());
        await once(worker, 'message');
        for (let i = 0; i < 200; i++) sender.send('x', port, '127.0.0.1');
        if (round % 3 !== 0) await nextIteration();
        if (round % 3 === 2)
          await new Promise((resolve) => setTimeout(resolve, round));
        await worker.terminate();
        await close(sender);
      }
      // A ticket of a dead thread is closed by the next call.
      await new Promise((resolve) => setTimeout(resolve, 210));
      thrownBy(() => open({ from: { token: '0'.repeat(32) } }));
      await until(() => `${descriptors()} descriptors, ${before} before`,
        () => descriptors() <= before + 1);
    });
  });

  itOwn('keeps GRO off if others have the descriptor',
    async () => {
      for (const share of [
        (handle) => handle.share(),
        (handle) => handle.fd,
      ]) {
        const socket = await bound();
        makeRoom(socket, 1 << 18);
        const { port } = socket.address();
        const sender = await peer();
        share(stateOf(socket).handle);
        const next = open({ from: socket.detach() });
        const texts = receiveText(next, 100);
        for (const text of numbers(100)) sender.send(text, port, '127.0.0.1');
        await texts;
        assert.strictEqual(readOptions(fdOf(next), 'UDP_GRO').UDP_GRO, 0);
      }
    });
});
