'use strict';

// The event 'batch' and the method sendMany(), which node:dgram does not have.

const assert = require('node:assert');
const net = require('node:net');
const {
  bound, connectedTo, describeNative, freePort, isCode, isLinux, isSystemError,
  itNative, makeRoom, nextIteration, once, open, receive, receiveText, stateOf,
  steps, throwsCode,
} = require('../../support/dgram');

const AT = '127.0.0.1';

/** The form of packets in the errors of sendMany(). */
const FORM = '[message, port, address, ...]';

/** The datagrams of a batch as { text, port, address }. */
function* datagramsOf({ count, data, offsets, sizes, ports, addresses }) {
  for (let i = 0; i < count; i++) {
    yield {
      text: data.toString('latin1', offsets[i], offsets[i] + sizes[i]),
      port: ports[i],
      address: addresses[i],
    };
  }
}

/** Resolves to the first `count` datagrams that arrive in batches. */
function receiveBatches(socket, count) {
  const datagrams = [];
  return new Promise((resolve) => socket.on('batch', (batch) => {
    datagrams.push(...datagramsOf(batch));
    if (datagrams.length === count)
      resolve(datagrams);
  }));
}

describeNative('the event \'batch\'', () => {
  it('has one column for each value of the datagrams', async () => {
    const receiver = await bound();
    const sender = await bound();
    const { port } = sender.address();
    const texts = ['a', '', 'bcd', 'bcd', 'bcd', 'e', 'x'.repeat(2000)];
    const shapes = [];
    receiver.on('batch', (batch) => shapes.push(batch));
    const datagrams = receiveBatches(receiver, texts.length);
    for (const text of texts)
      sender.send(text, receiver.address().port, AT);
    assert.deepStrictEqual(await datagrams,
      texts.map((text) => ({ text, port, address: AT })));
    for (const batch of shapes) {
      assert.ok(Buffer.isBuffer(batch.data));
      assert.ok(batch.offsets instanceof Uint32Array);
      assert.ok(batch.sizes instanceof Uint32Array);
      assert.ok(batch.ports instanceof Uint16Array);
      assert.ok(Array.isArray(batch.addresses));
      for (const column of ['offsets', 'sizes', 'ports', 'addresses'])
        assert.strictEqual(batch[column].length, batch.count, column);
      assert.strictEqual(batch.family, 'IPv4');
    }
  });

  it('has family IPv6 for udp6', async () => {
    const receiver = await bound('udp6');
    const sender = await bound('udp6');
    const batch = once(receiver, 'batch');
    sender.send('six', receiver.address().port, '::1');
    const [{ family, addresses, ports }] = await batch;
    assert.deepStrictEqual([family, addresses, [...ports]],
      ['IPv6', ['::1'], [sender.address().port]]);
  });

  it('is emitted before the \'message\' events of its datagrams', async () => {
    const receiver = await bound();
    const texts = [];
    receiver.on('batch', (batch) => {
      for (const { text } of datagramsOf(batch))
        texts.push(`batch ${text}`);
    });
    receiver.on('message', (msg) => texts.push(`message ${msg}`));
    const messages = receive(receiver, 10);
    const sender = await bound();
    for (let i = 0; i < 10; i++)
      sender.send(`${i}`, receiver.address().port, AT);
    await messages;
    for (const kind of ['batch', 'message']) {
      assert.deepStrictEqual(texts.filter((text) => text.startsWith(kind)),
        Array.from({ length: 10 }, (_, i) => `${kind} ${i}`));
    }
    for (let i = 0; i < 10; i++) {
      assert.ok(texts.indexOf(`batch ${i}`) < texts.indexOf(`message ${i}`),
        texts.join());
    }
  });

  it('does not change the rinfo of messages', async () => {
    // More sources than the address cache holds, old and new in one batch.
    const receiver = await bound();
    receiver.setRecvBufferSize(1 << 20);
    const { port } = receiver.address();
    const wrong = [];
    receiver.on('batch', (batch) => {
      for (const datagram of datagramsOf(batch)) {
        if (datagram.text !== String(datagram.port))
          wrong.push(['batch', datagram.text, datagram.port]);
      }
    });
    receiver.on('message', (msg, rinfo) => {
      if (String(msg) !== String(rinfo.port))
        wrong.push(['message', String(msg), rinfo.port]);
    });
    const known = [];
    for (let i = 0; i < 16; i++)
      known.push(await bound());
    for (let round = 0; round < 120; round++) {
      const added = [];
      for (let i = 0; i < 16; i++)
        added.push(await bound());
      const messages = receive(receiver, 32);
      for (const sender of [...known, ...added])
        sender.send(String(sender.address().port), port, AT);
      await messages;
      for (const sender of added)
        sender.close();
    }
    assert.deepStrictEqual(wrong.slice(0, 3), []);
  });

  it('has memory that is not written again', async () => {
    const receiver = await bound();
    const sender = await connectedTo(receiver);
    const batches = [];
    receiver.on('batch', (batch) => batches.push(batch));
    for (let round = 0; round < 10; round++) {
      const before = batches.length;
      for (let i = 0; i < 5; i++)
        sender.send(`${round} ${i}`);
      while (batches.slice(before)
        .reduce((sum, { count }) => sum + count, 0) < 5)
        await nextIteration();
    }
    assert.deepStrictEqual(
      batches.flatMap((batch) => [...datagramsOf(batch)])
        .map(({ text }) => text),
      Array.from({ length: 50 }, (_, i) => `${Math.floor(i / 5)} ${i % 5}`));
  });

  it('is the last event when its listener calls close()', async () => {
    const receiver = await bound();
    const sender = await connectedTo(receiver);
    receiver.on('message', assert.fail);
    receiver.on('batch', () => receiver.close());
    for (let i = 0; i < 10; i++)
      sender.send(`${i}`);
    await once(receiver, 'close');
    await nextIteration();
  });

  it('omits datagrams from addresses in receiveBlockList', async () => {
    const receiveBlockList = new net.BlockList();
    receiveBlockList.addAddress('127.0.0.2');
    const receiver = await bound({ type: 'udp4', receiveBlockList });
    const [good, bad] = [await bound(), await bound('udp4', 0, '127.0.0.2')];
    const datagrams = receiveBatches(receiver, 5);
    for (let i = 0; i < 5; i++) {
      bad.send(`bad ${i}`, receiver.address().port, AT);
      good.send(`good ${i}`, receiver.address().port, AT);
    }
    assert.deepStrictEqual((await datagrams).map(({ text }) => text),
      Array.from({ length: 5 }, (_, i) => `good ${i}`));
  });
});

