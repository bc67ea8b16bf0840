'use strict';

// Applications and tests that replace dns.lookup. A replacement made before
// the socket is created is called for every lookup. Literals are included up to
// the release that no longer looks them up.

const assert = require('node:assert');
const {
  itNative, itSince, nodeAtLeast, open, reportsOf, stateOf, temporary,
} = require('../../support/dgram');

// 24.19 and 26.5 answer literals without dns.lookup.
const skipsLiterals = nodeAtLeast('24.19.0', '26.5.0');

describe('a replaced dns.lookup', () => {
  it('is called for names', async () => {
    const reports = await reportsOf((dgram, report) => {
      require('node:dns').lookup = (name, family, callback) => {
        report([name, family]);
        process.nextTick(callback, null, '127.0.0.1', 4);
      };
      const socket = dgram.createSocket('udp4');
      socket.bind(0, 'some.name', () => {
        socket.send('x', socket.address().port, 'another.name', () =>
          socket.close());
      });
    });
    assert.deepStrictEqual(reports, [['some.name', 4], ['another.name', 4]]);
  });

  (skipsLiterals ? it.skip : it)('is called for address literals',
    async () => {
      const reports = await reportsOf((dgram, report) => {
        require('node:dns').lookup = (name, family, callback) => {
          report([name, family]);
          process.nextTick(callback, null, name, family);
        };
        const socket = dgram.createSocket('udp4');
        socket.bind(() => {
          const { port } = socket.address();
          socket.send('x', port, () => {
            socket.send('x', port, '127.0.0.1', () => socket.close());
          });
        });
      });
      assert.deepStrictEqual(reports,
        [['0.0.0.0', 4], ['127.0.0.1', 4], ['127.0.0.1', 4]]);
    });

  (skipsLiterals ? it.skip : it)('may resolve a literal to another address',
    async () => {
      const reports = await reportsOf((dgram, report) => {
        require('node:dns').lookup = (name, family, callback) =>
          process.nextTick(callback, null, name === '127.0.0.9' ?
            '127.0.0.1' : name, family);
        const socket = dgram.createSocket('udp4');
        socket.on('message', (msg) => {
          report(String(msg));
          socket.close();
        });
        socket.bind(0, '127.0.0.1', () =>
          socket.send('redirected', socket.address().port, '127.0.0.9'));
      });
      assert.deepStrictEqual(reports, ['redirected']);
    });

  (skipsLiterals ? it.skip : it)('is called for literals if it is replaced ' +
    'before the module is loaded', async () => {
    // The second has the name and parameters of Node's own.
    for (const text of [
      'dns.lookup = (hostname, options, callback) => {',
      'dns.lookup = function lookup(hostname, options, callback) {',
    ]) {
      const preload = temporary('preload.js', `
        const dns = require('node:dns');
        ${text}
          globalThis.names.push(hostname);
          process.nextTick(callback, null, hostname, options);
        };
        globalThis.names = [];
      `);
      const reports = await reportsOf((dgram, report) => {
        const socket = dgram.createSocket('udp4');
        socket.bind(0, '127.0.0.1', () => {
          socket.send('x', socket.address().port, '127.0.0.1', () => {
            report(globalThis.names);
            socket.close();
          });
        });
      }, { execArgv: ['--require', preload] });
      assert.deepStrictEqual(reports, [['127.0.0.1', '127.0.0.1']]);
    }
  });

  // Otherwise every literal would be looked up, and no other test would fail.
  itNative('is distinguished from the original', () => {
    const lookupOf = (socket) => stateOf(socket).handle.lookup;
    assert.strictEqual(lookupOf(open('udp4')), lookupOf(open('udp4')));
  });

  (skipsLiterals ? it : it.skip)('is not called for literals since 24.19 ' +
    'and 26.5', async () => {
    const reports = await reportsOf((dgram, report) => {
      require('node:dns').lookup = (name) => report(name);
      const socket = dgram.createSocket('udp4');
      socket.bind(() => {
        const { port } = socket.address();
        socket.send('x', port, () => {
          socket.send('x', port, '127.0.0.1', () => socket.close());
        });
      });
    });
    assert.deepStrictEqual(reports, []);
  });

  it('is called for literals of the other family', async () => {
    const reports = await reportsOf((dgram, report) => {
      require('node:dns').lookup = (name, family, callback) => {
        report([name, family]);
        process.nextTick(callback, null, '127.0.0.1', 4);
      };
      const socket = dgram.createSocket('udp4');
      socket.bind(0, '::1', () => socket.close());
    });
    assert.deepStrictEqual(reports, [['::1', 4]]);
  });

  it('may fail', async () => {
    const reports = await reportsOf((dgram, report) => {
      require('node:dns').lookup = (name, family, callback) =>
        process.nextTick(callback, new Error(`no ${name}`));
      const socket = dgram.createSocket('udp4');
      socket.on('error', ({ message }) => report(message));
      socket.bind(0, 'name');
      socket.once('error', () => socket.close());
    });
    assert.deepStrictEqual(reports, ['no name']);
  });

  // Up to 24.18 the built-in keeps the function it found in createSocket().
  itSince(['24.19.0', '26.5.0'], 'is called if replaced after createSocket()',
    async () => {
      const reports = await reportsOf((dgram, report) => {
        const socket = dgram.createSocket('udp4');
        require('node:dns').lookup = (name, family, callback) => {
          report([name, family]);
          process.nextTick(callback, null, '127.0.0.1', 4);
        };
        socket.bind(0, 'name', () => socket.close());
      });
      assert.deepStrictEqual(reports, [['name', 4]]);
    });

  it('is not called after it was restored', async () => {
    const reports = await reportsOf((dgram, report) => {
      const dns = require('node:dns');
      const { lookup } = dns;
      dns.lookup = () => report('called');
      dns.lookup = lookup;
      const socket = dgram.createSocket('udp4');
      socket.bind(0, 'localhost', () => {
        report(socket.address().address);
        socket.close();
      });
    });
    assert.deepStrictEqual(reports, ['127.0.0.1']);
  });
});
