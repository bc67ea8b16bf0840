'use strict';

// Unix datagram sockets: creation, bind(), close(), arguments.

const assert = require('node:assert');
const { fork } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');
const {
  close, describeNative, dgram, inChild, inWorker, nextIteration, nodeAtLeast,
  once, open, receive, receiveText, send, stateOf, thrownBy,
} = require('../../support/dgram');
const {
  boundUnix, describeUnix, freshName, freshPath, openUnix, pathOf, pathOfLength,
} = require('./kit');

describeNative('createSocket(\'unix_dgram\')', () => {
  it('throws if this process does not have it', function() {
    if (dgram.features.unixDgram) this.skip();
    const error = thrownBy(() => open('unix_dgram'));
    assert.strictEqual(error.code, 'ERR_FEATURE_UNAVAILABLE_ON_PLATFORM');
    assert.match(error.message, /dgram\.features\.unixDgram/);
  });
});

describeUnix('a Unix socket', () => {
  it('is an instance of Socket', () => {
    for (const socket of [
      open('unix_dgram'), open({ type: 'unix_dgram' }),
      new dgram.Socket('unix_dgram'),
    ]) {
      assert.ok(socket instanceof dgram.Socket);
      assert.strictEqual(socket.type, 'unix_dgram');
      socket.close();
    }
  });

  it('calls the listener of createSocket()', async () => {
    const texts = [];
    const socket = dgram.createSocket('unix_dgram',
      (msg) => texts.push(String(msg)));
    socket.bind(freshPath());
    await send(openUnix(), 'x', pathOf(socket));
    await nextIteration();
    await close(socket);
    assert.deepStrictEqual(texts, ['x']);
  });

  it('is bound when bind() returns, and listens in the next tick', async () => {
    const socket = openUnix();
    const at = freshPath();
    const log = [];
    socket.on('listening', () => log.push('event'));
    assert.strictEqual(socket.bind(at, () => log.push('callback')), socket);
    assert.deepStrictEqual(socket.address(), { path: at, family: 'unix' });
    assert.ok(fs.statSync(at).isSocket());
    assert.deepStrictEqual(log, []);
    await nextIteration();
    assert.deepStrictEqual(log, ['event', 'callback']);
    assert.throws(() => socket.bind(freshPath()),
      { code: 'ERR_SOCKET_ALREADY_BOUND' });
    assert.throws(() => socket.bindSync(freshPath()),
      { code: 'ERR_SOCKET_ALREADY_BOUND' });
  });

  it('emits the error of bind(), and can be bound again', async () => {
    const taken = pathOf(await boundUnix());
    const socket = openUnix();
    const emitted = once(socket, 'error');
    socket.bind(taken);
    const [error] = await emitted;
    assert.strictEqual(error.message, `bind EADDRINUSE ${taken}`);
    assert.throws(() => socket.bindSync(taken), { code: 'EADDRINUSE' });
    assert.throws(() => socket.bindSync(path.join(freshPath(), 'missing')),
      { code: 'ENOENT' });
    assert.throws(() => socket.bindSync(pathOfLength(109)), { code: 'EINVAL' });
    assert.deepStrictEqual(socket.bindSync({ path: freshPath() }),
      socket.address());
    assert.ok(fs.existsSync(taken));
  });

  it('gets an abstract name if none is given', async () => {
    const one = openUnix();
    const two = openUnix();
    await new Promise((resolve) => one.bind(resolve));
    two.bind();
    assert.match(pathOf(one), /^\0[0-9a-f]{5}$/);
    assert.notStrictEqual(pathOf(one), pathOf(two));
    const texts = receiveText(one, 1);
    await send(two, 'x', pathOf(one));
    assert.deepStrictEqual(await texts, ['x']);
  });

  it('removes its file on close', async () => {
    const socket = await boundUnix();
    const at = pathOf(socket);
    socket.close();
    assert.ok(!fs.existsSync(at), 'when close() returns');
  });

  it('removes its file although the directory has changed', async () => {
    const cwd = process.cwd();
    const directory = path.dirname(freshPath());
    process.chdir(directory);
    const socket = openUnix();
    socket.bind('relative');
    process.chdir(cwd);
    const at = path.join(directory, 'relative');
    assert.ok(fs.existsSync(at));
    socket.close();
    assert.ok(!fs.existsSync(at));
  });

  it('leaves the file with unlink: false', async () => {
    const socket = await boundUnix({ unlink: false });
    const at = pathOf(socket);
    await close(socket);
    assert.ok(fs.existsSync(at));
  });

  it('leaves the file of a successor', async () => {
    const socket = await boundUnix();
    const at = pathOf(socket);
    fs.rmSync(at);
    const successor = await boundUnix({}, at);
    await close(socket);
    assert.ok(fs.existsSync(at));
    const texts = receiveText(successor, 1);
    await send(openUnix(), 'x', at);
    assert.deepStrictEqual(await texts, ['x']);
    fs.rmSync(at);
    fs.writeFileSync(at, 'a file of somebody else');
    await close(successor);
    assert.ok(fs.existsSync(at));
  });

  it('removes its file when the event loop ends', async () => {
    const at = freshPath();
    const { code, stderr } = await inChild((inner, report, where) => {
      const socket = inner.createSocket('unix_dgram');
      socket.bind(where);
      socket.unref();
    }, { args: [at] });
    assert.deepStrictEqual({ code, stderr }, { code: 0, stderr: '' });
    assert.ok(!fs.existsSync(at));
  });

  it('removes its file when a worker is terminated', async () => {
    const at = freshPath();
    const worker = inWorker((inner, parentPort, where) => {
      const receiver = inner.createSocket('unix_dgram');
      receiver.bind(where);
      const sender = inner.createSocket('unix_dgram');
      const fill = () => {
        for (let i = 0; i < 2000; i++) sender.send(`${i}`, where);
      };
      sender.on('drain', fill);
      sender.once('writable', () => parentPort.postMessage('full'));
      fill();
    }, at);
    await once(worker, 'message');
    assert.ok(fs.existsSync(at));
    await worker.terminate();
    assert.ok(!fs.existsSync(at));
  });

  it('keeps the process alive only while it is bound', async () => {
    const { code, reports } = await inChild((inner, report, at) => {
      const server = inner.createSocket('unix_dgram');
      const client = inner.createSocket('unix_dgram');
      server.bind(at);
      client.connect(at);
      server.on('message', (msg) => {
        report(String(msg));
        server.close();
      });
      setTimeout(() => client.send('late'), 100);
    }, { args: [freshPath()] });
    assert.deepStrictEqual({ code, reports }, { code: 0, reports: ['late'] });
  });

  it('reads a descriptor that another socket has bound', async () => {
    const first = await boundUnix();
    const at = pathOf(first);
    const fd = stateOf(first).handle.share();
    await close(first);
    const second = openUnix();
    second.bind({ fd });
    assert.deepStrictEqual(second.address(), { path: at, family: 'unix' });
    fs.writeFileSync(`${at}.txt`, '');
    const other = fs.openSync(`${at}.txt`, 'r');
    try {
      assert.throws(() => openUnix().bindSync({ fd: other }),
        { code: 'EINVAL', syscall: 'open' });
    } finally {
      fs.closeSync(other);
    }
    assert.throws(() => openUnix().bindSync({ fd: 99999 }), { code: 'EBADF' });
  });

  it('cannot be used once it is closed', async () => {
    const socket = await boundUnix();
    await close(socket);
    for (const use of [
      () => socket.bind(freshPath()), () => socket.bindSync(freshPath()),
      () => socket.connect(freshPath()), () => socket.send('x', freshPath()),
      () => socket.sendMany(['x', freshPath()]), () => socket.address(),
      () => socket.close(), () => socket.stats(),
    ]) assert.throws(use, { code: 'ERR_SOCKET_DGRAM_NOT_RUNNING' });
  });

  it('emits nothing after close()', async () => {
    const socket = openUnix();
    for (const event of ['listening', 'connect', 'error', 'message'])
      socket.on(event, () => assert.fail(event));
    socket.bind(freshPath());
    socket.connect(pathOf(socket));
    socket.send('x');
    await close(socket);
    const failing = openUnix();
    failing.on('error', assert.fail);
    failing.bind(path.join(freshPath(), 'missing'));
    await close(failing);
    await nextIteration();
  });

  it('is closed by a signal and by asyncDispose', async () => {
    const controller = new AbortController();
    const socket = dgram.createSocket(
      { type: 'unix_dgram', signal: controller.signal });
    const closed = once(socket, 'close');
    controller.abort();
    await closed;
    const other = dgram.createSocket('unix_dgram');
    await other[Symbol.asyncDispose]?.();
    if (Symbol.asyncDispose !== undefined)
      assert.throws(() => other.address(), { code: /NOT_RUNNING/ });
  });

  it('counts', async () => {
    const receiver = await boundUnix();
    const sender = openUnix();
    const messages = receive(receiver, 2);
    await send(sender, 'abc', pathOf(receiver));
    await send(sender, '', pathOf(receiver));
    await messages;
    assert.deepStrictEqual(
      [sender.stats().sent, sender.stats().sentBytes], [2, 3]);
    assert.deepStrictEqual(
      [receiver.stats().received, receiver.stats().receivedBytes], [2, 3]);
    assert.strictEqual(receiver.stats().kernelDrops, 0);
  });

  it('does not have the methods of IP', () => {
    const socket = openUnix();
    for (const [name, ...args] of [
      ['setTTL', 1], ['setBroadcast', true], ['addMembership', '224.0.0.1'],
      ['setMulticastTTL', 1], ['getTypeOfService'], ['setDontFragment', true],
      ['getPathMTU'], ['setPacingRate', 1],
    ]) {
      assert.throws(() => socket[name](...args),
        { code: 'ENOTSUP', syscall: name });
    }
  });

  it('cannot be sent to another process', () => {
    const child = fork('-', [], { silent: true });
    const socket = openUnix();
    socket.bind();
    try {
      assert.throws(() => child.send('x', socket),
        { code: 'ERR_INVALID_HANDLE_TYPE' });
    } finally {
      child.kill();
    }
  });
});

