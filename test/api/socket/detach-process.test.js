'use strict';

// detach({ process: true }) and createSocket({ from, handle }): a descriptor
// moves to another process.

const assert = require('node:assert');
const builtin = require('node:dgram');
const {
  bound, close, closeLater, connectedTo, describeNative, dgram, hasIPv6,
  inChild, inWorker, isLinux, isWindows, makeRoom, nextIteration, once, open,
  packed, receiveText, reportsOf, send, stateOf, temporary, thrownBy,
  throwsSystemError,
} = require('../../support/dgram');
const { until } = require('../../e2e/support/limited');
const { fork, receiveFrom } = require('../../support/forks');
const { descriptors } = require('../../support/kernel');
const { readOptions } = require('../../support/sockopt');

/** A test of the transport 'linux'. */
const itOwn = dgram.transport === 'linux' ? it : it.skip;
const itLinux = isLinux ? it : it.skip;

const INVALID = 'ERR_INVALID_ARG_VALUE';
const TYPE = 'ERR_INVALID_ARG_TYPE';

const fdOf = (socket) => packed.binding().descriptor(stateOf(socket).handle);

const numbers = (count, first = 0) =>
  Array.from({ length: count }, (_, i) => `${first + i}`);

const delay = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** A socket of node:dgram on loopback. */
async function peer(type = 'udp4') {
  const socket = closeLater(builtin.createSocket(type));
  socket.bind(0, type === 'udp4' ? '127.0.0.1' : '::1');
  await once(socket, 'listening');
  return socket;
}

const detach = (socket, options) =>
  socket.detach({ process: true, ...options });

/** Sends a ticket to a child. */
function sendTo(child, { ticket, handle }, options) {
  return new Promise((resolve, reject) => {
    child.send({ ticket, options }, handle,
      (error) => error === null ? resolve() : reject(error));
  });
}

/**
 * A child that takes sockets. It reports `{ address }`, then each datagram as
 * `{ text, info }`; it answers 'back' with the ticket of its socket, and
 * 'close' with 'closed'.
 */
function taker(dgram) {
  let socket;
  const commands = {
    back() {
      const { ticket, handle } = socket.detach({ process: true });
      process.send({ ticket }, handle);
    },
    close() {
      socket.close(() => process.send('closed'));
    },
  };
  process.on('message', (message, handle) => {
    if (typeof message === 'string') return commands[message]();
    const { ticket, options } = message;
    try {
      socket = dgram.createSocket({ ...options, from: ticket, handle });
    } catch ({ code, message: text }) {
      process.send({ error: [code, text], ticket }, handle);
      return;
    }
    socket.on('message', (msg, rinfo) => process.send({
      text: String(msg),
      info: JSON.parse(JSON.stringify(rinfo,
        (key, value) => typeof value === 'bigint' ? `${value}n` : value)),
    }));
    process.send({ address: socket.address(), fd: handle.fd });
  });
}

/** The next `count` messages of a child. */
function reported(child, count) {
  const list = [];
  return new Promise((resolve) => {
    child.on('message', function onMessage(message) {
      if (list.push(message) < count) return;
      child.off('message', onMessage);
      resolve(list);
    });
  });
}

const textsOf = (list) => list.map(({ text }) => text);

async function take(child, departure, options) {
  const answer = receiveFrom(child);
  await sendTo(child, departure, options);
  return (await answer).message;
}

/** A socket from the ticket that a child sends. */
async function takeBack(child, command = 'back') {
  const answer = receiveFrom(child);
  child.send(command);
  const { message, handle } = await answer;
  return open({ from: message.ticket, handle });
}

/** Whether nobody has the port any more. */
async function isFree({ port, address }) {
  const socket = open('udp4');
  try {
    socket.bindSync({ port, address });
    return true;
  } catch {
    return false;
  } finally {
    await close(socket);
  }
}

const freed = (address) =>
  until(`the port ${address.port} to be free`, () => isFree(address));

function descriptorsReturn(before) {
  return until(() => `${descriptors()} descriptors, ${before} before`,
    () => descriptors() <= before);
}

