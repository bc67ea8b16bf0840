'use strict';

// The async context in which 'uncaughtException' or a domain handles an error:
// that of the listener or callback that threw it.

const assert = require('node:assert');
const { itNative, reportsOf } = require('../../support/dgram');

describe('the context of an uncaught error', () => {
  it('in a \'message\' listener is that of the socket', async () => {
    const reports = await reportsOf((dgram, report) => {
      const { AsyncLocalStorage, executionAsyncId } =
        require('node:async_hooks');
      const storage = new AsyncLocalStorage();
      const ids = [];
      process.on('uncaughtException', ({ message }) => {
        ids.push(executionAsyncId());
        report(`${message} in ${storage.getStore()}`);
      });
      const receiver = storage.run('create', () => dgram.createSocket('udp4'));
      let count = 0;
      receiver.on('message', (msg) => {
        ids.push(executionAsyncId());
        if (++count === 3) {
          receiver.close();
          report(ids[0] > 0 && ids.every((id) => id === ids[0]));
        }
        throw new Error(msg);
      });
      receiver.bind(0, '127.0.0.1', () => {
        const sender = dgram.createSocket('udp4');
        for (const text of ['1', '2', '3'])
          sender.send(text, receiver.address().port, '127.0.0.1');
        sender.send('', receiver.address().port, '127.0.0.1',
          () => sender.close());
      });
    });
    assert.deepStrictEqual(reports,
      ['1 in create', '2 in create', true, '3 in create']);
  });

  for (const way of ['connected', 'unconnected', 'looked up']) {
    for (const execArgv of [[], ['--test-udp-no-try-send']]) {
      it(`in a send callback is that of the call: ${way} ${execArgv}`, async () => {
        const reports = await reportsOf((dgram, report, way) => {
          const connect = way === 'connected';
          const { AsyncLocalStorage } = require('node:async_hooks');
          const storage = new AsyncLocalStorage();
          process.on('uncaughtException', ({ message }) =>
            report(`${message} in ${storage.getStore()}`));
          const lookup = way !== 'looked up' ? undefined :
            (name, family, callback) =>
              process.nextTick(callback, null, '127.0.0.1', 4);
          const socket = dgram.createSocket({ type: 'udp4', lookup });
          const send = (...args) => connect ?
            socket.send(args[0], args[3]) :
            socket.send(...args);
          const sendAll = (port) => {
            let left = 5;
            for (const name of ['a', 'b', 'c', 'd', 'e']) {
              storage.run(name, () => send(name, port, '127.0.0.1', () => {
                if (--left === 0) socket.close();
                if (name !== 'c') throw new Error(`callback of ${name}`);
              }));
            }
          };
          socket.bind(0, '127.0.0.1', () => {
            const { port } = socket.address();
            if (connect) socket.connect(port, '127.0.0.1', () => sendAll(port));
            else sendAll(port);
          });
        }, { args: [way], execArgv });
        assert.deepStrictEqual(reports, ['a', 'b', 'd', 'e'].map(
          (name) => `callback of ${name} in ${name}`));
      });
    }
  }

  it('in a \'close\' listener is that of close()', async () => {
    const reports = await reportsOf((dgram, report) => {
      const { AsyncLocalStorage } = require('node:async_hooks');
      const storage = new AsyncLocalStorage();
      process.on('uncaughtException', ({ message }) =>
        report(`${message} in ${storage.getStore()}`));
      const socket = storage.run('create', () => dgram.createSocket('udp4'));
      socket.on('close', () => { throw new Error('thrown'); });
      socket.bind(0, '127.0.0.1', () =>
        storage.run('close', () => socket.close()));
    });
    assert.deepStrictEqual(reports, ['thrown in close']);
  });

  itNative('in a sendMany() callback is that of the call', async () => {
    const reports = await reportsOf((dgram, report) => {
      const { AsyncLocalStorage } = require('node:async_hooks');
      const storage = new AsyncLocalStorage();
      process.on('uncaughtException', ({ message }) =>
        report(`${message} in ${storage.getStore()}`));
      const socket = dgram.createSocket('udp4');
      socket.bind(0, '127.0.0.1', () => {
        const { port } = socket.address();
        for (const name of ['a', 'b']) {
          storage.run(name, () =>
            socket.sendMany([name, port, '127.0.0.1'], () => {
              if (name === 'b') socket.close();
              throw new Error(`callback of ${name}`);
            }));
        }
      });
    });
    assert.deepStrictEqual(reports,
      ['callback of a in a', 'callback of b in b']);
  });

  it('is the domain in which the call was made', async () => {
    const reports = await reportsOf((dgram, report) => {
      // eslint-disable-next-line n/no-deprecated-api -- programs use it
      const domain = require('node:domain').create();
      domain.on('error', ({ message }) => report(`domain: ${message}`));
      const socket = dgram.createSocket('udp4');
      socket.bind(0, '127.0.0.1', () => {
        const { port } = socket.address();
        socket.send('x', port, '127.0.0.1');
        domain.run(() => socket.send('x', port, '127.0.0.1', () => {
          socket.close();
          throw new Error('callback');
        }));
      });
    });
    assert.deepStrictEqual(reports, ['domain: callback']);
  });
});
