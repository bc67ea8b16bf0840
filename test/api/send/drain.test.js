'use strict';

// The option sendHighWaterMark, writableNeedDrain and 'drain'. With
// --test-udp-no-try-send every datagram goes through the send queue.
// test/faults/drain.test.js has kernels that are full.

const assert = require('node:assert');
const {
  bound, describeNative, open, reportsOf, throwsCode,
} = require('../../support/dgram');
const { scaled } = require('../../support/time');

const QUEUED = { execArgv: ['--test-udp-no-try-send'] };

/** Binds `socket` and sends `sizes` to itself; then calls `next` in a tick. */
const PROGRAM = `
  function start(dgram, options, sizes, next) {
    const socket = dgram.createSocket({ type: 'udp4', ...options });
    const log = [];
    socket.on('drain', (...args) => {
      log.push(['drain', args.length, socket.writableNeedDrain,
                socket.getSendQueueCount()]);
    });
    socket.bind(0, '127.0.0.1', () => {
      sizes.forEach((size, i) =>
        socket.send(Buffer.alloc(size), socket.address().port, '127.0.0.1',
                    (error) => log.push(error ? error.code : 'sent')));
      log.push(socket.writableNeedDrain);
      process.nextTick(() => {
        log.push(socket.writableNeedDrain);
        next(socket, log);
      });
    });
  }
`;

/** The log of a program after some iterations. */
async function logOf(options, sizes, next = () => {}) {
  const [log] = await reportsOf(eval(`((dgram, report, options, sizes, wait) => {
    ${PROGRAM}
    start(dgram, options, sizes, (socket, log) => {
      (${next})(socket, log);
      setTimeout(() => {
        report(log);
        if (!log.includes('closed')) socket.close();
      }, wait);
    });
  })`), { ...QUEUED, args: [options, sizes, scaled(300)] });
  return log;
}

describeNative('the event \'drain\'', () => {
  const drain = ['drain', 0, false, 0];

  it('follows when the queue has reached the mark and is empty', async () => {
    assert.deepStrictEqual(await logOf({ sendHighWaterMark: 15 }, [5, 5, 5]),
      [false, true, 'sent', 'sent', 'sent', drain]);
  });

  it('does not follow below the mark', async () => {
    assert.deepStrictEqual(await logOf({ sendHighWaterMark: 16 }, [5, 5, 5]),
      [false, false, 'sent', 'sent', 'sent']);
  });

  it('has a mark of 65536 bytes by default', async () => {
    assert.deepStrictEqual(await logOf({}, [32768, 32767]),
      [false, false, 'sent', 'sent']);
    assert.deepStrictEqual(await logOf({}, [32768, 32768]),
      [false, true, 'sent', 'sent', drain]);
  });

  it('follows each queued datagram with a mark of 0', async () => {
    assert.deepStrictEqual(await logOf({ sendHighWaterMark: 0 }, [0]),
      [false, true, 'sent', drain]);
  });

  it('is emitted once if its listener sends more than the mark', async () => {
    const log = await logOf({ sendHighWaterMark: 5 }, [5],
      (socket, entries) => {
        socket.once('drain', () => {
          const { port } = socket.address();
          socket.send(Buffer.alloc(9), port, '127.0.0.1', () =>
            entries.push('again'));
        });
      });
    assert.deepStrictEqual(log,
      [false, true, 'sent', drain, 'again', drain]);
  });

  it('is not emitted after close()', async () => {
    const log = await logOf({ sendHighWaterMark: 5 }, [5, 5],
      (socket, entries) => {
        socket.close();
        entries.push('closed', socket.writableNeedDrain);
      });
    assert.deepStrictEqual(log.slice(0, 4), [false, true, 'closed', false]);
    assert.ok(!log.some((entry) => Array.isArray(entry)), JSON.stringify(log));
  });

  it('may close the socket', async () => {
    const log = await logOf({ sendHighWaterMark: 5 }, [5, 5],
      (socket, entries) => {
        socket.on('drain', () => {
          socket.close();
          entries.push('closed');
        });
      });
    assert.deepStrictEqual(log, [false, true, 'sent', 'sent', drain, 'closed']);
  });

  it('passes an exception to \'uncaughtException\'', async () => {
    const log = await logOf({ sendHighWaterMark: 5 }, [5],
      (socket, entries) => {
        process.on('uncaughtException', ({ message }) => entries.push(message));
        socket.on('drain', () => {
          throw new Error('expected');
        });
      });
    assert.deepStrictEqual(log, [false, true, 'sent', drain, 'expected']);
  });
});

describeNative('socket.writableNeedDrain', () => {
  it('is false without a queue, and of closed sockets', async () => {
    const socket = await bound();
    assert.strictEqual(open('udp4').writableNeedDrain, false);
    assert.strictEqual(socket.writableNeedDrain, false);
    socket.close();
    assert.strictEqual(socket.writableNeedDrain, false);
  });

  it('is read-only', async () => {
    const socket = await bound();
    assert.throws(() => {
      socket.writableNeedDrain = true;
    }, TypeError);
  });

  it('of the prototype is false', () => {
    assert.strictEqual(Object.getPrototypeOf(open('udp4')).writableNeedDrain,
                       false);
  });
});

describeNative('the option sendHighWaterMark', () => {
  it('is checked', () => {
    for (const value of ['5', null, true, {}]) {
      assert.throws(() => open({ type: 'udp4', sendHighWaterMark: value }),
        { name: 'TypeError', code: 'ERR_INVALID_ARG_TYPE' });
    }
    throwsCode(() => open({ type: 'udp4', sendHighWaterMark: -1 }),
      RangeError, 'ERR_OUT_OF_RANGE',
      'The value of "options.sendHighWaterMark" is out of range. It must be ' +
      '>= 0 && <= 4294967295. Received -1');
    for (const value of [1.5, NaN, Infinity, 2 ** 32]) {
      assert.throws(() => open({ type: 'udp4', sendHighWaterMark: value }),
        { name: 'RangeError', code: 'ERR_OUT_OF_RANGE' });
    }
    open({ type: 'udp4', sendHighWaterMark: 2 ** 32 - 1 });
  });
});
