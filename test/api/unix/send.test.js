'use strict';

// Unix datagram sockets: datagrams between two of them.

const assert = require('node:assert');
const fs = require('node:fs');
const path = require('node:path');
const {
  close, nextIteration, once, receive, receiveText, send, steps,
} = require('../../support/dgram');
const {
  boundUnix, describeUnix, freshName, freshPath, openUnix, pathOf, pathOfLength,
} = require('./kit');

/** Checks a system error about a path; undefined: the connected peer. */
function isPathError(error, code, syscall, at) {
  const where = at === undefined ? '' : ` ${at}`;
  assert.strictEqual(error.message, `${syscall} ${code}${where}`);
  const { syscall: call, address } = error;
  assert.deepStrictEqual({ code: error.code, call, address },
    { code, call: syscall, address: at });
}

/** Resolves to the error of a send(). */
function sendFails(socket, ...args) {
  return send(socket, ...args).then(
    () => assert.fail('it was sent'), (error) => error);
}

describeUnix('send() of a Unix socket', () => {
  it('reaches a path', async () => {
    const receiver = await boundUnix();
    const sender = openUnix();
    const message = receive(receiver, 1);
    assert.strictEqual(await send(sender, 'hello', pathOf(receiver)), 5);
    const [{ msg, rinfo }] = await message;
    assert.ok(Buffer.isBuffer(msg));
    assert.strictEqual(String(msg), 'hello');
    assert.deepStrictEqual(rinfo, { path: '', family: 'unix', size: 5 });
  });

  it('is answered through rinfo.path', async () => {
    const server = await boundUnix();
    server.on('message', (msg, rinfo) => server.send(msg, rinfo.path));
    const client = await boundUnix();
    const answer = receive(client, 1);
    client.send('ping', pathOf(server));
    const [{ msg, rinfo }] = await answer;
    assert.strictEqual(String(msg), 'ping');
    assert.deepStrictEqual(rinfo,
      { path: pathOf(server), family: 'unix', size: 4 });
  });

  it('has the forms of node:dgram, with a path for port and address',
    async () => {
      const receiver = await boundUnix();
      const at = pathOf(receiver);
      const sender = openUnix();
      const texts = receiveText(receiver, 8);
      const done = () => {};
      sender.send('one', at);
      sender.send(Buffer.from('two'), at, done);
      sender.send('-three-', 1, 5, at);
      sender.send(Buffer.from('-four-'), 1, 4, at, done);
      sender.send(['fi', Buffer.from('ve')], at, done);
      sender.sendto('-six-', 1, 3, at);
      sender.sendto('-seven-', 1, 5, at, done);
      sender.send(new Uint16Array([0x4141]), at);
      assert.deepStrictEqual(await texts,
        ['one', 'two', 'three', 'four', 'five', 'six', 'seven', 'AA']);
    });

  it('keeps boundaries and order, also of empty datagrams', async () => {
    const receiver = await boundUnix();
    const sender = openUnix();
    const texts = ['', 'a', '', '', 'x'.repeat(5000), 'b', ''];
    const received = receiveText(receiver, texts.length);
    for (const text of texts) sender.send(text, pathOf(receiver));
    assert.deepStrictEqual(await received, texts);
  });

  it('calls callbacks later, in order', async () => {
    const receiver = await boundUnix();
    const sender = openUnix();
    const log = await steps(4, (step) => {
      sender.send('1', pathOf(receiver), () => step('first'));
      sender.send('2', freshPath(), () => step('second'));
      sender.send('3', pathOf(receiver), () => step('third'));
      step('sync');
    });
    assert.deepStrictEqual(log, ['sync', 'first', 'second', 'third']);
  });

  it('copies the bytes', async () => {
    const receiver = await boundUnix();
    const sender = openUnix();
    const texts = receiveText(receiver, 1);
    const bytes = Buffer.from('before');
    sender.send(bytes, pathOf(receiver));
    bytes.fill('x');
    assert.deepStrictEqual(await texts, ['before']);
  });

  it('needs no name, and keeps no process alive', async () => {
    const receiver = await boundUnix();
    const sender = openUnix();
    let listens = false;
    sender.on('listening', () => listens = true);
    await send(sender, 'x', pathOf(receiver));
    await nextIteration();
    assert.strictEqual(listens, false);
    assert.deepStrictEqual(sender.address(), { path: '', family: 'unix' });
  });

  it('reports which datagram failed', async () => {
    const missing = freshPath();
    isPathError(await sendFails(openUnix(), 'x', missing),
      'ENOENT', 'send', missing);
    const file = freshPath();
    const receiver = await boundUnix({ unlink: false }, file);
    await close(receiver);
    isPathError(await sendFails(openUnix(), 'x', file),
      'ECONNREFUSED', 'send', file);
    fs.rmSync(file);
    fs.writeFileSync(file, '');
    isPathError(await sendFails(openUnix(), 'x', file),
      'ECONNREFUSED', 'send', file);
  });

  it('fails with EACCES without permission', async () => {
    const at = pathOf(await boundUnix());
    const isRoot = process.geteuid() === 0;
    fs.chmodSync(path.dirname(at), 0o755);
    fs.chmodSync(at, 0);
    if (isRoot) process.seteuid(65534); // root may do anything
    try {
      isPathError(await sendFails(openUnix(), 'x', at), 'EACCES', 'send', at);
    } finally {
      if (isRoot) process.seteuid(0);
    }
  });

  it('ignores errors without a callback, but counts them', async () => {
    const sender = openUnix();
    sender.send('x', freshPath());
    sender.send('x', pathOfLength(200));
    await nextIteration();
    await nextIteration();
    assert.strictEqual(sender.stats().sendErrors, 1);
  });

  it('sends datagrams of 64 KiB and more, up to the send buffer', async () => {
    const receiver = await boundUnix();
    const sender = openUnix();
    sender.bind();
    sender.setSendBufferSize(212992);
    const most = sender.getSendBufferSize() - 32;
    for (const size of [65535, 65536, 100000, 212960, most]) {
      const bytes = Buffer.alloc(size, String(size));
      const message = receive(receiver, 1);
      assert.strictEqual(await send(sender, bytes, pathOf(receiver)), size);
      const [{ msg, rinfo }] = await message;
      assert.strictEqual(rinfo.size, size);
      assert.ok(msg.equals(bytes));
    }
    for (const size of [most + 1, 1 << 20]) {
      isPathError(
        await sendFails(sender, Buffer.alloc(size), pathOf(receiver)),
        'EMSGSIZE', 'send', pathOf(receiver));
    }
    const text = 'é'.repeat(50000);
    const message = receive(receiver, 1);
    assert.strictEqual(
      await send(sender, [text, 'x'], pathOf(receiver)), 100001);
    assert.strictEqual(String((await message)[0].msg), `${text}x`);
  });

  it('is lost above 512 KiB, which the receiver reports', async function() {
    const receiver = await boundUnix();
    const sender = await boundUnix();
    sender.setSendBufferSize(1 << 20);
    if (sender.getSendBufferSize() <= 1 << 20) this.skip(); // wmem_max
    for (const size of [512 * 1024, 512 * 1024 + 1, 1 << 20]) {
      const event = once(receiver, size > 512 * 1024 ? 'error' : 'message');
      await send(sender, Buffer.alloc(size), pathOf(receiver));
      const [outcome] = await event;
      assert.strictEqual(outcome.message ?? outcome.length,
        size > 512 * 1024 ? 'recvmsg EMSGSIZE' : size);
    }
    const texts = receiveText(receiver, 1);
    await send(sender, 'next', pathOf(receiver));
    assert.deepStrictEqual(await texts, ['next']);
  });

  it('reaches paths of up to 108 bytes', async () => {
    for (const length of [107, 108]) {
      const at = pathOfLength(length);
      const receiver = await boundUnix({}, at);
      assert.deepStrictEqual(receiver.address(), { path: at, family: 'unix' });
      const client = await boundUnix();
      const message = receive(client, 1);
      await send(client, 'x', at);
      receiver.send('y', pathOf(client));
      assert.strictEqual((await message)[0].rinfo.path, at);
      await close(receiver);
      assert.ok(!fs.existsSync(at));
    }
    const long = pathOfLength(109);
    isPathError(await sendFails(openUnix(), 'x', long), 'EINVAL', 'send', long);
    isPathError(
      await sendFails(openUnix(), Buffer.alloc(100000), long),
      'EINVAL', 'send', long);
  });

  it('reaches abstract names, with NUL or @ in front', async () => {
    const name = freshName();
    const receiver = await boundUnix({}, name);
    assert.deepStrictEqual(receiver.address(), { path: name, family: 'unix' });
    const texts = receiveText(receiver, 2);
    const sender = openUnix();
    await send(sender, 'NUL', name);
    await send(sender, '@', `@${name.slice(1)}`);
    assert.deepStrictEqual(await texts, ['NUL', '@']);
    assert.ok(!fs.existsSync(`@${name.slice(1)}`));
    const other = `${freshName()}\0with\0NUL`;
    const second = await boundUnix({}, other);
    const message = receive(receiver, 1);
    await send(second, 'x', name);
    assert.strictEqual((await message)[0].rinfo.path, other);
  });

  it('tells a file named @ from an abstract name', async () => {
    const cwd = process.cwd();
    process.chdir(path.dirname(freshPath()));
    try {
      const receiver = await boundUnix({}, './@file');
      assert.ok(fs.existsSync('@file'));
      const message = receive(receiver, 1);
      const sender = openUnix();
      await send(sender, 'x', pathOf(receiver));
      await message;
      const client = await boundUnix({}, './@client');
      const answer = receive(client, 1);
      receiver.once('message', (msg, rinfo) => receiver.send('y', rinfo.path));
      await send(client, 'x', './@file');
      assert.strictEqual((await answer)[0].rinfo.path, './@file');
    } finally {
      process.chdir(cwd);
    }
  });

  it('sends many datagrams with sendMany()', async () => {
    const one = await boundUnix();
    const two = await boundUnix();
    const sender = openUnix();
    const first = receiveText(one, 3);
    const second = receiveText(two, 2);
    const outcome = new Promise((resolve) => {
      assert.strictEqual(sender.sendMany([
        'a', pathOf(one), Buffer.from('b'), pathOf(two), '', pathOf(one),
        ['c', 'd'], pathOf(two), 'e', pathOf(one), 'f', freshPath(),
      ], (...args) => resolve(args)), 6);
    });
    assert.deepStrictEqual(await first, ['a', '', 'e']);
    assert.deepStrictEqual(await second, ['b', 'cd']);
    const [error, sent] = await outcome;
    assert.deepStrictEqual([error.code, sent], ['ENOENT', 5]);
  });

  it('sends the columns of a batch', async () => {
    const receiver = await boundUnix();
    const relay = await boundUnix();
    relay.on('batch', ({ count, data, offsets, sizes }) => {
      relay.sendMany({ count, data, offsets, sizes, paths: pathOf(receiver) });
    });
    const texts = receiveText(receiver, 3);
    const sender = openUnix();
    for (const text of ['x', '', 'yz']) sender.send(text, pathOf(relay));
    assert.deepStrictEqual(await texts, ['x', '', 'yz']);
  });

  it('delivers batches with names', async () => {
    const receiver = await boundUnix();
    const sender = await boundUnix();
    const rows = [];
    const done = new Promise((resolve) => receiver.on('batch', (batch) => {
      assert.deepStrictEqual(Object.keys(batch),
        ['count', 'data', 'offsets', 'sizes', 'paths', 'family']);
      assert.strictEqual(batch.family, 'unix');
      for (let i = 0; i < batch.count; i++) {
        const from = batch.offsets[i];
        rows.push([batch.data.toString('latin1', from, from + batch.sizes[i]),
                   batch.paths[i]]);
      }
      if (rows.length === 3) resolve();
    }));
    const from = pathOf(sender);
    for (const text of ['x', '', 'yz']) sender.send(text, pathOf(receiver));
    await done;
    assert.deepStrictEqual(rows, [['x', from], ['', from], ['yz', from]]);
  });

  it('delivers with sharedBuffers', async () => {
    const receiver = await boundUnix({ sharedBuffers: true });
    const sender = await boundUnix();
    const texts = receiveText(receiver, 3);
    for (const text of ['x', '', 'yz']) sender.send(text, pathOf(receiver));
    assert.deepStrictEqual(await texts, ['x', '', 'yz']);
  });

  it('knows many sources', async () => {
    const receiver = await boundUnix();
    const count = 300; // more than the C core remembers
    const senders = [];
    for (let i = 0; i < count; i++) {
      senders.push(await boundUnix({}, freshName()));
    }
    for (let round = 0; round < 2; round++) {
      for (let i = 0; i < count; i += 5) {
        const messages = receive(receiver, 5);
        for (const sender of senders.slice(i, i + 5))
          sender.send(pathOf(sender), pathOf(receiver));
        for (const { msg, rinfo } of await messages)
          assert.strictEqual(rinfo.path, String(msg));
      }
    }
  });
});

