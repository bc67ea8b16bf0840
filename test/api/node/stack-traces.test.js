'use strict';

// Errors read as those of node:dgram: the same message, and a stack that begins
// with the method that was called. Each call is made with both implementations.

const assert = require('node:assert');
const nodeDgram = require('node:dgram');
const net = require('node:net');
const path = require('node:path');
const util = require('node:util');
const {
  closeLater, describeNative, dgram, inChild, isOpen, modulePath, nodeAtLeast,
  run, temporary, thrownBy,
} = require('../../support/dgram');

const BOTH = [dgram, nodeDgram];

/** The directory of the package's own functions. */
const INSIDE = path.dirname(require.resolve(modulePath)) + path.sep;

function make(api, options = 'udp4') {
  return closeLater(api.createSocket(options)).on('error', () => {});
}

const closed = (body) => (socket) => {
  socket.close();
  body(socket);
};

/** Failing calls by method, each with a new socket. */
const CASES = {
  address: [(socket) => socket.address(), closed((s) => s.address())],
  remoteAddress: [(socket) => socket.remoteAddress(),
    closed((socket) => socket.remoteAddress())],
  setTTL: [(socket) => socket.setTTL(5), (socket) => socket.setTTL('5'),
    closed((socket) => socket.setTTL(5))],
  setBroadcast: [(socket) => socket.setBroadcast(true)],
  setMulticastTTL: [(socket) => socket.setMulticastTTL(5),
    (socket) => socket.setMulticastTTL({})],
  setMulticastLoopback: [(socket) => socket.setMulticastLoopback(true)],
  setMulticastInterface: [
    (socket) => socket.setMulticastInterface('127.0.0.1'),
    (socket) => socket.setMulticastInterface(5),
    closed((socket) => socket.setMulticastInterface('127.0.0.1'))],
  addMembership: [(socket) => socket.addMembership('name'),
    (socket) => socket.addMembership(),
    closed((socket) => socket.addMembership('224.0.0.1'))],
  dropMembership: [(socket) => socket.dropMembership('name'),
    (socket) => socket.dropMembership()],
  addSourceSpecificMembership: [
    (socket) => socket.addSourceSpecificMembership('a', 'b'),
    (socket) => socket.addSourceSpecificMembership(5, 'b'),
    (socket) => socket.addSourceSpecificMembership('a', null),
    closed((socket) => socket.addSourceSpecificMembership('a', 'b'))],
  dropSourceSpecificMembership: [
    (socket) => socket.dropSourceSpecificMembership('a', 'b'),
    (socket) => socket.dropSourceSpecificMembership('a', 5)],
  setRecvBufferSize: [(socket) => socket.setRecvBufferSize(5000),
    (socket) => socket.setRecvBufferSize('x')],
  setSendBufferSize: [(socket) => socket.setSendBufferSize(5000)],
  getRecvBufferSize: [(socket) => socket.getRecvBufferSize()],
  getSendBufferSize: [(socket) => socket.getSendBufferSize()],
  bind: [
    (socket) => socket.bind({ fd: 1e6 }),
    (socket) => socket.bind().bind(),
    closed((socket) => socket.bind())],
  connect: [
    (socket) => socket.connect(0), (socket) => socket.connect(1, 5),
    (socket) => { socket.connect(1); socket.connect(1); }],
  disconnect: [(socket) => socket.disconnect()],
  close: [closed((socket) => socket.close())],
  send: [
    (socket) => socket.send(5, 1), (socket) => socket.send([5], 1),
    (socket) => socket.send('x', 0), (socket) => socket.send('x', 1, 5),
    (socket) => socket.send('x', 5, 1, 1),
    (socket) => socket.send('x', 0, 5, 1),
    (socket) => socket.send(5, 0, 5, 1),
    closed((socket) => socket.send('x', 1))],
  sendto: [
    (socket) => socket.sendto('x', 'y'), (socket) => socket.sendto('x', 1, 'y'),
    (socket) => socket.sendto('x', 1, 1, 'y'),
    (socket) => socket.sendto('x', 1, 1, 1, 5)],
};