(isWindows ? describe.skip : describeNative)('detach({ process })', () => {
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

  const itMoves = (title, env) => itOwn(title, async () => {
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

  describe('the handle', () => {
    it('is closed after its time', async () => {
      const before = descriptors();
      const gone = [];
      const addresses = [];
      for (let i = 0; i < 10; i++) {
        const socket = await bound();
        addresses.push(socket.address());
        gone.push(detach(socket, { timeout: 1 + i }));
      }
      await descriptorsReturn(before);
      await freed(addresses[0]);
      for (const { ticket, handle } of gone) {
        const error = thrownBy(() => open({ from: ticket, handle }));
        assert.strictEqual(error.code, INVALID);
      }
      const child = fork(taker);
      assert.strictEqual(thrownBy(() => child.send({}, gone[0].handle)).code,
        'ERR_INVALID_HANDLE_TYPE');
      assert.strictEqual(child.connected, true);
    });

    it('does not keep the process alive', async () => {
      assert.deepStrictEqual(await reportsOf((inner, report) => {
        const socket = inner.createSocket('udp4');
        socket.on('close', () => report('close'));
        socket.bind(0, () => report(typeof socket.detach({ process: true })));
      }), ['object', 'close']);
    });

    it('is sent once', async () => {
      const [one, two] = [fork(taker), fork(taker)];
      const socket = await bound();
      const address = socket.address();
      const { ticket, handle } = detach(socket);
      const answer = receiveFrom(one);
      const sent = sendTo(one, { ticket, handle });
      for (const child of [one, two]) {
        assert.strictEqual(thrownBy(() => child.send({ ticket }, handle)).code,
          'ERR_INVALID_HANDLE_TYPE');
      }
      assert.strictEqual(thrownBy(() => open({ from: ticket, handle })).code,
        INVALID);
      await sent;
      assert.deepStrictEqual((await answer).message.address, address);
      for (const child of [one, two]) {
        assert.strictEqual(thrownBy(() => child.send({ ticket }, handle)).code,
          'ERR_INVALID_HANDLE_TYPE');
      }
      const closed = receiveFrom(one);
      one.send('close');
      assert.strictEqual((await closed).message, 'closed');
      await freed(address);
    });

    it('can be sent again after an error', async () => {
      const ended = fork(taker);
      ended.disconnect();
      await once(ended, 'exit');
      const child = fork(taker);
      const socket = await bound();
      const address = socket.address();
      const departure = detach(socket);
      await assert.rejects(sendTo(ended, departure),
        { code: 'ERR_IPC_CHANNEL_CLOSED' });
      const circular = {};
      circular.self = circular;
      assert.throws(() => child.send(circular, departure.handle), TypeError);
      assert.ok(departure.handle.fd > 0);
      const answer = await take(child, departure);
      assert.deepStrictEqual(answer.address, address);
    });

    it('waits for others of its channel', async () => {
      const before = descriptors();
      const child = fork(taker);
      const sockets = [];
      for (let i = 0; i < 5; i++) sockets.push(await bound());
      const ports = sockets.map((socket) => socket.address().port);
      const answers = reported(child, 5);
      await Promise.all(sockets.map((socket) => sendTo(child, detach(socket))));
      assert.deepStrictEqual(
        (await answers).map(({ address }) => address.port), ports);
      child.kill();
      await once(child, 'exit');
      await descriptorsReturn(before);
    });

    it('may be closed while it waits', async () => {
      const child = fork(taker);
      await take(child, detach(await bound()));
      child.kill('SIGSTOP');
      const first = sendTo(child, detach(await bound()));
      const late = detach(await bound(), { timeout: 20 });
      const outcome = sendTo(child, late);
      await first;
      await until('the handle to be closed', () => late.handle.fd < 0);
      child.kill('SIGCONT');
      await assert.rejects(outcome,
        { code: 'EBADF', syscall: 'write', message: 'write EBADF' });
    });

    it('emits an error on the child without a callback', async () => {
      const child = fork(taker);
      await take(child, detach(await bound()));
      child.kill('SIGSTOP');
      await sendTo(child, detach(await bound()));
      const late = detach(await bound(), { timeout: 20 });
      child.send({ ticket: late.ticket }, late.handle);
      await until('the handle to be closed', () => late.handle.fd < 0);
      const error = new Promise((resolve) => child.once('error', resolve));
      child.kill('SIGCONT');
      assert.strictEqual((await error).code, 'EBADF');
    });

    it('is closed after its time if its channel has closed', async () => {
      const before = descriptors();
      const child = fork(taker);
      await take(child, detach(await bound()));
      child.kill('SIGSTOP');
      await sendTo(child, detach(await bound()));
      const socket = await bound();
      const address = socket.address();
      const { ticket, handle } = detach(socket, { timeout: 200 });
      child.send({ ticket }, handle, () => {}); // Node queues it
      assert.ok(handle.fd > 0);
      child.kill('SIGKILL');
      await once(child, 'exit');
      await freed(address);
      await descriptorsReturn(before);
    });

    it('is freed with a child that is killed', async () => {
      const before = descriptors();
      for (const signal of ['SIGSTOP', undefined]) {
        const child = fork(taker);
        await take(child, detach(await bound()));
        const socket = await bound();
        const address = socket.address();
        if (signal) child.kill(signal);
        await sendTo(child, detach(socket));
        child.kill('SIGKILL');
        await once(child, 'exit');
        await freed(address);
      }
      await descriptorsReturn(before);
    });
  });

  describe('createSocket()', () => {
    const attempt = (options) =>
      thrownBy(() => open(options), JSON.stringify(options.from)).code;

    it('rejects anything but a ticket and its handle', async () => {
      const socket = await bound();
      const address = socket.address();
      const { ticket, handle } = detach(socket);
      const other = detach(await bound());
      const closed = detach(await bound());
      closed.handle.close();
      await nextIteration();
      const before = descriptors();
      for (const value of [undefined, null, 5, 'x', {}, socket,
        stateOf(open('udp4')).handle, { fd: handle.fd }]) {
        assert.strictEqual(attempt({ from: ticket, handle: value }), TYPE);
      }
      for (const [options, code] of [
        [{ from: ticket, handle: other.handle }, INVALID],
        [{ from: ticket, handle: closed.handle }, INVALID],
        [{ from: other.ticket, handle }, INVALID],
        [{ from: { token: 'x' }, handle }, INVALID],
        [{ from: {}, handle }, INVALID],
        [{ from: { ...ticket, version: 2 }, handle }, INVALID],
        [{ from: { ...ticket, version: '1' }, handle }, INVALID],
        [{ from: { ...ticket, port: '1' }, handle }, INVALID],
        [{ from: { ...ticket, data: 5 }, handle }, INVALID],
        [{ from: { ...ticket, data: '' }, handle }, INVALID],
        [{ from: { ...ticket, data: 'AAAA' }, handle }, INVALID],
        [{ from: { ...ticket, data: `${ticket.data}AAAA` }, handle }, INVALID],
        [{ from: { ...ticket, note: 5 }, handle }, INVALID],
        [{ from: ticket, handle, type: 'udp6' }, INVALID],
        [{ from: ticket, handle, reuseAddr: true }, INVALID],
        [{ from: ticket, handle, lookup: 5 }, TYPE],
        [{ from: ticket, handle, signal: 5 }, TYPE],
        [{ from: ticket, handle, lookupCache: 5 }, TYPE],
      ]) {
        assert.strictEqual(attempt(options), code);
      }
      const note = JSON.parse(ticket.note);
      for (const text of ['', '{', 'null', '5', '"udp4"', '[]', '{}',
        ...[{ type: 'udp5' }, { type: undefined }, { connectState: 1 },
          { connectState: '0' }, { reuseAddr: 1 }, { sharedBuffers: 'x' },
          { receiveInfo: 5 }, { receiveInfo: null }, { receiveInfo: ['x'] },
          { receiveInfo: ['ttl'] }]
          .map((change) => JSON.stringify({ ...note, ...change }))]) {
        assert.strictEqual(
          attempt({ from: { ...ticket, note: text }, handle }), INVALID, text);
      }
      await descriptorsReturn(before);
      // It is still valid.
      assert.deepStrictEqual(open({ from: ticket, handle }).address(), address);
      other.handle.close();
    });

    it('rejects a ticket that was cut off; survives others', async () => {
      const socket = await bound({ type: 'udp4' });
      const { port } = socket.address();
      const sender = await peer();
      const first = once(socket, 'message').then(() => detach(socket));
      for (const text of numbers(5)) sender.send(text, port, '127.0.0.1');
      let { ticket, handle } = await first;
      const bytes = Buffer.from(ticket.data, 'base64');
      const before = descriptors();
      for (let n = 0; n < bytes.length; n++) {
        const data = bytes.subarray(0, n).toString('base64');
        assert.strictEqual(attempt({ from: { ...ticket, data }, handle }),
          INVALID, `${n} bytes`);
      }
      assert.ok(descriptors() <= before);
      const longer = Buffer.concat([bytes, bytes]).toString('base64');
      assert.strictEqual(attempt({ from: { ...ticket, data: longer }, handle }),
        INVALID);
      let taken = 0;
      for (let i = 0; i < bytes.length * 8; i++) {
        const changed = Buffer.from(bytes);
        changed[i >> 3] ^= 1 << (i & 7);
        const from = { ...ticket, data: changed.toString('base64') };
        let next;
        try {
          next = open({ from, handle });
        } catch (error) {
          assert.ok([INVALID, 'ENOTSUP'].includes(error.code), error.stack);
          continue;
        }
        taken++;
        next.on('error', () => {});
        next.on('message', () => {});
        await nextIteration();
        ({ ticket, handle } = detach(next));
      }
      assert.ok(taken > 10);
    });

    itOwn('rejects another transport; the ticket can go back', async () => {
      const child = fork(taker, { env: { DGRAM_NATIVE_TRANSPORT: 'uv' } });
      const socket = await bound();
      const address = socket.address();
      const answer = receiveFrom(child);
      await sendTo(child, detach(socket));
      const { message: { error, ticket }, handle } = await answer;
      assert.deepStrictEqual(error, ['ENOTSUP', 'open ENOTSUP']);
      const back = open({ from: ticket, handle });
      assert.deepStrictEqual(back.address(), address);
      assert.ok(handle.fd < 0);
    });

    it('accepts options that are not of the descriptor', async () => {
      const child = fork(taker);
      const address = await take(child, detach(await bound()),
        { sharedBuffers: true, type: 'udp4', sendHighWaterMark: 5 });
      assert.ok(address.address.port > 0);
    });
  });

  describe('a channel', () => {
    const child = (inner) => {
      process.on('message', (ticket, handle) => {
        const socket = inner.createSocket({ from: ticket, handle });
        socket.on('message', () => {
          const next = socket.detach({ process: true });
          process.send(next.ticket, next.handle, () => process.disconnect());
        });
        process.send(require('node:dgram').Socket === inner.Socket);
      });
    };

    async function roundTrip(body, options) {
      const forked = fork(body, options);
      const socket = await bound();
      const address = socket.address();
      const { ticket, handle } = detach(socket);
      const answer = receiveFrom(forked);
      forked.send(ticket, handle);
      const { message: registered } = await answer;
      const back = receiveFrom(forked);
      const sender = await peer();
      for (const text of numbers(10))
        sender.send(text, address.port, '127.0.0.1');
      const { message, handle: there } = await back;
      const next = open({ from: message, handle: there });
      assert.deepStrictEqual(await receiveText(next, 9), numbers(9, 1));
      return registered;
    }

    it('of a child without register', async () => {
      assert.strictEqual(await roundTrip(child), false);
    });

    it('of a child with register', async () => {
      assert.strictEqual(await roundTrip(child,
        { execArgv: ['--require', packed.register] }), true);
    });

    it('of a worker thread, which was the second owner', async () => {
      const socket = await bound();
      const address = socket.address();
      const worker = inWorker((inner, parentPort, { from, file }) => {
        const moved = inner.createSocket({ from });
        const { ticket, handle } = moved.detach({ process: true });
        const forked = require('node:child_process').fork(file);
        forked.on('message', (message) => {
          parentPort.postMessage([message, handle.fd < 0]);
          forked.disconnect();
        });
        forked.send(ticket, handle);
      }, {
        from: socket.detach(),
        file: temporary('child.js', `'use strict';
          process.on('message', (ticket, handle) => {
            const socket = require(${JSON.stringify(packed.main)})
              .createSocket({ from: ticket, handle });
            process.send(socket.address());
            socket.close();
          });`),
      });
      const [answer] = await once(worker, 'message');
      assert.deepStrictEqual(answer, [address, true]);
      await once(worker, 'exit');
      await freed(address);
    });

    it('of cluster workers', async () => {
      const reports = await reportsOf((inner, report) => {
        const cluster = require('node:cluster');
        if (!cluster.isPrimary) {
          process.on('message', ({ ticket }, handle) => {
            if (ticket === undefined) return process.exit();
            const socket = inner.createSocket({ from: ticket, handle });
            socket.on('message', (msg) => {
              process.send({ text: `${msg}` });
              const next = socket.detach({ process: true });
              process.send({ ticket: next.ticket }, next.handle);
            });
            process.send({ port: socket.address().port });
          });
          return;
        }
        const socket = inner.createSocket('udp4');
        const workers = [cluster.fork(), cluster.fork()];
        let turn = 0;
        socket.bind(0, '127.0.0.1', () => {
          const { port } = socket.address();
          const first = socket.detach({ process: true });
          const client = inner.createSocket('udp4');
          workers[0].send({ ticket: first.ticket }, first.handle);
          for (const worker of workers) {
            worker.on('message', (message, handle) => {
              if (message.port) {
                report(message.port === port);
                client.send(`to ${worker.id}`, port, '127.0.0.1');
              }
              if (message.text) report(message.text);
              if (!message.ticket) return;
              if (++turn < 4) {
                workers[turn % 2].send({ ticket: message.ticket }, handle,
                  () => handle.close());
                return;
              }
              const back =
                inner.createSocket({ from: message.ticket, handle });
              report(back.address().port === port);
              back.close();
              client.close();
              for (const one of workers) one.send({});
            });
          }
        });
      });
      assert.deepStrictEqual(reports,
        [true, 'to 1', true, 'to 2', true, 'to 1', true, 'to 2', true]);
    });

    it('of a grandchild', async () => {
      const { reports, code, stderr } = await inChild((inner, report) => {
        const { fork: start } = require('node:child_process');
        const depth = Number(process.argv[3] ?? 0);
        const use = (ticket, handle) => {
          const socket = inner.createSocket({ from: ticket, handle });
          socket.once('message', (msg) => {
            report(`${depth} ${msg}`);
            if (depth === 3) return socket.close();
            const next = start(__filename, ['[]', `${depth + 1}`]);
            const { ticket: to, handle: by } = socket.detach({ process: true });
            next.send(to, by, () => {
              next.disconnect();
              if (process.connected) process.disconnect();
            });
          });
        };
        if (depth > 0) return void process.once('message', use);
        const socket = inner.createSocket('udp4');
        socket.bind(0, '127.0.0.1', () => {
          const { port } = socket.address();
          const client = inner.createSocket('udp4');
          for (let i = 0; i < 4; i++) client.send(`${i}`, port, '127.0.0.1');
          client.unref();
          const { ticket, handle } = socket.detach({ process: true });
          use(ticket, handle);
        });
      });
      assert.deepStrictEqual({ code, stderr }, { code: 0, stderr: '' });
      assert.deepStrictEqual(reports, ['0 0', '1 1', '2 2', '3 3']);
    });
  });
});
