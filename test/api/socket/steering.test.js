'use strict';

// The options steering and workers of createSocket(): which socket of a port
// receives a datagram.

const assert = require('node:assert');
const { execFileSync, spawnSync } = require('node:child_process');
const builtin = require('node:dgram');
const os = require('node:os');
const {
  bound, close, closeLater, describeNative, dgram, freePort, inWorker, isLinux,
  once, open, packed, receive, reportsOf, stateOf, temporary, throwsCode,
  thrownBy,
} = require('../../support/dgram');
const { until } = require('../../e2e/support/limited');
const { descriptors } = require('../../support/kernel');
const { readOptions } = require('../../support/sockopt');

const KEY = { offset: 0, length: 1 };
const LOOPBACK = { udp4: '127.0.0.1', udp6: '::1' };

/** The rule: the key as a big-endian number, modulo the number of workers. */
function workerOf(datagram, { offset, length }, workers) {
  let key = 0n;
  for (const byte of datagram.subarray(offset, offset + length))
    key = key << 8n | BigInt(byte);
  return Number(key % BigInt(workers));
}

/** `count` sockets on one port, in the order in which they were bound. */
async function group(count, options, port = 0) {
  const type = options.type ?? 'udp4';
  const members = [];
  for (let i = 0; i < count; i++) {
    members.push(await bound(
      { type, reusePort: true, workers: count, ...options },
      members[0]?.address().port ?? port, LOOPBACK[type]));
  }
  return members;
}

/** A socket of node:dgram, which sends each datagram by itself. */
async function sender(type = 'udp4') {
  const socket = closeLater(builtin.createSocket(type));
  socket.bind(0, LOOPBACK[type]);
  await once(socket, 'listening');
  return socket;
}

/**
 * Sends the datagrams to a group.
 * @returns {Promise<number[]>} by datagram, the index of the socket that
 *   received it. Each datagram ends with four bytes, its number
 */
async function receivers(members, peer, datagrams) {
  const result = new Array(datagrams.length).fill(-1);
  let left = datagrams.length;
  const listeners = members.map((socket, index) => {
    const listener = (msg) => {
      result[msg.readUInt32BE(msg.length - 4)] = index;
      left--;
    };
    socket.on('message', listener);
    return listener;
  });
  const { port, address } = members[0].address();
  for (let i = 0; i < datagrams.length; i++) {
    const number = Buffer.alloc(4);
    number.writeUInt32BE(i);
    peer.send([datagrams[i], number], port, address);
    if (i % 32 === 31) await new Promise(setImmediate);
  }
  await until(() => `${left} datagrams`, () => left === 0);
  members.forEach((socket, index) => socket.off('message', listeners[index]));
  return result;
}

/** Numbers that look random, the same in each run. */
function noise(length, seed) {
  const bytes = Buffer.alloc(length);
  let word = seed * 2654435761 + 12345;
  for (let i = 0; i < length; i++) {
    word = word * 1103515245 + 12345 & 0x7fffffff;
    bytes[i] = word >> 16;
  }
  return bytes;
}

const expected = (datagrams, key, workers) =>
  datagrams.map((datagram) => workerOf(datagram, key, workers));