/** Methods that older Node releases do not have. */
const NEWER = {
  bindSync: [
    (socket) => socket.bindSync(5),
    (socket) => socket.bindSync({ port: 'x' }),
    (socket) => socket.bindSync({ address: 'x' }),
    (socket) => socket.bindSync({ address: 5 }),
    (socket) => socket.bindSync({ address: '203.0.113.1' }),
    (socket) => { socket.bindSync(); socket.bindSync(); },
    closed((socket) => socket.bindSync())],
  connectSync: [
    (socket) => socket.connectSync(0), (socket) => socket.connectSync(1, 'x'),
    (socket) => socket.connectSync(1, 5),
    (socket) => socket.connectSync(1, '::1'),
    (socket) => { socket.connectSync(1); socket.connectSync(1); },
    (socket) => { socket.bind(); socket.connectSync(1); },
    closed((socket) => socket.connectSync(1))],
};

/** Methods that node:dgram does not have. */
const OWN = {
  sendMany: [
    (socket) => socket.sendMany(5), (socket) => socket.sendMany(['x']),
    (socket) => socket.sendMany([5, 1, null]),
    (socket) => socket.sendMany(['x', 0, null]),
    (socket) => socket.sendMany(['x', 1, 'name']),
    (socket) => socket.sendMany(['x', 1, 5]),
    (socket) => socket.sendMany([], 5),
    closed((socket) => socket.sendMany([]))],
};

/** Options that the constructor rejects, with the Node release that does. */
const CONSTRUCTOR = [
  ['x'], [{}], [{ type: 'udp4', lookup: 5 }], [{ type: 'udp4', signal: 5 }],
  [{ type: 'udp4', recvBufferSize: 'x' }, '20.19.0', '22.13.0'],
  [{ type: 'udp4', sendBufferSize: 1.5 }, '20.19.0', '22.13.0'],
  [{ type: 'udp4', receiveBlockList: 5 }, '22.13.0'],
];

const isFrame = (line) => /^ {4}at /.test(line);
const frames = ({ stack }) => stack.split('\n').filter(isFrame);

/** The text of an error without its frames, which differ. */
const textOf = (text) =>
  text.split('\n').filter((line) => !isFrame(line)).join('\n')
    // The position of the braces depends on the last frame.
    .replace(/\s+/g, ' ');

function assertReadsAsNodes(native, builtin) {
  assert.strictEqual(textOf(native.stack), textOf(builtin.stack));
  assert.strictEqual(textOf(util.inspect(native)),
    textOf(util.inspect(builtin)));
  assert.strictEqual(String(native), String(builtin));
}

/** Checks that the stack begins with this method, followed by its caller. */
function assertBeginsWith(error, method) {
  const [first, second] = frames(error);
  assert.match(first, new RegExp(`^ {4}at (new )?${method} `), error.stack);
  assert.ok(!second.includes(INSIDE), error.stack);
}

describeNative('the stack of an error', () => {
  for (const [method, bodies] of Object.entries(CASES)) {
    it(`begins with the method and reads as Node's: ${method}()`, () => {
      for (const body of bodies) {
        const [native, builtin] =
          BOTH.map((api) => thrownBy(() => body(make(api))));
        assertReadsAsNodes(native, builtin);
        assertBeginsWith(native, `Socket\\.${method}`);
      }
    });
  }

  for (const [method, bodies] of Object.entries({ ...NEWER, ...OWN })) {
    it(`begins with the method: ${method}()`, () => {
      for (const body of bodies) {
        const error = thrownBy(() => body(make(dgram)));
        assert.match(frames(error)[0],
          new RegExp(`^ {4}at Socket\\.(${method}|bindSync) `), error.stack);
        if (method in nodeDgram.Socket.prototype && method in NEWER)
          assertReadsAsNodes(error, thrownBy(() => body(make(nodeDgram))));
      }
    });
  }

  it('begins with the constructor', () => {
    for (const [options, ...releases] of CONSTRUCTOR) {
      const native = thrownBy(() => new dgram.Socket(options));
      assertBeginsWith(native, 'Socket');
      if (releases.length === 0 || nodeAtLeast(...releases))
        assertReadsAsNodes(native,
          thrownBy(() => new nodeDgram.Socket(options)));
    }
  });

  it('has the length of Error.stackTraceLimit, which is not changed',
    () => {
      const { stackTraceLimit } = Error;
      try {
        for (const limit of [0, 1, 3, undefined, 'x']) {
          Error.stackTraceLimit = limit;
          const error = thrownBy(() => make(dgram).address());
          assert.strictEqual(Error.stackTraceLimit, limit);
          assert.strictEqual(
            (error.stack ?? '').split('\n').filter(isFrame).length,
            typeof limit === 'number' ? limit : 0);
        }
      } finally {
        Error.stackTraceLimit = stackTraceLimit;
      }
    });

  it('is present with a frozen Error', async () => {
    const { reports, stderr } = await inChild((api, report) => {
      Object.freeze(Error);
      for (const body of [(socket) => socket.address(),
        (socket) => socket.connect(0),
        (socket) => socket.getRecvBufferSize()]) {
        try {
          body(api.createSocket('udp4'));
        } catch ({ stack }) {
          report(stack.split('\n')[1]);
        }
      }
    });
    assert.strictEqual(stderr, '');
    assert.strictEqual(reports.length, 3);
    for (const [i, name] of ['address', 'connect', 'getRecvBufferSize']
      .entries())
      assert.ok(reports[i].includes(`at Socket.${name} `), reports[i]);
  });

  it('is printed as Node\'s when uncaught', async () => {
    for (const call of ['getRecvBufferSize()', 'setTTL(5)', 'connect(0)']) {
      const [native, builtin] = await Promise.all(
        [modulePath, 'node:dgram'].map(async (api) => {
          const { code, stderr } = await run([temporary('uncaught.js',
            `require(${JSON.stringify(api)}).createSocket('udp4').${call};`)]);
          assert.strictEqual(code, 1);
          // From the error on, without the source line that threw.
          return textOf(stderr.slice(stderr.search(/^\w*Error/m)));
        }));
      assert.strictEqual(native, builtin);
    }
  });
});