describeUnix('a Unix socket without --allow-net', () => {
  it('cannot bind, connect or send (since Node 25)', async function() {
    if (!nodeAtLeast('25.0.0')) this.skip();
    const { code, reports, stderr } = await inChild((inner, report, at) => {
      const socket = inner.createSocket('unix_dgram');
      socket.on('error', (error) => report(`event ${error.code}`));
      socket.bind(at);
      for (const act of [
        () => inner.createSocket('unix_dgram').bindSync(at),
        () => socket.connect(at), () => socket.connectSync(at),
        () => socket.send('x', at), () => socket.sendMany(['x', at]),
      ]) {
        try {
          act();
        } catch (error) {
          report(error.code);
        }
      }
    }, {
      args: [freshPath()],
      execArgv: ['--permission', '--allow-fs-read=*', '--allow-addons'],
    });
    assert.strictEqual(code, 0, stderr);
    const denied = 'ERR_ACCESS_DENIED';
    assert.deepStrictEqual(reports,
      [denied, denied, denied, denied, denied, `event ${denied}`]);
  });
});

describeUnix('arguments of a Unix socket', () => {
  const isType = (body, name) => assert.throws(body,
    { code: 'ERR_INVALID_ARG_TYPE', message: new RegExp(name) });
  const isValue = (body, name) => assert.throws(body,
    { code: 'ERR_INVALID_ARG_VALUE', message: new RegExp(name) });

  it('are checked by createSocket()', () => {
    isType(() => openUnix({ unlink: 1 }), 'options.unlink');
    isType(() => openUnix({ receiveInfo: 'credentials' }), 'receiveInfo');
    isType(() => openUnix({ receiveInfo: [1] }), 'receiveInfo');
    isValue(() => openUnix({ receiveInfo: ['ttl'] }), 'receiveInfo');
    isValue(() => openUnix({ reusePort: true }), 'options.reusePort');
    isValue(() => openUnix({ device: 'lo' }), 'options.device');
    for (const [name, value] of Object.entries({
      reuseAddr: true, ipv6Only: true, steering: 'cpu', workers: 2, handle: {},
      txtime: 'tai', lookup() {}, lookupCache: {},
    })) {
      isValue(() => openUnix({ [name]: value }), `options.${name}`);
    }
    isType(() => openUnix({ sendHighWaterMark: '1' }), 'sendHighWaterMark');
    isType(() => openUnix({ sharedBuffers: 1 }), 'sharedBuffers');
    isType(() => openUnix({ closeWhenCollected: 1 }), 'closeWhenCollected');
    assert.ok(openUnix({ reusePort: false, receiveInfo: [] }));
    assert.throws(() => open({ type: 'udp4', receiveInfo: ['credentials'] }),
      { code: 'ERR_INVALID_ARG_VALUE' });
  });

  it('are checked by every method that takes a path', () => {
    const socket = openUnix();
    for (const value of [1, null, {}, [], Symbol('x'), true]) {
      isType(() => socket.connect(value), '"path"');
      isType(() => socket.send('x', value), '"path"');
      isType(() => socket.sendMany(['x', value]), 'packets');
    }
    isType(() => socket.bind(1), '"path"');
    for (const fd of ['3', null, {}]) isType(() => socket.bind({ fd }), '"fd"');
    for (const fd of [-1, 1.5, 2 ** 31]) {
      assert.throws(() => socket.bindSync({ fd }),
                    { code: 'ERR_OUT_OF_RANGE' });
    }
    isType(() => socket.send('x'), '"path"');
    // As of a UDP socket.
    isType(() => socket.send('x', 41234, 'localhost'),
           '"path".*\\(41234\\)');
    isType(() => socket.send('x', undefined), '"path"');
    for (const value of ['', 'a\0b', '/tmp/x\0']) {
      isValue(() => socket.connect(value), '\'path\'');
      isValue(() => socket.bind(value), '\'path\'');
      isValue(() => socket.send('x', value), '\'path\'');
      isValue(() => socket.sendMany(['x', value]), 'packets');
    }
  });

  it('are checked by send() and sendMany()', () => {
    const socket = openUnix();
    const at = freshName();
    isType(() => socket.send(1, at), 'buffer');
    isType(() => socket.send(undefined, at), 'buffer');
    isType(() => socket.send([1], at), 'buffer');
    assert.throws(() => socket.send('abc', 4, 1, at),
      { code: 'ERR_BUFFER_OUT_OF_BOUNDS' });
    assert.throws(() => socket.send('abc', 1, 3, at),
      { code: 'ERR_BUFFER_OUT_OF_BOUNDS' });
    isType(() => socket.sendto('abc', '1', 1, at), 'offset');
    for (const value of [undefined, 1, 'x', null, {}])
      isType(() => socket.sendMany(value), 'packets');
    isType(() => socket.sendMany([1, at]), 'packets\\[0\\]');
    isValue(() => socket.sendMany(['x']), 'incomplete');
    isValue(() => socket.sendMany(['x', `@${'y'.repeat(108)}`]), '108 bytes');
    isValue(() => socket.sendMany([Buffer.alloc(65536), at]), '65,535');
    isType(() => socket.sendMany([], 1), 'callback');
    const data = Buffer.from('abc');
    const row = { count: 1, data, offsets: [0], sizes: [3], paths: at };
    isType(() => socket.sendMany({ ...row, paths: undefined }), 'paths');
    isType(() => socket.sendMany({ ...row, data: 'abc' }), 'data');
    isType(() => socket.sendMany({ ...row, sizes: 3 }), 'sizes');
    for (const bad of [{ sizes: [4] }, { offsets: [4] }, { count: 2 },
                       { count: -1 }, { sizes: [-1] }])
      assert.throws(() => socket.sendMany({ ...row, ...bad }),
        { code: 'ERR_OUT_OF_RANGE' });
    assert.strictEqual(socket.sendMany([]), 0);
  });
});