describeUnix('a connected Unix socket', () => {
  it('sends without a path', async () => {
    const receiver = await boundUnix();
    const sender = openUnix();
    const connected = once(sender, 'connect');
    sender.connect(pathOf(receiver));
    await connected;
    assert.deepStrictEqual(sender.remoteAddress(),
      { path: pathOf(receiver), family: 'unix' });
    const texts = receiveText(receiver, 5);
    sender.send('a');
    await send(sender, Buffer.from('b'));
    sender.send('-c-', 1, 1);
    await send(sender, '-d-', 1, 1);
    sender.sendMany(['e']);
    assert.deepStrictEqual(await texts, ['a', 'b', 'c', 'd', 'e']);
  });

  it('accepts no path', async () => {
    const receiver = await boundUnix();
    const sender = openUnix();
    sender.connectSync(pathOf(receiver));
    assert.throws(() => sender.send('x', pathOf(receiver)),
      { code: 'ERR_SOCKET_DGRAM_IS_CONNECTED' });
    assert.throws(() => sender.connect(pathOf(receiver)),
      { code: 'ERR_SOCKET_DGRAM_IS_CONNECTED' });
    sender.disconnect();
    assert.throws(() => sender.disconnect(),
      { code: 'ERR_SOCKET_DGRAM_NOT_CONNECTED' });
    assert.throws(() => sender.remoteAddress(),
      { code: 'ERR_SOCKET_DGRAM_NOT_CONNECTED' });
    const texts = receiveText(receiver, 1);
    await send(sender, 'x', pathOf(receiver));
    assert.deepStrictEqual(await texts, ['x']);
  });

  it('reports a failed connect() to the callback, or emits it', async () => {
    const at = freshPath();
    const [error] = await steps(1, (step) => openUnix().connect(at, step));
    isPathError(error, 'ENOENT', 'connect', at);
    const socket = openUnix();
    const emitted = once(socket, 'error');
    socket.connect(at);
    isPathError((await emitted)[0], 'ENOENT', 'connect', at);
    assert.throws(() => socket.connectSync(at), { code: 'ENOENT' });
    const long = pathOfLength(109);
    assert.throws(() => socket.connectSync(long), { code: 'EINVAL' });
  });

  it('finds a peer that is replaced', async () => {
    const at = freshPath();
    const first = await boundUnix({}, at);
    const sender = openUnix();
    sender.connectSync(at);
    await send(sender, 'first');
    await close(first);
    isPathError(await sendFails(sender, 'nobody'), 'ENOENT', 'send');
    const second = await boundUnix({}, at);
    const texts = receiveText(second, 2);
    await send(sender, 'second');
    await send(sender, 'third');
    assert.deepStrictEqual(await texts, ['second', 'third']);
    // This time without a send in between.
    await close(second);
    const third = await boundUnix({}, at);
    const again = receiveText(third, 1);
    await send(sender, 'fourth');
    assert.deepStrictEqual(await again, ['fourth']);
    assert.deepStrictEqual(sender.remoteAddress(),
      { path: at, family: 'unix' });
  });

  it('fails with ECONNREFUSED while only the file is there', async () => {
    const at = freshPath();
    const first = await boundUnix({ unlink: false }, at);
    const sender = openUnix();
    sender.connectSync(at);
    await close(first);
    for (let i = 0; i < 3; i++) {
      assert.strictEqual((await sendFails(sender, 'x')).code, 'ECONNREFUSED');
    }
  });

  it('is not disturbed by a peer that disconnects', async () => {
    const one = await boundUnix();
    const two = await boundUnix();
    one.connectSync(pathOf(two));
    two.connectSync(pathOf(one));
    one.on('error', assert.fail);
    one.send('unread');
    two.disconnect(); // with an unread datagram: ECONNRESET for the other one
    await nextIteration();
    const texts = receiveText(two, 2);
    await send(one, 'a');
    await send(one, 'b');
    assert.deepStrictEqual(await texts, ['a', 'b']);
  });

  it('reaches a new peer after the old one has disconnected and closed',
    async () => {
      const at = freshPath();
      const one = await boundUnix();
      const two = await boundUnix({}, at);
      one.connectSync(at);
      two.connectSync(pathOf(one));
      one.send('unread');
      two.disconnect(); // with an unread datagram: ECONNRESET
      two.close();
      const three = openUnix();
      three.bindSync(at);
      const texts = receiveText(three, 1);
      await send(one, 'x'); // ECONNRESET, then ECONNREFUSED
      assert.deepStrictEqual(await texts, ['x']);
    });

  it('receives from its peer only', async () => {
    const one = await boundUnix();
    const two = await boundUnix();
    one.connectSync(pathOf(two));
    isPathError(await sendFails(openUnix(), 'x', pathOf(one)),
      'EPERM', 'send', pathOf(one));
    const texts = receiveText(one, 1);
    await send(two, 'from two', pathOf(one));
    assert.deepStrictEqual(await texts, ['from two']);
  });
});
