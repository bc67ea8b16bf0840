'use strict';

// DEP0112: accessors and methods that Node 25 removed.

const assert = require('node:assert');
const { dgram, nodeAtLeast, open, reportsOf } = require('../../support/dgram');

const PROPERTIES = {
  _handle: 'handle',
  _receiving: 'receiving',
  _bindState: 'bindState',
  _queue: 'queue',
  _reuseAddr: 'reuseAddr',
};
const IS_REMOVED = nodeAtLeast('25.0.0');

(IS_REMOVED ? describe.skip : describe)('deprecated accessors (up to Node 24)',
  () => {
    for (const [name, key] of Object.entries(PROPERTIES)) {
      it(`${name} reads and writes the state and warns once`, async () => {
        const reports = await reportsOf((dgram, report, name, key) => {
          process.removeAllListeners('warning');
          process.on('warning', ({ name, message, code }) =>
            report([name, message, code]));
          const socket = dgram.createSocket({ type: 'udp4', reuseAddr: 5 });
          const symbol = Object.getOwnPropertySymbols(socket)
            .find(({ description }) => description === 'state symbol');
          const state = socket[symbol];
          report(socket[name] === state[key]);
          report(socket[name] === state[key]);
          const { handle } = state;
          socket[name] = 'set';
          report(state[key]);
          state.handle = handle;
        }, { args: [name, key] });
        assert.deepStrictEqual(reports, [true, true, 'set', [
          'DeprecationWarning',
          `Socket.prototype.${name} is deprecated`,
          'DEP0112',
        ]]);
      });
    }

    it('are not enumerable', () => {
      for (const name of Object.keys(PROPERTIES)) {
        const { enumerable, get, set } =
          Object.getOwnPropertyDescriptor(dgram.Socket.prototype, name);
        assert.deepStrictEqual([enumerable, typeof get, typeof set],
          [false, 'function', 'function']);
      }
    });

    for (const method of ['_healthCheck', '_stopReceiving']) {
      it(`${method}() works and warns`, async () => {
        const reports = await reportsOf((dgram, report, method) => {
          process.removeAllListeners('warning');
          process.on('warning', ({ name, message, code }) =>
            report([name, message, code]));
          const socket = dgram.createSocket('udp4');
          report(socket[method]() === undefined);
          socket.close();
          try {
            socket._healthCheck();
          } catch ({ code }) {
            report(code);
          }
        }, { args: [method] });
        assert.deepStrictEqual(reports.slice(0, 3), [
          true, 'ERR_SOCKET_DGRAM_NOT_RUNNING', [
            'DeprecationWarning',
            `Socket.prototype.${method}() is deprecated`,
            'DEP0112',
          ],
        ]);
      });
    }

    it('_createSocketHandle() creates a handle and warns', async () => {
      const reports = await reportsOf((dgram, report) => {
        process.removeAllListeners('warning');
        process.on('warning', ({ message, code }) => report([message, code]));
        const handle = dgram._createSocketHandle('127.0.0.1', 0, 'udp4');
        // A socket is not a descriptor on Windows.
        report(process.platform === 'win32' || handle.fd > 0);
        handle.close();
        report(dgram._createSocketHandle('1.2.3.4.5', 0, 'udp4') < 0);
      });
      assert.deepStrictEqual(reports, [true, true, [
        'dgram._createSocketHandle() is deprecated', 'DEP0112',
      ]]);
    });
  });

(IS_REMOVED ? describe : describe.skip)('deprecated accessors (since Node 25)',
  () => {
    it('are removed', () => {
      const socket = open('udp4');
      for (const name of [...Object.keys(PROPERTIES), '_healthCheck',
        '_stopReceiving'])
        assert.strictEqual(name in socket, false, name);
      assert.strictEqual('_createSocketHandle' in dgram, false);
    });
  });
