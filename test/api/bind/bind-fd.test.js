'use strict';

// bind({ fd }): descriptors that are rejected, and descriptors inherited from
// or shared with another process.

const assert = require('node:assert');
const fs = require('node:fs');
const net = require('node:net');
const {
  bound, errnoOf, inChild, isOpen, modulePath, once, open, receiveText, send,
  stateOf, throwsCode, throwsSystemError,
} = require('../../support/dgram');

const badType = (type, body) => throwsCode(body,
  TypeError, 'ERR_INVALID_FD_TYPE', `Unsupported fd type: ${type}`);

const describeUnix =
  process.platform === 'win32' ? describe.skip : describe;

describeUnix('socket.bind({ fd })', () => {
  it('rejects the descriptor of a file', () => {
    const fd = fs.openSync(__filename);
    try {
      badType('FILE', () => open('udp4').bind({ fd }));
    } finally {
      fs.closeSync(fd);
    }
  });

  it('rejects the descriptor of a TCP server', async () => {
    const server = net.createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    try {
      badType('TCP', () => open('udp4').bind({ fd: server._handle.fd }));
    } finally {
      server.close();
    }
  });

  it('rejects a descriptor that is not open', () => {
    assert.throws(() => open('udp4').bind({ fd: 2 ** 30 }), {
      name: 'TypeError',
      code: 'ERR_INVALID_FD_TYPE',
      message: /^Unsupported fd type: (UNKNOWN|INVALID)$/,
    });
  });

  it('rejects the descriptor of another socket in this loop', async () => {
    const { handle } = stateOf(await bound());
    assert.ok(Number.isInteger(handle.fd) && handle.fd > 2);
    throwsSystemError(() => open('udp4').bind({ fd: handle.fd }),
      'EEXIST', 'open');
    throwsSystemError(() => open('udp4').bind({
      fd: handle.fd, exclusive: true,
    }), 'EEXIST', 'open');
  });

  it('leaves the socket in the binding state when it throws', () => {
    const socket = open('udp4');
    const fd = fs.openSync(__filename);
    assert.throws(() => socket.bind({ fd }));
    fs.closeSync(fd);
    assert.ok(isOpen(socket));
    assert.strictEqual(stateOf(socket).bindState, 1);
    throwsCode(() => socket.bind(),
      Error, 'ERR_SOCKET_ALREADY_BOUND', 'Socket is already bound');
  });

  it('ignores a descriptor that is not a positive int32', async () => {
    for (const fd of [0, -1, 1.5, 2 ** 31, '3', null, NaN, {}]) {
      const socket = open('udp4');
      socket.bind({ fd, address: '127.0.0.1' });
      await once(socket, 'listening');
      assert.strictEqual(socket.address().address, '127.0.0.1');
    }
  });

  it('leaves the handle\'s fd at EBADF until the socket is bound', () => {
    assert.strictEqual(stateOf(open('udp4')).handle.fd,
      errnoOf('EBADF'));
  });

  it('adopts an inherited descriptor', async () => {
    const socket = await bound();
    const address = socket.address();
    const other = await bound();
    const child = inChild((dgram, report) => {
      const socket = dgram.createSocket('udp4');
      const order = [];
      socket.on('listening', () => order.push('listening'));
      socket.bind({ fd: 3 }, () => order.push('callback'));
      order.push('returned');
      report(order);
      report(socket.address());
      socket.on('message', (msg, { port }) => {
        report(String(msg));
        if (String(msg) === 'end')
          socket.close();
        else
          socket.send(msg, port, '127.0.0.1');
      });
      socket.on('close', () => report('closed'));
    }, { stdio: ['ignore', 0, 0, stateOf(socket).handle.fd] });
    socket.close();
    const echoes = receiveText(other, 10);
    // Equal sizes: GSO and GRO apply if they are enabled.
    for (let i = 0; i < 10; i++)
      other.send(`text ${i}`, address.port, '127.0.0.1');
    other.send('end', address.port, '127.0.0.1');
    const { reports, stderr, code } = await child;
    assert.deepStrictEqual({ stderr, code }, { stderr: '', code: 0 });
    assert.deepStrictEqual(reports, [
      ['listening', 'callback', 'returned'],
      address,
      ...Array.from({ length: 10 }, (_, i) => `text ${i}`),
      'end',
      'closed',
    ]);
    assert.deepStrictEqual(await echoes,
      Array.from({ length: 10 }, (_, i) => `text ${i}`));
  });

  it('changes nothing for other users of the descriptor', async () => {
    const socket = require('node:dgram').createSocket('udp4');
    socket.bind(0, '127.0.0.1');
    await once(socket, 'listening');
    const { port } = socket.address();
    const { reports } = await inChild((dgram, report) => {
      const socket = dgram.createSocket('udp4');
      socket.bind({ fd: 3 }, () => {
        report(socket.address().port);
        socket.close();
      });
    }, { stdio: ['ignore', 0, 0, stateOf(socket).handle.fd] });
    assert.deepStrictEqual(reports, [port]);
    // Equal sizes, which the kernel merges if GRO is enabled.
    const texts = receiveText(socket, 20);
    const sender = open('udp4');
    for (let i = 0; i < 20; i++)
      sender.send(`text ${10 + i}`, port, '127.0.0.1');
    assert.deepStrictEqual(await texts,
      Array.from({ length: 20 }, (_, i) => `text ${10 + i}`));
    socket.close();
  });

  it('adopts the descriptor of the other module\'s socket', async () => {
    // In both directions: package to built-in and built-in to package.
    for (const [source, target] of [[modulePath, 'node:dgram'],
      ['node:dgram', modulePath]]) {
      const socket = require(source).createSocket('udp4');
      socket.bind(0, '127.0.0.1');
      await once(socket, 'listening');
      const { port } = socket.address();
      const child = inChild((dgram, report, target) => {
        const socket = require(target).createSocket('udp4');
        socket.bind({ fd: 3 }, () => report(socket.address().port));
        socket.on('message', (msg) => {
          report(String(msg));
          socket.close();
        });
      }, {
        args: [target],
        stdio: ['ignore', 0, 0, stateOf(socket).handle.fd],
      });
      socket.close();
      const sender = open('udp4');
      await send(sender, 'hello', port, '127.0.0.1');
      const { reports, stderr } = await child;
      assert.deepStrictEqual({ reports, stderr },
        { reports: [port, 'hello'], stderr: '' });
    }
  });
});