describeNative('ERR_SOCKET_BUFFER_SIZE', () => {
  const [native, builtin] = BOTH.map((api) => () =>
    thrownBy(() => make(api).setSendBufferSize(5000)));

  it('has Node\'s own class and properties', () => {
    const [a, b] = [native(), builtin()];
    assert.strictEqual(a.constructor, b.constructor);
    const properties = (error) =>
      Object.entries(Object.getOwnPropertyDescriptors(error))
        .map(([key, { enumerable, configurable, writable, value }]) =>
          [key, enumerable, configurable, writable,
            key === 'stack' ? '' : value]);
    assert.deepStrictEqual(properties(a), properties(b));
    a.errno = -1;
    assert.strictEqual(a.info.errno, -1);
  });

  it('creates and leaves no socket', () => {
    const seen = [];
    const channel = require('node:diagnostics_channel').channel('udp.socket');
    const note = ({ socket }) => seen.push(socket);
    channel.subscribe(note);
    try {
      native();
    } finally {
      channel.unsubscribe(note);
    }
    assert.strictEqual(seen.length, 1);
    assert.ok(seen[0] instanceof dgram.Socket && isOpen(seen[0]));
  });
});

// Errors of ticks and callbacks have no method at the top of the stack.
describeNative('the stack of an error in a tick or callback', () => {
  const inner = /at [^\n]*(Exception|Error|ipBlocked|failBind) \(/;

  it('has no frame of the function that created it', async () => {
    const blockList = new net.BlockList();
    blockList.addAddress('127.0.0.9');
    const found = [];
    const note = (resolve) => (error) => {
      found.push(error);
      resolve();
    };
    await new Promise((resolve) => closeLater(dgram.createSocket('udp4'))
      .on('error', note(resolve)).bind(0, '203.0.113.1'));
    await new Promise((resolve) => closeLater(dgram.createSocket('udp4'))
      .on('error', note(resolve)).connect(9, '::1'));
    await new Promise((resolve) => closeLater(
      dgram.createSocket({ type: 'udp4', sendBlockList: blockList }))
      .send('x', 9, '127.0.0.9', note(resolve)));
    await new Promise((resolve) => closeLater(
      dgram.createSocket({ type: 'udp4', recvBufferSize: 2 ** 31 }))
      .on('error', note(resolve)).bind(0, '127.0.0.1'));
    assert.deepStrictEqual(found.map(({ code }) => code), ['EADDRNOTAVAIL',
      'EINVAL', 'ERR_IP_BLOCKED', 'ERR_SOCKET_BUFFER_SIZE']);
    for (const { stack } of found)
      assert.doesNotMatch(stack.split('\n')[1], inner);
  });
});
