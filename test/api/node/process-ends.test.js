'use strict';

// What a connected socket has sent arrives, however the process or the thread
// ends in the middle of the tick.

const assert = require('node:assert');
const {
  bound, inChild, inWorker, once, receiveText, reportsOf,
} = require('../../support/dgram');

/** Node 22.15 and newer. */
const hasExecve = 'execve' in process;

const TEXTS = ['1', '2', '3', '4', '5'];

/** Sends TEXTS within one tick, and then ends the process. */
async function sendsAll(end, expected, options) {
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

describe('a process that ends', () => {
  for (const name of ['SIGTERM', 'SIGINT', 'SIGHUP', 'SIGKILL']) {
    it(`by process.kill() with ${name} has sent`, () => sendsAll(
      `(send) => { send(); process.kill(process.pid, '${name}'); }`,
      { signal: name }));
  }

  it('by process.abort() has sent', () => sendsAll(
    (send) => { send(); process.abort(); }, { signal: 'SIGABRT' }));

  (hasExecve ? it : it.skip)('by process.execve() has sent', () => sendsAll(
    `(send) => {
      send();
      process.execve('/bin/true', ['true'], {});
    }`, { code: 0 }));

  it('by process.reallyExit() has sent', () => sendsAll(
    (send) => { send(); process.reallyExit(3); }, { code: 3 }));

  it('by an uncaught error has sent', () => sendsAll(
    (send) => { send(); throw new Error('uncaught'); }, { code: 1 }));

  it('by an uncaught error has sent what uncaughtExceptionMonitor sends',
    () => sendsAll((send) => {
      process.on('uncaughtExceptionMonitor', send);
      throw new Error('uncaught');
    }, { code: 1 }));

  it('by a handler of uncaughtException that throws has sent', () => sendsAll(
    (send) => {
      process.on('uncaughtException', () => {
        send();
        throw new Error('again');
      });
      throw new Error('first');
    }, { code: 7 }));

  it('by an unhandled rejection has sent', () => sendsAll(
    (send) => {
      send();
      Promise.reject(new Error('unhandled'));
    }, { code: 1 }));

  it('by a handler of unhandledRejection has sent', () => sendsAll(
    (send) => {
      process.on('unhandledRejection', () => {
        send();
        process.exit(4);
      });
      Promise.reject(new Error('unhandled'));
    }, { code: 4 }));

  // As signal-exit and its kind do: the handler goes, and the signal is sent
  // again.
  it('by a signal whose handler sends has sent', () => sendsAll(
    (send) => {
      const onSignal = () => {
        send();
        process.removeListener('SIGTERM', onSignal);
        process.kill(process.pid, 'SIGTERM');
      };
      process.on('SIGTERM', onSignal);
      require('node:child_process').exec(`kill -TERM ${process.pid}`);
    }, { signal: 'SIGTERM' }));

  it('by process.exit() after nextTick was taken away has sent', () => sendsAll(
    (send) => {
      process.nextTick = () => {};
      send();
      process.exit(0);
    }, { code: 0 }));
});

describe('the process object', () => {
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

  it('has no listener of ours, and looks as before', async () => {
    const receiver = await bound();
    assert.deepStrictEqual(
      await reportsOf(sendTwice, { args: [receiver.address().port] }),
      [{ same: true, exits: 10, names: true }]);
  });

  it('still has functions that fail as before', async () => {
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

describe('a worker that is terminated', () => {
  it('has sent', async () => {
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

  it('among others leaves those alone', async () => {
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
