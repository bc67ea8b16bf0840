'use strict';

// Socket buffer sizes: getters, setters, the options of createSocket(), and
// ERR_SOCKET_BUFFER_SIZE.

const assert = require('node:assert');
const util = require('node:util');
const {
  bound, errnoOf, inChild, isLinux, isNative, itNative, nodeAtLeast, once, open,
  reportsOf, thrownBy, throwsCode, nextIteration,
} = require('../../support/dgram');

const GETTERS = ['getRecvBufferSize', 'getSendBufferSize'];
const SETTERS = ['setRecvBufferSize', 'setSendBufferSize'];

function isBufferSizeError(error, code, text, syscall) {
  const errno = errnoOf(code);
  assert.strictEqual(error.name, 'SystemError');
  assert.strictEqual(error.code, 'ERR_SOCKET_BUFFER_SIZE');
  assert.strictEqual(error.message,
    `Could not get or set buffer size: ${syscall} returned ${code} (${text})`);
  assert.deepStrictEqual({ ...error.info },
    { errno, code, message: text, syscall });
  assert.strictEqual(error.errno, errno);
  assert.strictEqual(error.syscall, syscall);
  assert.ok(error instanceof Error);
  assert.strictEqual(error.toString(),
    `SystemError [ERR_SOCKET_BUFFER_SIZE]: ${error.message}`);
  // util.inspect() output without the stack.
  const shown = util.inspect(error);
  assert.ok(shown.startsWith(
    `SystemError [ERR_SOCKET_BUFFER_SIZE]: ${error.message}\n    at `), shown);
  assert.ok(shown.endsWith(` {
  code: 'ERR_SOCKET_BUFFER_SIZE',
  info: {
    errno: ${errno},
    code: '${code}',
    message: '${text}',
    syscall: '${syscall}'
  },
  errno: [Getter/Setter: ${errno}],
  syscall: [Getter/Setter: '${syscall}']
}`), shown);
}

