'use strict';

// ref() and unref(): return values, the handle's state, and which sockets keep
// a process alive.

const assert = require('node:assert');
const {
  bound, inChild, once, open, receiveText, reportsOf, send, stateOf,
} = require('../../support/dgram');

describe('socket.ref() and unref()', () => {
  it('return the socket in every state', async () => {
    const socket = open('udp4');
    assert.strictEqual(socket.ref(), socket);
    assert.strictEqual(socket.unref(), socket);
    socket.bind();
    await once(socket, 'listening');
    assert.strictEqual(socket.unref(), socket);
    assert.strictEqual(socket.ref(), socket);
    socket.close();
    assert.strictEqual(socket.ref(), socket);
    assert.strictEqual(socket.unref(), socket);
  });

  it('change hasRef() of the handle', async () => {
    const socket = await bound();
    const { handle } = stateOf(socket);
    assert.strictEqual(handle.hasRef(), true);
    socket.unref();
    assert.strictEqual(handle.hasRef(), false);
    socket.unref();
    socket.ref();
    assert.strictEqual(handle.hasRef(), true);
  });

  it('leave hasRef() false once the handle is closed', async () => {
    const socket = await bound();
    const { handle } = stateOf(socket);
    const closed = new Promise((resolve) =>
      handle.close(() => resolve(handle.hasRef())));
    stateOf(socket).handle = null;
    assert.strictEqual(await closed, false);
  });

  it('are not needed for a new handle: it has a reference', () => {
    const { handle } = stateOf(open('udp4'));
    assert.strictEqual(handle.hasRef(), true);
    handle.unref();
    assert.strictEqual(handle.hasRef(), false);
  });

  for (const [text, body] of [
    ['a socket that was never bound', (dgram) => {
      dgram.createSocket('udp4');
    }],
    ['a socket after unref', (dgram) => {
      dgram.createSocket('udp4').bind().unref();
    }],
    ['a socket after unref in the listener', (dgram) => {
      const socket = dgram.createSocket('udp4');
      socket.bind(0, () => socket.unref());
    }],
    ['a socket that was bound after unref', (dgram) => {
      const socket = dgram.createSocket('udp4');
      socket.unref();
      socket.bind();
    }],
    ['a connected socket after unref', (dgram) => {
      const socket = dgram.createSocket('udp4');
      socket.connect(9, () => socket.unref());
    }],
    ['a closed socket', (dgram) => {
      dgram.createSocket('udp4').bind().close();
    }],
    ['a socket that has received, after unref', (dgram) => {
      const socket = dgram.createSocket('udp4');
      socket.on('message', () => socket.unref());
      socket.bind(0, '127.0.0.1', () =>
        socket.send('x', socket.address().port, '127.0.0.1'));
    }],
    ['a socket that has sent, after unref', (dgram) => {
      const socket = dgram.createSocket('udp4');
      socket.send('x', 9, '127.0.0.1', () => socket.unref());
    }],
    ['a socket that sends in a \'beforeExit\' listener', (dgram) => {
      const socket = dgram.createSocket('udp4');
      socket.bind().unref();
      process.once('beforeExit', () => socket.send('x', 9, '127.0.0.1'));
    }],
  ]) {
    it(`${text} lets the process end`, async () => {
      await reportsOf(body);
    });
  }

  for (const [text, body] of [
    ['a bound socket', (dgram, report) => {
      const socket = dgram.createSocket('udp4');
      socket.bind(0, '127.0.0.1', () => report(socket.address().port));
      socket.on('message', () => socket.close());
    }],
    ['a socket after unref and ref', (dgram, report) => {
      const socket = dgram.createSocket('udp4');
      socket.unref().bind(0, '127.0.0.1', () => {
        socket.ref();
        report(socket.address().port);
      });
      socket.on('message', () => socket.close());
    }],
    ['a socket that only sent', (dgram, report) => {
      const socket = dgram.createSocket('udp4');
      socket.send('x', 9, '127.0.0.1', () => report(socket.address().port));
      socket.on('message', () => socket.close());
    }],
    ['one of two sockets', (dgram, report) => {
      dgram.createSocket('udp4').bind().unref();
      const socket = dgram.createSocket('udp4');
      socket.bind(0, '127.0.0.1', () => report(socket.address().port));
      socket.on('message', () => socket.close());
    }],
  ]) {
    it(`${text} keeps the process alive until it is closed`, async () => {
      const child = inChild(body);
      const exited = new Promise((resolve) =>
        child.child.on('exit', () => resolve('exited')));
      const port = await Promise.race([exited, new Promise((resolve) =>
        child.child.stdout.on('data', (data) => resolve(Number(data))))]);
      assert.ok(port > 0, 'the process has ended');
      // Otherwise the process would have ended before this arrives.
      await send(await bound(), 'end', port, '127.0.0.1');
      const { code, stderr } = await child;
      assert.deepStrictEqual({ code, stderr }, { code: 0, stderr: '' });
    });
  }

  it('a socket without a reference sends queued datagrams', async () => {
    const receiver = await bound();
    const texts = receiveText(receiver, 3);
    const reports = await reportsOf((dgram, report, port) => {
      const socket = dgram.createSocket('udp4');
      socket.bind(0, '127.0.0.1', () => {
        socket.unref();
        for (const text of ['1', '2', '3'])
          socket.send(text, port, '127.0.0.1', () => report(`sent ${text}`));
      });
    }, {
      args: [receiver.address().port],
      execArgv: ['--test-udp-no-try-send'],
    });
    assert.deepStrictEqual(reports, ['sent 1', 'sent 2', 'sent 3']);
    assert.deepStrictEqual(await texts, ['1', '2', '3']);
  });

  it('a socket without a reference still receives', async () => {
    const socket = await bound();
    socket.unref();
    const texts = receiveText(socket, 1);
    await send(await bound(), 'x', socket.address().port, '127.0.0.1');
    assert.deepStrictEqual(await texts, ['x']);
  });
});
