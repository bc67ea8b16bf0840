'use strict';

// The user may watch no more descriptors: libuv would abort the process.

const assert = require('node:assert');
const { spawnSync } = require('node:child_process');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');

const { compileLibrary } = require('../support/compile');
const { main } = require('../support/package');

/** Runs `open(dgram, onSocket)` and returns the events of its sockets. */
function eventsOf(open, after = 0, { execArgv = [], env } = {}) {
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
    process.execPath, [...execArgv, '-e', program], {
      encoding: 'utf8', timeout: 20000,
      env: {
        ...process.env, DGRAM_NATIVE_TRANSPORT: 'linux',
        NO_WATCHES_AFTER: `${after}`,
        ...env,
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

  // The first one takes two calls: the second is that of libuv.
  it('is noticed with more sockets than before', () => {
    assert.deepStrictEqual(
      eventsOf((dgram, onSocket) => {
        const first = dgram.createSocket('udp4');
        first.bind(0, '127.0.0.1', () => setTimeout(() => {
          const second = dgram.createSocket('udp4');
          onSocket(second);
          second.bind(0, '127.0.0.1');
          second.on('error', () => first.close());
        }, 50));
      }, 2), ['listening', 'recvmsg ENOSPC']);
  });

  // The queue has a poll handle of its own, instead of the watcher.
  it('is noticed beside a socket that has queued a datagram', () => {
    const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'dgram-watches-'));
    try {
      assert.deepStrictEqual(
        eventsOf((dgram, onSocket) => {
          const first = dgram.createSocket('udp4');
          first.bind(0, '127.0.0.1', () => setTimeout(() => {
            first.send('x', 9, '127.0.0.1');
            setTimeout(() => {
              require('node:fs').writeFileSync(process.env.NO_WATCHES_FILE, '');
              const second = dgram.createSocket('udp4');
              onSocket(second);
              second.bind(0, '127.0.0.1');
              second.on('error', () => first.close());
            }, 50);
          }, 50));
        }, 0, {
          execArgv: ['--test-udp-no-try-send'],
          env: { NO_WATCHES_FILE: path.join(folder, 'full') },
        }), ['listening', 'recvmsg ENOSPC']);
    } finally {
      fs.rmSync(folder, { recursive: true });
    }
  });
});

describe('a socket in the place of a closed one', function() {
  this.timeout(60000);

  before(function() {
    if (process.platform !== 'linux') this.skip();
  });

  it('is added to epoll once', () => {
    // Two calls for the first socket, one for each of the others. Then epoll
    // is full, and the next call of libuv would abort the process.
    assert.deepStrictEqual(
      eventsOf((dgram, onSocket) => {
        const next = (left) => {
          const socket = dgram.createSocket('udp4');
          onSocket(socket);
          socket.once('message', () => {
            socket.close();
            if (left > 1) next(left - 1);
          });
          socket.bind(0, '127.0.0.1', () => {
            socket.send('x', socket.address().port, '127.0.0.1');
          });
        };
        next(5);
      }, 6), new Array(5).fill('listening'));
  });

  // With node:dgram, the process aborts.
  it('may have lost the descriptor that the program has asked for', () => {
    assert.deepStrictEqual(
      eventsOf((dgram, onSocket) => {
        const first = dgram.createSocket('udp4');
        first.bind(0, '127.0.0.1', () => setTimeout(() => {
          first.close();
          const second = dgram.createSocket('udp4');
          onSocket(second);
          second.bind(0, '127.0.0.1', () => {
            const { handle } = Object.getOwnPropertySymbols(second)
              .map((symbol) => second[symbol]).find((value) => value?.handle);
            require('node:fs').closeSync(handle.fd);
            setTimeout(() => process.exit(0), 50);
          });
        }, 50));
      }, 1000), ['listening']);
  });
});
