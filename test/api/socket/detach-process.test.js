'use strict';

// detach({ process: true }) and createSocket({ from, handle }): a descriptor
// moves to another process.

const assert = require('node:assert');
const {
  bound, close, connectedTo, hasIPv6, itMerged, makeRoom, nextIteration, once,
  open, receiveText, reportsOf, send, stateOf, thrownBy, throwsSystemError,
} = require('../../support/dgram');
const { until } = require('../../e2e/support/limited');
const { fork, receiveFrom } = require('../../support/forks');
const { descriptors } = require('../../support/kernel');
const { readOptions } = require('../../support/sockopt');
const {
  INVALID, TYPE, delay, describeMoves, descriptorsReturn, detach, fdOf, freed,
  itLinux, itOwn, numbers, peer, reported, sendTo, take, takeBack, taker,
  textsOf,
} = require('./detach-process-kit');

describeMoves('detach({ process })', () => {
  it('returns a ticket of plain data, and a built-in handle', async () => {
    const socket = await bound();
    const address = socket.address();
    const { ticket, handle, ...rest } = detach(socket);
    assert.deepStrictEqual(rest, {});
    assert.deepStrictEqual(structuredClone(ticket), ticket);
    assert.deepStrictEqual(JSON.parse(JSON.stringify(ticket)), ticket);
    assert.strictEqual(ticket.port, address.port);
    assert.strictEqual(ticket.address, address.address);
    assert.strictEqual(handle.constructor.name, 'UDP');
    assert.ok(handle.fd > 2);
    assert.strictEqual(thrownBy(() => socket.address()).code,
      'ERR_SOCKET_DGRAM_NOT_RUNNING');
    await once(socket, 'close');
    handle.close();
    await freed(address);
  });

  it('checks its option', async () => {
    const socket = await bound();
    for (const value of [null, 1, 'true', {}]) {
      const error = thrownBy(() => socket.detach({ process: value }));
      assert.strictEqual(error.code, TYPE);
      assert.match(error.message, /"options\.process"/);
    }
    const { token } = socket.detach({ process: false });
    open({ from: { token } });
  });

  it('throws as detach() does', async () => {
    throwsSystemError(() => detach(open('udp4')), 'EBADF', 'detach');
    const socket = await bound();
    socket.connect(9, '127.0.0.1');
    throwsSystemError(() => detach(socket), 'EALREADY', 'detach');
    await once(socket, 'connect');
    detach(socket).handle.close();
  });

  it('can be used in its own process', async () => {
    const before = descriptors();
    const socket = await bound();
    const { port } = socket.address();
    const { ticket, handle } = detach(socket);
    const next = open({ from: ticket, handle });
    assert.strictEqual(handle.fd < 0, true);
    const texts = receiveText(next, 1);
    await send(next, 'self', port, '127.0.0.1');
    assert.deepStrictEqual(await texts, ['self']);
    const error = thrownBy(() => open({ from: ticket, handle }));
    assert.strictEqual(error.code, INVALID);
    assert.match(error.message, /'options\.handle' must be open/);
    await close(next);
    await descriptorsReturn(before);
  });

  for (const serialization of ['json', 'advanced']) {
    describe(`serialization: '${serialization}'`, () => {
      it('moves the port and what was received, and back', async () => {
        const before = descriptors();
        const child = fork(taker, { serialization });
        const socket = await bound();
        const address = socket.address();
        const sender = await peer();
        const { port } = sender.address();
        const first = once(socket, 'message');
        for (const text of numbers(20))
          sender.send(text, address.port, '127.0.0.1');
        await first;
        const departure = detach(socket);
        for (const text of numbers(20, 20))
          await send(sender, text, address.port, '127.0.0.1');
        const list = reported(child, 40);
        await sendTo(child, departure);
        assert.ok(departure.handle.fd < 0, 'the handle is still open');
        const [{ address: there }, ...datagrams] = await list;
        assert.deepStrictEqual(there, address);
        assert.deepStrictEqual(textsOf(datagrams), numbers(39, 1));
        assert.deepStrictEqual(datagrams[0].info,
          { address: '127.0.0.1', family: 'IPv4', port, size: 1 });

        const next = await takeBack(child);
        assert.deepStrictEqual(next.address(), address);
        const texts = receiveText(next, 1);
        sender.send('again', address.port, '127.0.0.1');
        assert.deepStrictEqual(await texts, ['again']);
        await close(next);
        await freed(address);
        await close(sender);
        child.kill();
        await once(child, 'exit');
        await descriptorsReturn(before);
      });

      it('moves datagrams of any bytes and size', async () => {
        const child = fork((inner) => {
          process.on('message', (ticket, handle) => {
            inner.createSocket({ from: ticket, handle })
              .on('message', (msg) => process.send(msg.toString('hex')));
            process.send('taken');
          });
        }, { serialization });
        const socket = await bound();
        makeRoom(socket, 1 << 19);
        const payloads = [
          Buffer.alloc(0), Buffer.from([0]), Buffer.alloc(0),
          Buffer.from(Array.from({ length: 256 }, (_, i) => i)),
          Buffer.alloc(65507, 'é'), Buffer.alloc(1472, 255),
        ];
        const first = once(socket, 'message');
        const target = [socket.address().port, '127.0.0.1'];
        const sender = await peer();
        for (const msg of ['first', ...payloads])
          await send(sender, msg, ...target);
        await first;
        const { ticket, handle } = detach(socket);
        const list = reported(child, payloads.length + 1);
        child.send(ticket, handle);
        assert.deepStrictEqual(await list,
          ['taken', ...payloads.map((msg) => msg.toString('hex'))]);
      });
    });
  }

  it('loses nothing under traffic, from process to process', async () => {
    // Each owner takes some datagrams and hands the socket on: from this
    // process to a child, to another child, and back.
    const share = 150;
    const count = 3000;
    const owner = (inner) => {
      process.on('message', ({ ticket, share: n }, handle) => {
        const socket = inner.createSocket({ from: ticket, handle });
        const got = [];
        socket.on('message', (msg) => {
          if (got.push(String(msg)) < n) return;
          const next = socket.detach({ process: true });
          process.send({ got, ticket: next.ticket }, next.handle);
        });
      });
      process.send('ready');
    };
    const children = [fork(owner), fork(owner, { serialization: 'advanced' })];
    await Promise.all(children.map(receiveFrom));
    const socket = await bound();
    makeRoom(socket, 1 << 21);
    const { port } = socket.address();
    const before = descriptors();
    const sender = (inner, { port: to, id, n }) => {
      const from = require('node:dgram').createSocket('udp4');
      let i = 0;
      const tick = () => {
        for (let k = 0; k < 15 && i < n; k++, i++)
          from.send(`${id} ${i}`, to, '127.0.0.1');
        if (i < n) setTimeout(tick, 3);
        else setImmediate(() => from.close(() => process.disconnect()));
      };
      from.bind(0, tick);
    };
    const senders = [1, 2].map((id) =>
      fork(sender, { data: { port, id, n: count / 2 } }));
    const texts = [];
    let moves = 0;
    // The turn of each: this process, then the children.
    const listen = (here) => {
      let left = share;
      here.on('message', (msg) => {
        texts.push(String(msg));
        if (--left > 0 || texts.length >= count) return;
        moves++;
        const { ticket, handle } = detach(here);
        children[0].send({ ticket, share }, handle);
      });
    };
    children[0].on('message', ({ got, ticket }, handle) => {
      texts.push(...got);
      moves++;
      // Node's own handle, of which this process is not the owner.
      children[1].send({ ticket, share }, handle, () => handle.close());
    });
    children[1].on('message', ({ got, ticket }, handle) => {
      texts.push(...got);
      moves++;
      listen(open({ from: ticket, handle }));
    });
    listen(socket);
    await until(() => `${texts.length} of ${count}, ${moves} moves`,
      () => texts.length === count);
    for (const id of [1, 2]) {
      assert.deepStrictEqual(
        texts.filter((text) => text.startsWith(`${id} `)),
        numbers(count / 2).map((i) => `${id} ${i}`));
    }
    assert.ok(moves >= 15, `${moves} moves`);
    await Promise.all(senders.map((one) => one.exitCode ?? once(one, 'exit')));
    await delay(50);
    assert.strictEqual(texts.length, count);
    assert.ok(descriptors() <= before + 4, 'descriptors are left');
  });

  const itMoves = (title, env) => itMerged(title, async () => {
    const child = fork((inner) => {
      process.on('message', (ticket, handle) => {
        const socket = inner.createSocket({ from: ticket, handle });
        const got = [];
        socket.on('message', (msg) => {
          got.push(msg.length === 100 ? msg.readUInt32BE() : msg.length);
          if (got.length < 800) return;
          const { received, mergedRuns } = socket.stats();
          process.send({ got, received, mergedRuns });
        });
      });
    }, { env });
    const socket = await bound();
    makeRoom(socket, 1 << 20);
    const { port } = socket.address();
    const sender = await bound();
    const flood = (first, n) => sender.sendMany(
      Array.from({ length: n }, (_, i) => i + first).flatMap((i) => {
        const msg = Buffer.alloc(100);
        msg.writeUInt32BE(i);
        return [msg, port, '127.0.0.1'];
      }));
    const warm = receiveText(socket, 300);
    flood(0, 300);
    await warm;
    assert.strictEqual(readOptions(fdOf(socket), 'UDP_GRO').UDP_GRO, 1);
    flood(0, 500); // GRO buffers, of which 7 datagrams are emitted here
    const got = [];
    const departure = await new Promise((resolve) => {
      socket.on('message', (msg) => {
        if (got.push(msg.readUInt32BE()) === 7) resolve(detach(socket));
      });
    });
    flood(500, 307);
    const answer = receiveFrom(child);
    child.send(departure.ticket, departure.handle);
    const { message } = await answer;
    assert.deepStrictEqual([...got, ...message.got],
      Array.from({ length: 807 }, (_, i) => i));
    assert.strictEqual(message.received, 800);
    assert.ok(message.mergedRuns > 0);
  });

  itMoves('moves GRO buffers, those in the kernel too', {});
  itMoves('moves them to a process without GRO', { DGRAM_NATIVE_GRO: '0' });

  itOwn('moves a GRO buffer of which a part was delivered', async () => {
    let owner = await bound();
    makeRoom(owner, 1 << 20);
    const { port } = owner.address();
    const sender = await bound();
    const flood = () => sender.sendMany(numbers(1000).flatMap((text) =>
      [text.padStart(50, '0'), port, '127.0.0.1']));
    const warm = receiveText(owner, 1000);
    flood();
    await warm;
    const got = [];
    let moves = 0;
    const done = new Promise((resolve) => {
      const listen = (msg) => {
        if (got.push(Number(msg)) === 1000) resolve();
        if (got.length % 37 !== 0) return;
        const { ticket, handle } = detach(owner);
        owner = open({ from: ticket, handle });
        owner.on('message', listen);
        moves++;
      };
      owner.on('message', listen);
    });
    flood();
    await done;
    assert.deepStrictEqual(got, numbers(1000).map(Number));
    assert.strictEqual(moves, 27);
  });

  itOwn('moves more than a receive buffer of GRO buffers', async () => {
    // A blocked event loop: all of it waits in the kernel as GRO buffers.
    const child = fork(taker);
    const socket = await bound();
    makeRoom(socket, 1 << 20);
    const { port } = socket.address();
    const sender = await bound();
    const list = numbers(2000).flatMap((text) =>
      [text.padStart(40, '0'), port, '127.0.0.1']);
    const warm = receiveText(socket, 2000);
    sender.sendMany(list);
    await warm;
    sender.sendMany(list);
    const departure = detach(socket);
    const datagrams = reported(child, 2001);
    await sendTo(child, departure);
    assert.deepStrictEqual(textsOf(await datagrams).slice(1).map(Number),
      numbers(2000).map(Number));
  });

  it('moves datagrams of a batch listener to another', async () => {
    const child = fork((inner) => {
      process.on('message', (ticket, handle) => {
        const texts = [];
        const socket = inner.createSocket({ from: ticket, handle });
        socket.on('batch', ({ data, offsets, sizes, count }) => {
          for (let i = 0; i < count; i++) {
            texts.push(String(
              data.subarray(offsets[i], offsets[i] + sizes[i])));
          }
          process.send(texts);
        });
      });
    });
    const socket = await bound();
    makeRoom(socket, 1 << 18);
    const { port } = socket.address();
    const sender = await peer();
    for (const text of numbers(200)) sender.send(text, port, '127.0.0.1');
    const texts = [];
    const { ticket, handle } = await new Promise((resolve) => {
      socket.on('batch', ({ data, offsets, sizes, count }) => {
        for (let i = 0; i < count; i++)
          texts.push(String(data.subarray(offsets[i], offsets[i] + sizes[i])));
        resolve(detach(socket));
      });
    });
    assert.ok(texts.length < 200);
    let rest = [];
    child.on('message', (list) => {
      rest = list;
    });
    child.send(ticket, handle);
    await until(() => `${rest.length} datagrams`,
      () => texts.length + rest.length === 200);
    assert.deepStrictEqual([...texts, ...rest], numbers(200));
  });

  it('moves what a paused socket holds', async () => {
    const child = fork(taker);
    const socket = await bound();
    const { port } = socket.address();
    const sender = await peer();
    const first = once(socket, 'message').then(() => socket.pause());
    for (const text of numbers(30)) sender.send(text, port, '127.0.0.1');
    await first;
    await delay(20);
    const list = reported(child, 30);
    await sendTo(child, detach(socket));
    assert.deepStrictEqual(textsOf(await list).slice(1), numbers(29, 1));
  });

  itOwn('has receiveInfo', async () => {
    const child = fork(taker);
    const socket = await bound({
      type: 'udp4', receiveInfo: ['localAddress', 'ttl', 'timestamp', 'tos',
        'interface'],
    }, 0, '0.0.0.0');
    const { port } = socket.address();
    const sender = await peer();
    const first = once(socket, 'message').then(() => detach(socket));
    for (const text of numbers(20)) sender.send(text, port, '127.0.0.2');
    const list = reported(child, 20);
    const departure = await first;
    for (let i = 0; i < 2; i++) await nextIteration();
    await sendTo(child, departure);
    const now = BigInt(Date.now()) * 1_000_000n;
    const [, ...datagrams] = await list;
    assert.deepStrictEqual(textsOf(datagrams), numbers(19, 1));
    for (const { info } of datagrams) {
      const { timestamp, ...rest } = info;
      assert.deepStrictEqual(rest, {
        address: '127.0.0.1', family: 'IPv4', port: sender.address().port,
        size: rest.size, localAddress: '127.0.0.2', interface: 'lo',
        ttl: 64, tos: 0,
      });
      const age = now - BigInt(timestamp.slice(0, -1));
      assert.ok(age > -1_000_000_000n && age < 60_000_000_000n);
    }
  });

  it('is connected if the old socket was', async () => {
    const child = fork((inner) => {
      process.on('message', (ticket, handle) => {
        const socket = inner.createSocket({ from: ticket, handle });
        socket.send('to the peer');
        process.send(socket.remoteAddress());
      });
    });
    const other = await bound();
    const socket = await connectedTo(other);
    const texts = receiveText(other, 1);
    const { ticket, handle } = detach(socket);
    const answer = receiveFrom(child);
    child.send(ticket, handle);
    assert.deepStrictEqual((await answer).message, other.address());
    assert.deepStrictEqual(await texts, ['to the peer']);
  });

  (hasIPv6 ? it : it.skip)('moves sockets of IPv6 and of both', async () => {
    const child = fork(taker);
    const socket = await bound('udp6');
    const sender = await peer('udp6');
    const { port } = sender.address();
    const first = once(socket, 'message').then(() => detach(socket));
    for (const text of numbers(5))
      sender.send(text, socket.address().port, '::1');
    const list = reported(child, 5);
    await sendTo(child, await first);
    const [{ address }, ...datagrams] = await list;
    assert.strictEqual(address.family, 'IPv6');
    assert.deepStrictEqual(datagrams.map(({ text, info }) => [text, info]),
      numbers(4, 1).map((text) => [text,
        { address: '::1', family: 'IPv6', port, size: 1 }]));

    const both = await bound('udp', 0, '::');
    const ip4 = await peer();
    const met = once(both, 'message').then(() => detach(both));
    for (const text of numbers(3))
      ip4.send(text, both.address().port, '127.0.0.1');
    const other = fork(taker);
    const rest = reported(other, 3);
    await sendTo(other, await met);
    for (const { info } of (await rest).slice(1))
      assert.strictEqual(info.address, '127.0.0.1');
    const back = await takeBack(other);
    assert.strictEqual(back.type, 'udp');
    const echo = receiveText(ip4, 1);
    await send(back, 'answer', ip4.address().port, '127.0.0.1');
    assert.deepStrictEqual(await echo, ['answer']);
  });

  it('has the memberships', async () => {
    const child = fork(taker);
    const socket = await bound('udp4', 0, '0.0.0.0');
    socket.addMembership('239.255.77.10', '127.0.0.1');
    const { port } = socket.address();
    await take(child, detach(socket));
    const sender = await bound();
    sender.setMulticastInterface('127.0.0.1');
    const list = reported(child, 1);
    sender.send('group', port, '239.255.77.10');
    assert.deepStrictEqual(textsOf(await list), ['group']);
  });

  itLinux('has the options of the descriptor, and no others', async () => {
    const names = ['SO_PRIORITY', 'IP_FREEBIND', 'IP_TOS', 'SO_REUSEADDR',
      'SO_REUSEPORT'];
    for (const reuseAddr of [false, true]) {
      const child = fork(taker);
      const socket =
        await bound({ type: 'udp4', priority: 5, freebind: true, reuseAddr });
      socket.setTypeOfService(0x20);
      const before = readOptions(fdOf(socket), ...names);
      assert.strictEqual(before.SO_REUSEADDR, reuseAddr ? 1 : 0);
      await take(child, detach(socket));
      const back = await takeBack(child);
      assert.deepStrictEqual(readOptions(fdOf(back), ...names), before);
    }
  });

  itOwn('keeps GRO off if others have the descriptor', async () => {
    const child = fork(taker);
    const socket = await bound();
    makeRoom(socket, 1 << 18);
    const { port } = socket.address();
    assert.ok(stateOf(socket).handle.fd > 0);
    const list = reported(child, 101);
    const departure = detach(socket);
    const sender = await bound();
    sender.sendMany(numbers(100).flatMap((text) =>
      [text.padStart(3), port, '127.0.0.1']));
    await sendTo(child, departure);
    await list;
    const back = await takeBack(child);
    assert.strictEqual(readOptions(fdOf(back), 'UDP_GRO').UDP_GRO, 0);
  });

  describe('datagrams that were sent', () => {
    it('leave first', async () => {
      const child = fork((inner) => {
        process.on('message', ({ ticket, port }, handle) => {
          const socket = inner.createSocket({ from: ticket, handle });
          socket.send('100', port, '127.0.0.1');
        });
      });
      const receiver = await bound();
      makeRoom(receiver, 1 << 18);
      const { port } = receiver.address();
      const socket = await bound();
      const texts = receiveText(receiver, 101);
      let callbacks = 0;
      for (const text of numbers(100))
        socket.send(text, port, '127.0.0.1', (error) => callbacks += !error);
      const { ticket, handle } = detach(socket);
      child.send({ ticket, port }, handle);
      assert.deepStrictEqual(await texts, numbers(101));
      assert.strictEqual(callbacks, 100);
    });

    it('that are queued are still sent by this process', async () => {
      assert.deepStrictEqual(await reportsOf((inner, report) => {
        if (process.argv[3] === 'child') {
          process.on('message', ({ ticket }, handle) => {
            inner.createSocket({ from: ticket, handle }).close();
            process.disconnect();
          });
          return;
        }
        const child =
          require('node:child_process').fork(__filename, ['[]', 'child']);
        const receiver = inner.createSocket('udp4');
        const socket = inner.createSocket('udp4');
        const got = [];
        let callbacks = 0;
        const end = () => {
          if (got.length < 50 || callbacks < 30) return;
          report(got.every((text, i) => text === `${i}`));
          receiver.close();
        };
        receiver.on('message', (msg) => {
          got.push(`${msg}`);
          end();
        });
        receiver.bind(0, '127.0.0.1', () => socket.bind(0, '127.0.0.1', () => {
          const { port } = receiver.address();
          const list = [];
          for (let i = 0; i < 20; i++) list.push(`${i}`, port, '127.0.0.1');
          socket.sendMany(list);
          for (let i = 20; i < 50; i++) {
            socket.send(`${i}`, port, '127.0.0.1', (error) => {
              if (error === null) callbacks++;
              end();
            });
          }
          report(socket.getSendQueueCount() > 0);
          const { ticket, handle } = socket.detach({ process: true });
          child.send({ ticket }, handle);
        }));
      }, { execArgv: ['--test-udp-no-try-send'] }), [true, true]);
    });
  });
});