describeNative('steering: the options', () => {
  const steered = (steering, options) =>
    () => open({ type: 'udp4', reusePort: true, workers: 2, steering,
      ...options });

  it('checks steering', () => {
    for (const [value, text] of [
      [null, 'null'], [true, 'true'], ['CPU', "'CPU'"], [3, '3'],
    ]) {
      throwsCode(steered(value), TypeError, 'ERR_INVALID_ARG_VALUE',
        "The property 'options.steering' must be 'cpu' or an object with " +
        `offset and length. Received ${text}`);
    }
  });

  it('checks the key', () => {
    for (const [steering, name, code] of [
      [{}, 'offset', 'ERR_INVALID_ARG_TYPE'],
      [[], 'offset', 'ERR_INVALID_ARG_TYPE'],
      [{ offset: 0 }, 'length', 'ERR_INVALID_ARG_TYPE'],
      [{ offset: '0', length: 1 }, 'offset', 'ERR_INVALID_ARG_TYPE'],
      [{ offset: -1, length: 1 }, 'offset', 'ERR_OUT_OF_RANGE'],
      [{ offset: 65536, length: 1 }, 'offset', 'ERR_OUT_OF_RANGE'],
      [{ offset: 0.5, length: 1 }, 'offset', 'ERR_OUT_OF_RANGE'],
      [{ offset: 0, length: 0 }, 'length', 'ERR_OUT_OF_RANGE'],
      [{ offset: 0, length: 21 }, 'length', 'ERR_OUT_OF_RANGE'],
      [{ offset: 0, length: NaN }, 'length', 'ERR_OUT_OF_RANGE'],
    ]) {
      const error = thrownBy(steered(steering));
      assert.strictEqual(error.code, code);
      assert.match(error.message, new RegExp(`options\\.steering\\.${name}"`));
    }
  });

  it('checks workers and reusePort', () => {
    for (const [workers, code] of [
      [undefined, 'ERR_INVALID_ARG_TYPE'], ['2', 'ERR_INVALID_ARG_TYPE'],
      [0, 'ERR_OUT_OF_RANGE'], [65536, 'ERR_OUT_OF_RANGE'],
      [1.5, 'ERR_OUT_OF_RANGE'],
    ]) {
      const error = thrownBy(steered('cpu', { workers }));
      assert.strictEqual(error.code, code);
      assert.match(error.message, /options\.workers"/);
    }
    throwsCode(steered(KEY, { reusePort: undefined }), TypeError,
      'ERR_INVALID_ARG_VALUE', "The property 'options.reusePort' must be " +
      'true for options.steering. Received undefined');
  });

  it('are ignored without steering', () => {
    assert.ok(open({ type: 'udp4', steering: undefined, workers: 'x' }));
  });

  it('say so if the platform does not have them', () => {
    assert.strictEqual(dgram.features.steering, isLinux);
    if (isLinux) return;
    assert.strictEqual(thrownBy(steered(KEY)).code,
      'ERR_FEATURE_UNAVAILABLE_ON_PLATFORM');
  });
});

(isLinux ? describeNative : describe.skip)('steering', () => {
  for (const type of ['udp4', 'udp6']) {
    for (const [workers, offset, length] of [
      [4, 0, 1], [3, 2, 2], [4, 5, 3], [7, 1, 4], [3, 0, 5], [2, 9, 8],
      [5, 6, 20], [8, 3, 19],
    ]) {
      it(`selects by the key, ${type}: ${length} bytes at ${offset}, ` +
         `${workers} workers`, async () => {
        const key = { offset, length };
        const members = await group(workers, { type, steering: key });
        const datagrams = Array.from({ length: 96 }, (_, i) =>
          noise(offset + length + i % 3, i));
        datagrams.push(Buffer.alloc(offset + length),
          Buffer.alloc(offset + length, 255));
        const wanted = expected(datagrams, key, workers);
        assert.strictEqual(new Set(wanted).size, workers);
        assert.deepStrictEqual(
          await receivers(members, await sender(type), datagrams), wanted);
      });
    }

    it(`leaves shorter datagrams to the kernel's hash, ${type}`, async () => {
      const key = { offset: 40, length: 2 };
      const members = await group(4, { type, steering: key });
      const peers = await Promise.all(
        Array.from({ length: 24 }, () => sender(type)));
      // With the number at the end, one byte is missing.
      const short = noise(37, 1);
      const chosen = [];
      for (const peer of peers) {
        const [first, second] = await receivers(members, peer, [short, short]);
        assert.strictEqual(first, second);
        chosen.push(first);
      }
      // All in one of four sockets: once in 4^23.
      assert.ok(new Set(chosen).size > 1, `${chosen}`);
    });
  }

  it('has a remainder of 16 bits', async () => {
    const workers = 65535;
    const key = { offset: 0, length: 20 };
    const members = await group(3, { steering: key, workers });
    const datagrams = [0, 1, 2].map((remainder) => {
      const datagram = Buffer.alloc(20, 255); // a multiple of 65535
      datagram.writeUInt16BE(remainder, 18);
      return datagram;
    });
    assert.deepStrictEqual(expected(datagrams, key, workers), [0, 1, 2]);
    assert.deepStrictEqual(
      await receivers(members, await sender(), datagrams), [0, 1, 2]);
  });

  it('steers IPv4 datagrams of a udp6 socket', async () => {
    const options =
      { type: 'udp6', reusePort: true, steering: KEY, workers: 2 };
    const first = await bound(options, 0, '::');
    const second = await bound(options, first.address().port, '::');
    const peer = await sender();
    for (const [socket, byte] of [[first, 0], [second, 1], [first, 2]]) {
      const message = receive(socket, 1);
      peer.send(Buffer.from([byte]), first.address().port, '127.0.0.1');
      assert.strictEqual((await message)[0].msg[0], byte);
    }
  });

  it('keeps datagrams of one sender with different keys apart', async () => {
    const members = await group(2, { steering: KEY });
    const peer = await sender();
    const datagrams = Array.from({ length: 400 }, (_, i) =>
      Buffer.from([i % 2]));
    const wanted = expected(datagrams, KEY, 2);
    for (let round = 0; round < 3; round++)
      assert.deepStrictEqual(await receivers(members, peer, datagrams), wanted);
    for (const socket of members)
      assert.strictEqual(socket.stats().mergedRuns, 0);
    const fds = members.map((socket) =>
      packed.binding().descriptor(stateOf(socket).handle));
    for (const fd of fds)
      assert.strictEqual(readOptions(fd, 'UDP_GRO').UDP_GRO, 0);
  });

  it('uses the socket bound last for the options', async () => {
    const members = await group(2, { steering: KEY });
    const [third] = await group(1, {
      steering: { offset: 1, length: 1 }, workers: 3,
    }, members[0].address().port);
    const datagrams = [[0, 2], [1, 1], [2, 0]].map((bytes) =>
      Buffer.from(bytes));
    assert.deepStrictEqual(
      await receivers([...members, third], await sender(), datagrams),
      [2, 1, 0]);
  });

  it('applies to sockets that did not ask for it', async () => {
    const plain = await bound({ type: 'udp4', reusePort: true });
    const { port } = plain.address();
    const steered = await bound(
      { type: 'udp4', reusePort: true, steering: KEY, workers: 2 }, port);
    const datagrams = [0, 1, 2, 3].map((byte) => Buffer.from([byte]));
    assert.deepStrictEqual(
      await receivers([plain, steered], await sender(), datagrams),
      [0, 1, 0, 1]);
  });

  describe('a worker that is missing', () => {
    const datagrams = Array.from({ length: 64 }, (_, i) =>
      Buffer.from([i % 4]));

    it("gives its index to the last, whose own share goes to the kernel's " +
       'hash', async () => {
      const members = await group(4, { steering: KEY });
      const peers = await Promise.all(
        Array.from({ length: 12 }, () => sender()));
      await close(members[1]);
      const [first, , third, fourth] = members;
      const left = [first, fourth, third];
      const hashed = [];
      for (const peer of peers) {
        const result = await receivers(left, peer, datagrams);
        result.forEach((index, i) => {
          if (i % 4 === 3) hashed.push(index);
          else assert.strictEqual(index, i % 4);
        });
      }
      assert.ok(new Set(hashed).size > 1, `${hashed}`);
      // The next one is the last.
      const [back] = await group(1, { steering: KEY, workers: 4 },
        first.address().port);
      assert.deepStrictEqual(
        await receivers([...left, back], peers[0], datagrams),
        expected(datagrams, KEY, 4));
    });

    it('may be a thread that is terminated and started again', async () => {
      const first = await bound(
        { type: 'udp4', reusePort: true, steering: KEY, workers: 2 });
      const { port } = first.address();
      const peer = await sender();
      const answers = [];
      peer.on('message', (msg) => answers.push(String(msg)));
      first.on('message', (msg, rinfo) =>
        first.send(`main ${msg[0]}`, rinfo.port, rinfo.address));
      const start = async () => {
        const worker = inWorker((inner, parentPort, at) => {
          const socket = inner.createSocket({
            type: 'udp4', reusePort: true, workers: 2,
            steering: { offset: 0, length: 1 },
          });
          socket.on('message', (msg, rinfo) =>
            socket.send(`thread ${msg[0]}`, rinfo.port, rinfo.address));
          socket.bind(at, '127.0.0.1', () => parentPort.postMessage('bound'));
        }, port);
        await once(worker, 'message');
        return worker;
      };
      const ask = async () => {
        answers.length = 0;
        for (const byte of [0, 1, 2, 3])
          peer.send(Buffer.from([byte]), port, '127.0.0.1');
        await until(() => `answers: ${answers}`, () => answers.length === 4);
        return [...answers].sort();
      };
      for (let round = 0; round < 3; round++) {
        const worker = await start();
        assert.deepStrictEqual(await ask(),
          ['main 0', 'main 2', 'thread 1', 'thread 3']);
        await worker.terminate();
        assert.deepStrictEqual(await ask(),
          ['main 0', 'main 1', 'main 2', 'main 3']);
      }
    });
  });

  it('by CPU follows the CPU that sends over loopback', async function() {
    const allowed = execFileSync('taskset', ['-cp', `${process.pid}`], {
      encoding: 'utf8',
    });
    if (os.cpus().length < 2 || !/ 0[-,]/.test(allowed)) this.skip();
    const members = await group(2, { steering: 'cpu' });
    const { port } = members[0].address();
    const file = temporary('send.js', `
      const socket = require('node:dgram').createSocket('udp4');
      let left = 20;
      for (let i = 0; i < 20; i++) {
        socket.send(process.argv[2], ${port}, '127.0.0.1', () => {
          if (--left === 0) socket.close();
        });
      }`);
    const got = [[], []];
    members.forEach((socket, i) =>
      socket.on('message', (msg) => got[i].push(String(msg))));
    for (const cpu of ['0', '1', '0']) {
      const { status } = spawnSync('taskset',
        ['-c', cpu, process.execPath, file, cpu]);
      assert.strictEqual(status, 0);
    }
    await until(() => `${got[0].length} and ${got[1].length}`,
      () => got[0].length + got[1].length === 60);
    assert.deepStrictEqual([new Set(got[0]), new Set(got[1])],
      [new Set(['0']), new Set(['1'])]);
  });

  describe('a descriptor', () => {
    it('may be one that is bound already', async () => {
      const owner = await bound({ type: 'udp4', reusePort: true });
      const { port } = owner.address();
      const fd = stateOf(owner).handle.share();
      const socket = open(
        { type: 'udp4', reusePort: true, steering: KEY, workers: 2 });
      socket.bind({ fd });
      const other = await bound({ type: 'udp4', reusePort: true }, port);
      const message = receive(other, 1);
      (await sender()).send(Buffer.from([1]), port, '127.0.0.1');
      assert.strictEqual((await message)[0].msg[0], 1);
    });

    it('without SO_REUSEPORT is rejected, and stays open', async () => {
      const owner = await bound();
      const fd = stateOf(owner).handle.share();
      const socket = open(
        { type: 'udp4', reusePort: true, steering: KEY, workers: 2 });
      const error = thrownBy(() => socket.bind({ fd }));
      assert.strictEqual(error.message, 'setsockopt EINVAL');
      assert.strictEqual(error.option, 'steering');
      const again = open('udp4');
      again.bind({ fd });
      assert.deepStrictEqual(again.address(), owner.address());
    });
  });

  it('leaves no descriptor open if bind() fails', async () => {
    const other = await bound();
    const { port } = other.address();
    const before = descriptors();
    for (let i = 0; i < 20; i++) {
      const socket = open(
        { type: 'udp4', reusePort: true, steering: KEY, workers: 2 });
      const error = thrownBy(() =>
        socket.bindSync({ port, address: '127.0.0.1' }));
      assert.strictEqual(error.message, `bind EADDRINUSE 127.0.0.1:${port}`);
    }
    await until(() => `${descriptors()} descriptors, ${before} before`,
      () => descriptors() <= before);
  });

  it('works in a cluster, whose workers bind by themselves', async () => {
    const port = await freePort();
    const reports = await reportsOf((inner, report, at) => {
      const cluster = require('node:cluster');
      const dgramOfNode = require('node:dgram');
      const options = {
        type: 'udp4', reusePort: true, workers: 3,
        steering: { offset: 0, length: 4 },
      };
      if (cluster.isPrimary) {
        // One after the other: the index is the order of bind().
        const start = (left) => {
          if (left === 0) {
            ask();
            return;
          }
          cluster.fork({ INDEX: 3 - left })
            .once('message', () => start(left - 1));
        };
        const ask = () => {
          const peer = dgramOfNode.createSocket('udp4');
          const answers = [];
          peer.on('message', (msg) => {
            answers.push(`${msg}`);
            if (answers.length < 9) return;
            report(answers.sort());
            peer.close();
            cluster.disconnect();
          });
          for (let i = 0; i < 9; i++) {
            const key = Buffer.alloc(4);
            key.writeUInt32BE(0xfffffff0 + i);
            peer.send(key, at, '127.0.0.1');
          }
        };
        start(3);
        return;
      }
      const socket = inner.createSocket(options);
      socket.on('message', (msg, rinfo) => {
        const key = msg.readUInt32BE();
        socket.send(`${key % 3 === Number(process.env.INDEX)}`,
          rinfo.port, rinfo.address);
      });
      socket.bind(at, '127.0.0.1', () => process.send('bound'));
      process.on('disconnect', () => socket.close());
    }, { args: [port] });
    assert.deepStrictEqual(reports, [new Array(9).fill('true')]);
  });
});
