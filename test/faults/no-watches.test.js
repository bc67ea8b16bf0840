'use strict';

// The user may watch no more descriptors: libuv would abort the process.

const assert = require('node:assert');
const { spawnSync } = require('node:child_process');
const path = require('node:path');

const { compileLibrary } = require('../support/compile');
const { main } = require('../support/package');

/** Runs `open(dgram, onSocket)` and returns the events of its sockets. */
function eventsOf(open) {
  const program = `
    const dgram = require(${JSON.stringify(main)});
    const events = [];
    (${open})(dgram, (socket) => {
      socket.on('listening', () => events.push('listening'));
      socket.on('error', ({ message }) => events.push(message));
    });
    // These sockets do not keep the event loop alive.
    process.on('exit', () => console.log(events.join()));
  `;
  const { status, signal, stdout, stderr } = spawnSync(
    process.execPath, ['-e', program], {
      encoding: 'utf8', timeout: 20000,
      env: {
        ...process.env, DGRAM_NATIVE_TRANSPORT: 'linux',
        LD_PRELOAD: compileLibrary(path.join(__dirname, 'no-watches.c')),
      },
    });
  assert.deepStrictEqual({ status, signal, stderr },
                         { status: 0, signal: null, stderr: '' });
  return stdout.trim().split(',');
}

describe('a socket that epoll does not accept', function() {
  this.timeout(60000);

  before(function() {
    if (process.platform !== 'linux') this.skip();
  });

  it('emits ENOSPC once it is bound', () => {
    assert.deepStrictEqual(
      eventsOf((dgram, onSocket) => {
        const socket = dgram.createSocket('udp4');
        onSocket(socket);
        socket.bind(0, '127.0.0.1');
      }), ['listening', 'recvmsg ENOSPC']);
  });

  it('survives a listener that throws', () => {
    assert.deepStrictEqual(
      eventsOf((dgram, onSocket) => {
        const socket = dgram.createSocket('udp4');
        onSocket(socket);
        socket.on('error', () => { throw new Error('thrown'); });
        process.on('uncaughtException', ({ message }) =>
          socket.emit('listening', console.log(message)));
        socket.bind(0, '127.0.0.1');
      }), ['thrown\nlistening', 'recvmsg ENOSPC', 'listening']);
  });

  it('emits ENOSPC for each of many', () => {
    const events = eventsOf((dgram, onSocket) => {
      for (let i = 0; i < 100; i++) {
        const socket = dgram.createSocket('udp4');
        onSocket(socket);
        socket.bind(0, '127.0.0.1');
      }
    });
    assert.strictEqual(events.length, 200);
    assert.strictEqual(
      events.filter((event) => event === 'recvmsg ENOSPC').length, 100);
  });

  it('emits ENOSPC if the program knows the descriptor', () => {
    assert.deepStrictEqual(
      eventsOf((dgram, onSocket) => {
        const socket = dgram.createSocket('udp4');
        socket.bind(0, '127.0.0.1', () => {
          const { handle } = Object.getOwnPropertySymbols(socket)
            .map((symbol) => socket[symbol]).find((value) => value?.handle);
          handle.recvStop();
          const other = dgram.createSocket('udp4');
          onSocket(other);
          other.bind({ fd: handle.fd });
        });
      }).sort(), ['listening', 'recvmsg ENOSPC']);
  });

  it('does not watch a socket that is closed at once', () => {
    assert.deepStrictEqual(
      eventsOf((dgram, onSocket) => {
        const socket = dgram.createSocket('udp4');
        onSocket(socket);
        socket.bind(0, '127.0.0.1', () => socket.close());
      }), ['listening']);
  });

  it('sends', () => {
    assert.deepStrictEqual(
      eventsOf((dgram, onSocket) => {
        const socket = dgram.createSocket('udp4');
        onSocket(socket);
        socket.send('x', 9, '127.0.0.1', () => socket.emit('listening'));
      }).sort(), ['listening', 'listening', 'recvmsg ENOSPC']);
  });
});