describeNative('socket.sendMany()', () => {
  it('is not enumerable', () => {
    const socket = open('udp4');
    assert.strictEqual(typeof socket.sendMany, 'function');
    assert.ok(!Object.keys(Object.getPrototypeOf(socket))
      .includes('sendMany'));
  });

  it('sends to several destinations in order', async () => {
    const [a, b] = [await bound(), await bound()];
    const texts = [receiveText(a, 20), receiveText(b, 20)];
    const socket = await bound();
    const packets = [];
    for (let i = 0; i < 20; i++) {
      packets.push(`a ${i}`, a.address().port, AT);
      packets.push(Buffer.from(`b ${i}`), b.address().port, AT);
    }
    assert.strictEqual(socket.sendMany(packets), 40);
    assert.deepStrictEqual(await Promise.all(texts), ['a', 'b'].map(
      (name) => Array.from({ length: 20 }, (_, i) => `${name} ${i}`)));
  });

  it('sends before it returns', async () => {
    const receiver = await bound();
    const socket = await bound();
    const texts = receiveText(receiver, 2);
    const bytes = Buffer.from('abc');
    socket.sendMany([bytes, receiver.address().port, AT]);
    bytes.fill('x');
    socket.sendMany([bytes, receiver.address().port, null]);
    socket.close();
    assert.deepStrictEqual(await texts, ['abc', 'xxx']);
  });

  it('sends to the connected peer after earlier sends', async () => {
    const receiver = await bound();
    const socket = await connectedTo(receiver);
    const texts = receiveText(receiver, 6);
    socket.send('0');
    socket.send('1');
    assert.strictEqual(socket.sendMany(['2', Buffer.from('3'), ['4']]), 3);
    socket.send('5');
    assert.deepStrictEqual(await texts, ['0', '1', '2', '3', '4', '5']);
  });

  it('sends after earlier sends of the same tick', async () => {
    const receiver = await bound();
    const [socket, other] = [await bound(), await bound()];
    const { port } = receiver.address();
    const texts = receiveText(receiver, 5);
    const calls = [];
    other.send('other', port, AT);
    socket.send('0', port, AT, () => calls.push(0));
    socket.send('1', port, AT, () => calls.push(1));
    socket.sendMany(['2', port, AT], () => calls.push(2));
    socket.send('3', port, AT, () => calls.push(3));
    const order = (await texts).filter((text) => text !== 'other');
    assert.deepStrictEqual(order, ['0', '1', '2', '3']);
    while (calls.length < 4) await nextIteration();
    assert.deepStrictEqual(calls.filter((n) => n !== 2), [0, 1, 3]);
  });

  it('binds an unbound socket', async () => {
    const receiver = await bound();
    const socket = open('udp4');
    const texts = receiveText(receiver, 1);
    assert.strictEqual(
      socket.sendMany(['x', receiver.address().port, AT]), 1);
    assert.strictEqual(stateOf(socket).bindState, 2);
    assert.deepStrictEqual(await texts, ['x']);
  });

  it('waits for a pending bind', async () => {
    const receiver = await bound();
    const socket = open('udp4');
    const texts = receiveText(receiver, 2);
    const bytes = Buffer.from('abc');
    socket.bind();
    assert.strictEqual(socket.sendMany([bytes, receiver.address().port, AT,
      'd', receiver.address().port, AT]), 0);
    bytes.fill('x');
    assert.deepStrictEqual(await texts, ['abc', 'd']);
  });

  it('calls back once after all datagrams were sent', async () => {
    const receiver = await bound();
    const socket = await connectedTo(receiver);
    const args = await new Promise((resolve) => {
      socket.sendMany(['1', '2', '3'], (...values) => resolve(values));
    });
    assert.deepStrictEqual(args, [null, 3]);
    assert.deepStrictEqual(await steps(2, (log) => {
      socket.sendMany([], (error, count) => log([error, count]));
      log('returned');
    }), ['returned', [null, 0]]);
  });

  it('calls back with the first error', async () => {
    const receiver = await bound();
    const socket = await connectedTo(receiver);
    const texts = receiveText(receiver, 2);
    const [error, count] = await new Promise((resolve) => {
      socket.sendMany(['1', Buffer.alloc(70000), '2', Buffer.alloc(65508)],
        (...values) => resolve(values));
    });
    isSystemError(error, 'EMSGSIZE', 'send');
    assert.strictEqual(count, 2);
    assert.deepStrictEqual(await texts, ['1', '2']);
  });

  // On loopback the kernel reports ECONNREFUSED to the next send. sendmmsg()
  // reports an error only if its first datagram fails.
  (isLinux ? it : it.skip)('calls back with ECONNREFUSED', async () => {
    const port = await freePort();
    const socket = open('udp4');
    const connected = once(socket, 'connect');
    socket.connect(port, AT);
    await connected;
    const [error, count] = await new Promise((resolve) => {
      const packets = Array.from({ length: 8 }, (_, i) => 'x'.repeat(i + 1));
      socket.sendMany(packets, (...values) => resolve(values));
    });
    isSystemError(error, 'ECONNREFUSED', 'send');
    assert.ok(count > 0 && count < 8, `${count} were sent`);
  });

  it('sends more datagrams than a send batch holds', async () => {
    const receiver = await bound();
    makeRoom(receiver, 4 << 20);
    const socket = await bound();
    const { port } = receiver.address();
    const datagrams = receiveBatches(receiver, 2000);
    let count = 0;
    for (let i = 0; i < 10; i++) {
      const packets = [];
      for (let n = 0; n < 200; n++)
        packets.push(String(count++), port, AT);
      assert.strictEqual(socket.sendMany(packets), 200);
      await nextIteration();
      await nextIteration();
    }
    assert.deepStrictEqual((await datagrams).map(({ text }) => Number(text)),
      Array.from({ length: 2000 }, (_, i) => i));
  });

  it('keeps the destinations of earlier sends', async () => {
    const receiver = await bound();
    const socket = await bound('udp4', 0, '0.0.0.0');
    const texts = receiveText(receiver, 20);
    for (let i = 0; i < 10; i++)
      socket.send(`${i}`, receiver.address().port, AT);
    // More destinations than the table holds; nothing listens there.
    const packets = [];
    for (let i = 0; i < 40000; i++)
      packets.push('unread', 9, `127.5.${i >> 8}.${i & 255 || 1}`);
    assert.strictEqual(socket.sendMany(packets), 40000);
    for (let i = 10; i < 20; i++)
      socket.send(`${i}`, receiver.address().port, AT);
    assert.deepStrictEqual(await texts,
      Array.from({ length: 20 }, (_, i) => `${i}`));
  });

  it('checks all arguments before it sends', async () => {
    const receiver = await bound();
    const { port } = receiver.address();
    const socket = await bound();
    const good = ['x', port, AT];
    throwsCode(() => socket.sendMany([...good, 'x', 0, AT]), RangeError,
      'ERR_SOCKET_BAD_PORT',
      `packets[4] (the port in ${FORM}) should be > 0 and < 65536. ` +
      'Received type number (0).');
    const texts = receiveText(receiver, 1);
    socket.sendMany(['only this', port, AT]);
    assert.deepStrictEqual(await texts, ['only this']);
    socket.close();
    throwsCode(() => socket.sendMany(good), Error,
      'ERR_SOCKET_DGRAM_NOT_RUNNING', 'Not running');
  });

  it('checks the first datagram like the others', async () => {
    const { port } = (await bound()).address();
    const socket = await bound();
    const badPort = (index, received) => [RangeError, 'ERR_SOCKET_BAD_PORT',
      `packets[${index}] (the port in ${FORM}) should be > 0 and < 65536. ` +
      `Received ${received}.`];
    for (const address of [undefined, null, '', AT]) {
      for (const [bad, received] of [[undefined, 'undefined'], [null, 'null'],
        [NaN, 'type number (NaN)'], [-1, 'type number (-1)']]) {
        throwsCode(() => socket.sendMany(['x', bad, address]),
          ...badPort(1, received));
        throwsCode(() => socket.sendMany(['x', port, AT, 'x', bad, address]),
          ...badPort(4, received));
      }
    }
  });

  it('uses loopback for the same values as send()', async () => {
    const receiver = await bound();
    const { port } = receiver.address();
    const socket = await bound();
    const texts = receiveText(receiver, 6);
    for (const address of [undefined, null, '']) {
      socket.sendMany(['many', port, address]);
      socket.send('one', port, address);
    }
    assert.deepStrictEqual((await texts).sort(),
      ['many', 'many', 'many', 'one', 'one', 'one']);
    for (const [address, received] of [[false, 'type boolean (false)'],
      [0, 'type number (0)'], [NaN, 'type number (NaN)'],
      [true, 'type boolean (true)'], [{}, 'an instance of Object']]) {
      const rejected = (name, form = '') => [TypeError, 'ERR_INVALID_ARG_TYPE',
        `The "${name}" argument must be of type string${form}. ` +
        `Received ${received}`];
      const asAddress = `, as the address in ${FORM}`;
      throwsCode(() => socket.send('x', port, address), ...rejected('address'));
      throwsCode(() => socket.sendMany(['x', port, address]),
        ...rejected('packets[2]', asAddress));
      throwsCode(() => socket.sendMany(['x', port, AT, 'x', port, address]),
        ...rejected('packets[5]', asAddress));
    }
  });

  it('skips destinations in sendBlockList', async () => {
    const sendBlockList = new net.BlockList();
    sendBlockList.addAddress('127.0.0.2');
    const receiver = await bound('udp4', 0, '0.0.0.0');
    const { port } = receiver.address();
    const socket = await bound({ type: 'udp4', sendBlockList });
    const texts = receiveText(receiver, 2);
    const [error, count] = await new Promise((resolve) => {
      assert.strictEqual(socket.sendMany(
        ['1', port, AT, 'x', port, '127.0.0.2', '2', port, AT],
        (...values) => resolve(values)), 2);
    });
    isCode(error, Error, 'ERR_IP_BLOCKED',
      'IP(127.0.0.2) is blocked by net.BlockList');
    assert.strictEqual(count, 2);
    assert.deepStrictEqual(await texts, ['1', '2']);
  });
});

describe('sends of one tick', () => {
  itNative('are sent early if they exceed a send batch',
    async () => {
      const receiver = await bound();
      receiver.setRecvBufferSize(4 << 20);
      const socket = await bound();
      // docs/parity.md: 512 datagrams are sent; close() does not drop them.
      const datagrams = receiveBatches(receiver, 512);
      for (let i = 0; i < 600; i++)
        socket.send(String(i), receiver.address().port, AT);
      socket.close();
      assert.deepStrictEqual((await datagrams).map(({ text }) => Number(text)),
        Array.from({ length: 512 }, (_, i) => i));
    });
});