describe('socket buffer sizes', () => {
  it('fail before the socket is bound', () => {
    // libuv has no socket until then; Windows reports its invalid handle.
    const expected = process.platform === 'win32' ?
      ['ENOTSOCK', 'socket operation on non-socket'] :
      ['EBADF', 'bad file descriptor'];
    for (const direction of ['Recv', 'Send']) {
      const syscall = `uv_${direction.toLowerCase()}_buffer_size`;
      const socket = open('udp4');
      isBufferSizeError(thrownBy(() => socket[`get${direction}BufferSize`]()),
        ...expected, syscall);
      isBufferSizeError(
        thrownBy(() => socket[`set${direction}BufferSize`](8192)),
        ...expected, syscall);
    }
  });

  for (const setter of SETTERS) {
    it(`${setter}() rejects a value that is not a uint32`, async () => {
      for (const socket of [open('udp4'), await bound()]) {
        for (const size of [-1, Infinity, NaN, 1.5, 'x', '8192', null,
          undefined, {}, 2 ** 32, true]) {
          throwsCode(() => socket[setter](size),
            TypeError, 'ERR_SOCKET_BAD_BUFFER_SIZE',
            'Buffer size must be a positive integer');
        }
      }
    });

    it(`${setter}() fails with EINVAL above the int32 range`, async () => {
      const socket = await bound();
      const syscall = setter === 'setRecvBufferSize' ?
        'uv_recv_buffer_size' : 'uv_send_buffer_size';
      for (const size of [2 ** 31, 2 ** 32 - 1]) {
        isBufferSizeError(thrownBy(() => socket[setter](size)),
          'EINVAL', 'invalid argument', syscall);
      }
    });

    it(`${setter}() sets the size and returns undefined`, async () => {
      const socket = await bound();
      const getter = setter.replace('set', 'get');
      assert.strictEqual(socket[setter](10000), undefined);
      // Linux doubles the size for its own bookkeeping.
      assert.strictEqual(socket[getter](), isLinux ? 20000 : 10000);
      socket[setter](12000);
      assert.strictEqual(socket[getter](), isLinux ? 24000 : 12000);
    });

    it(`${setter}() with 0 leaves the size unchanged`, async () => {
      const socket = await bound();
      const getter = setter.replace('set', 'get');
      socket[setter](10000);
      socket[setter](0);
      assert.strictEqual(socket[getter](), isLinux ? 20000 : 10000);
    });
  }

  it('have a default above 4 KiB', async () => {
    const socket = await bound();
    for (const getter of GETTERS) {
      const size = socket[getter]();
      assert.ok(Number.isInteger(size) && size > 4096, `${getter} ${size}`);
    }
  });

  it('are set by options when the socket is bound', async () => {
    const socket = await bound({
      type: 'udp4', recvBufferSize: 10000, sendBufferSize: 12000,
    });
    assert.strictEqual(socket.getRecvBufferSize(), isLinux ? 20000 : 10000);
    assert.strictEqual(socket.getSendBufferSize(), isLinux ? 24000 : 12000);
  });

  it('are set before \'listening\'', async () => {
    const socket = open({ type: 'udp4', recvBufferSize: 10000 });
    const size = new Promise((resolve) => socket.on('listening',
      () => resolve(socket.getRecvBufferSize())));
    socket.bind();
    assert.strictEqual(await size, isLinux ? 20000 : 10000);
  });

  it('are set by options for an implicit bind', async () => {
    const socket = open({ type: 'udp4', sendBufferSize: 12000 });
    socket.send('x', 9, '127.0.0.1');
    await once(socket, 'listening');
    assert.strictEqual(socket.getSendBufferSize(), isLinux ? 24000 : 12000);
  });

  const REJECTED = ['ERR_SOCKET_BUFFER_SIZE', 'uv_recv_buffer_size', 'EINVAL'];

  it('above the int32 range make bind() fail', async () => {
    assert.deepStrictEqual(await reportsOf((dgram, report) => {
      const note = (event) => ({ code, info }) =>
        report([event, code, info.syscall, info.code]);
      process.on('uncaughtException', note('uncaught'));
      const socket = dgram.createSocket({
        type: 'udp4', recvBufferSize: 2 ** 31,
      });
      socket.on('listening', () => report('listening'));
      socket.on('error', note('error'));
      socket.bind(0, '127.0.0.1', () => report('callback'));
      setImmediate(() => {
        report(socket.address().address);
        report(socket.listenerCount('listening'));
        socket.close();
      });
    }), [[isNative ? 'error' : 'uncaught', ...REJECTED], '127.0.0.1',
      isNative ? 1 : 2]);
  });

  itNative('rejected by the system are uncaught by default', async () => {
    for (const args of [[false], [true]]) {
      const { code, stderr } = await inChild((dgram, report, hasCallback) => {
        dgram.createSocket({ type: 'udp4', sendBufferSize: 2 ** 31 })
          .bind(0, '127.0.0.1', hasCallback ? () => {} : undefined);
      }, { args });
      assert.strictEqual(code, 1);
      assert.match(stderr, /Error \[ERR_SOCKET_BUFFER_SIZE\]: Could not/);
      assert.match(stderr, /Emitted 'error' event on Socket instance at:/);
    }
  });

  itNative('rejected by the system fail calls queued before bind', async () => {
    const socket = open({ type: 'udp4', recvBufferSize: 2 ** 31 });
    const log = [];
    socket.on('error', ({ code }) => log.push(`error ${code}`));
    socket.send('x', 9, '127.0.0.1', ({ code }) => log.push(`send ${code}`));
    const closed = once(socket, 'close').catch(() => {});
    socket.close(() => log.push('close'));
    await closed;
    await nextIteration();
    assert.deepStrictEqual(log, ['error ERR_SOCKET_BUFFER_SIZE',
      'send ERR_SOCKET_BUFFER_SIZE', 'close']);
  });

  it('rejected by the system are thrown by synchronous methods', () => {
    const options = { type: 'udp4', recvBufferSize: 2 ** 31 };
    const failure = { code: 'ERR_SOCKET_BUFFER_SIZE' };
    if (isNative || nodeAtLeast('24.19.0', '26.4.0')) {
      assert.throws(() => open(options).bindSync(), failure);
      assert.throws(() => open(options).connectSync(9), failure);
    }
    if (isNative)
      assert.throws(() => open(options).sendMany(['x', 9, null]), failure);
  });
});
