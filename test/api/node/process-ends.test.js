'use strict';

// A process or thread that ends within a tick: the datagrams that a connected
// socket has sent arrive, whichever way it ends.

const assert = require('node:assert');
const {
  bound, inChild, inWorker, once, receiveText, reportsOf,
} = require('../../support/dgram');

/** Since Node 22.15. */
const hasExecve = 'execve' in process;

const TEXTS = ['1', '2', '3', '4', '5'];

/** Sends TEXTS within one tick and ends the process; they must arrive. */
async function assertAllSent(end, expected, options) {
  const receiver = await bound();
  const texts = receiveText(receiver, TEXTS.length);
  const { code, signal } = await inChild(`(dgram, report, port) => {
    const socket = dgram.createSocket('udp4');
    const sendAll = () => {
      for (const text of ${JSON.stringify(TEXTS)}) socket.send(text);
    };
    socket.connect(port, '127.0.0.1', () => setImmediate(${end}, sendAll));
  }`, { args: [receiver.address().port], ...options });
  assert.deepStrictEqual(await texts, TEXTS);
  assert.deepStrictEqual({ code, signal }, { code: null, signal: null,
    ...expected });
}

describe('sends of a tick that ends the process', () => {
  for (const name of ['SIGTERM', 'SIGINT', 'SIGHUP', 'SIGKILL']) {
    it(`leave before process.kill() with ${name}`, () => assertAllSent(
      `(send) => { send(); process.kill(process.pid, '${name}'); }`,
      { signal: name }));
  }

  it('leave before process.abort()', () => assertAllSent(
    (send) => { send(); process.abort(); }, { signal: 'SIGABRT' }));

  (hasExecve ? it : it.skip)('leave before execve()', () => assertAllSent(
    `(send) => {
      send();
      process.execve('/bin/true', ['true'], {});
    }`, { code: 0 }));

  it('leave before process.reallyExit()', () => assertAllSent(
    (send) => { send(); process.reallyExit(3); }, { code: 3 }));

  it('leave before an uncaught error', () => assertAllSent(
    (send) => { send(); throw new Error('uncaught'); }, { code: 1 }));

  it('leave when called in uncaughtExceptionMonitor',
    () => assertAllSent((send) => {
      process.on('uncaughtExceptionMonitor', send);
      throw new Error('uncaught');
    }, { code: 1 }));

  it('leave before an uncaughtException handler throws', () => assertAllSent(
    (send) => {
      process.on('uncaughtException', () => {
        send();
        throw new Error('again');
      });
      throw new Error('first');
    }, { code: 7 }));

  it('leave before an unhandled rejection', () => assertAllSent(
    (send) => {
      send();
      Promise.reject(new Error('unhandled'));
    }, { code: 1 }));

  it('leave before an unhandledRejection handler exits', () => assertAllSent(
    (send) => {
      process.on('unhandledRejection', () => {
        send();
        process.exit(4);
      });
      Promise.reject(new Error('unhandled'));
    }, { code: 4 }));

  // As in signal-exit: the handler removes itself and sends the signal again.
  it('leave before a signal handler repeats its signal', () => assertAllSent(
    (send) => {
      const onSignal = () => {
        send();
        process.removeListener('SIGTERM', onSignal);
        process.kill(process.pid, 'SIGTERM');
      };
      process.on('SIGTERM', onSignal);
      require('node:child_process').exec(`kill -TERM ${process.pid}`);
    }, { signal: 'SIGTERM' }));

  it('leave before process.exit() without nextTick()', () => assertAllSent(
    (send) => {
      process.nextTick = () => {};
      send();
      process.exit(0);
    }, { code: 0 }));
});

describe('the process object while sends are queued', () => {
  const sendTwice = (dgram, report, peers) => {
    const before = ['_kill', 'abort', 'reallyExit', 'kill'].map((name) => {
      const { value, ...rest } =
        Object.getOwnPropertyDescriptor(process, name);
      return [name, value.name, value.length, rest];
    });
    const names = process.eventNames().sort();
    const onWarning = ({ message }) => report(message);
    process.on('warning', onWarning);
    for (let i = 0; i < 10; i++) process.on('exit', () => {});
    const socket = dgram.createSocket('udp4');
    socket.connect(peers, '127.0.0.1', () => {
      for (let i = 0; i < 3; i++) socket.send('x');
      setImmediate(() => {
        const after = before.map(([name]) => {
          const { value, ...rest } =
            Object.getOwnPropertyDescriptor(process, name);
          return [name, value.name, value.length, rest];
        });
        process.removeListener('warning', onWarning);
        report({
          same: JSON.stringify(before) === JSON.stringify(after),
          exits: process.listenerCount('exit'),
          names: process.eventNames().filter((name) => name !== 'exit').sort()
            .join() === names.join(),
        });
        socket.close();
      });
    });
  };

  it('has no added listener and the same properties', async () => {
    const receiver = await bound();
    assert.deepStrictEqual(
      await reportsOf(sendTwice, { args: [receiver.address().port] }),
      [{ same: true, exits: 10, names: true }]);
  });

  it('has functions that fail as before', async () => {
    const receiver = await bound();
    assert.deepStrictEqual(await reportsOf((dgram, report, port) => {
      const socket = dgram.createSocket('udp4');
      socket.connect(port, '127.0.0.1', () => {
        socket.send('1');
        socket.send('2');
        for (const act of [
          () => process.kill(process.pid, 'SIGNOTHING'),
          () => process.kill(process.pid, 0),
          () => process.kill(2 ** 30, 0),
        ]) {
          try {
            report(act());
          } catch ({ code }) {
            report(code);
          }
        }
        socket.close();
      });
    }, { args: [receiver.address().port] }),
    ['ERR_UNKNOWN_SIGNAL', true, 'ESRCH']);
  });
});

describe('sends of a worker that ends', () => {
  it('leave before worker.terminate()', async () => {
    const receiver = await bound();
    const texts = receiveText(receiver, TEXTS.length);
    const worker = inWorker(`(dgram, parentPort, { port, texts }) => {
      const socket = dgram.createSocket('udp4');
      socket.connect(port, '127.0.0.1', () => setImmediate(() => {
        for (const text of texts) socket.send(text);
        parentPort.postMessage('sent');
        for (;;);
      }));
    }`, { port: receiver.address().port, texts: TEXTS });
    await once(worker, 'message');
    await worker.terminate();
    assert.deepStrictEqual(await texts, TEXTS);
  });

  it('leave before process.exit() in three workers', async () => {
    const receiver = await bound();
    const texts = receiveText(receiver, 3 * TEXTS.length);
    const workers = [];
    for (let i = 0; i < 3; i++) {
      const worker = inWorker(`(dgram, parentPort, { port, texts }) => {
        const socket = dgram.createSocket('udp4');
        socket.connect(port, '127.0.0.1', () => setImmediate(() => {
          for (const text of texts) socket.send(text);
          process.exit();
        }));
      }`, { port: receiver.address().port, texts: TEXTS });
      workers.push(once(worker, 'exit'));
    }
    await Promise.all(workers);
    assert.deepStrictEqual((await texts).sort(),
      [...TEXTS, ...TEXTS, ...TEXTS].sort());
  });
});
