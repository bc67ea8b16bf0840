'use strict';

// cluster: the primary owns the sockets, and its workers share them.

const assert = require('node:assert');
const {
  freePort, isLinux, itSince, reportsOf,
} = require('../../support/dgram');

const describeUnix =
  process.platform === 'win32' ? describe.skip : describe;

describeUnix('cluster workers', () => {
  it('share a port and its messages', async () => {
    const reports = await reportsOf((dgram, report) => {
      const cluster = require('node:cluster');
      if (!cluster.isPrimary) {
        const socket = dgram.createSocket('udp4');
        socket.on('message', (msg) => process.send(String(msg)));
        socket.bind(0, '127.0.0.1', () =>
          process.send(socket.address().port));
        process.on('message', () => {
          socket.close();
          process.disconnect();
        });
        return;
      }
      const ports = [];
      const texts = [];
      for (let i = 0; i < 2; i++) {
        cluster.fork().on('message', (message) => {
          if (typeof message === 'number') {
            if (ports.push(message) < 2)
              return;
            report(ports[0] === ports[1]);
            const sender = dgram.createSocket('udp4');
            for (let n = 0; n < 20; n++)
              sender.send(`${n}`, ports[0], '127.0.0.1');
            sender.unref();
          } else if (texts.push(Number(message)) === 20) {
            report(texts.sort((a, b) => a - b));
            for (const worker of Object.values(cluster.workers))
              worker.send('end');
          }
        });
      }
    });
    assert.deepStrictEqual(reports,
      [true, Array.from({ length: 20 }, (_, i) => i)]);
  });

  it('have their own port with `exclusive`', async () => {
    const [ports] = await reportsOf((dgram, report) => {
      const cluster = require('node:cluster');
      if (!cluster.isPrimary) {
        const socket = dgram.createSocket('udp4');
        socket.bind({ port: 0, address: '127.0.0.1', exclusive: true }, () =>
          process.send(socket.address().port));
        process.on('message', () => process.exit());
        return;
      }
      const ports = [];
      for (let i = 0; i < 2; i++) {
        cluster.fork().on('message', (port) => {
          if (ports.push(port) === 2) {
            report(ports);
            for (const worker of Object.values(cluster.workers))
              worker.send('end');
          }
        });
      }
    });
    assert.notStrictEqual(ports[0], ports[1]);
  });

  it('emit \'listening\' in the primary', async () => {
    const reports = await reportsOf((dgram, report) => {
      const cluster = require('node:cluster');
      if (!cluster.isPrimary) {
        const socket = dgram.createSocket('udp4');
        socket.bind(0, '127.0.0.1', () => process.send(socket.address()));
        process.on('message', () => process.exit());
        return;
      }
      const worker = cluster.fork();
      let left = 2;
      const seen = {};
      const note = (key, value) => {
        seen[key] = value;
        if (--left === 0) {
          report(seen);
          worker.send('end');
        }
      };
      worker.on('message', (address) => note('own', address));
      worker.on('listening', (address) => note('reported', address));
    });
    const [{ own, reported }] = reports;
    assert.strictEqual(reported.address, own.address);
    assert.strictEqual(reported.port, own.port);
    assert.strictEqual(reported.addressType, 'udp4');
  });

  it('receive EADDRINUSE for a port in use and can bind again', async () => {
    const reports = await reportsOf((dgram, report) => {
      const cluster = require('node:cluster');
      if (!cluster.isPrimary) {
        const socket = dgram.createSocket('udp4');
        socket.on('error', ({ message, ...error }) => {
          process.send({ message, ...error });
          socket.bind(0, '127.0.0.1', () => {
            process.send('rebound');
            process.disconnect();
            socket.close();
          });
        });
        socket.bind(Number(process.env.PORT), '127.0.0.1');
        return;
      }
      const socket = dgram.createSocket('udp4');
      socket.bind(0, '127.0.0.1', () => {
        const { port } = socket.address();
        const worker = cluster.fork({ PORT: port });
        worker.on('message', (message) => {
          report(message === 'rebound' ? message : [message.code,
            message.syscall, message.address, message.port === port,
            message.message === `bind EADDRINUSE 127.0.0.1:${port}`]);
        });
        worker.on('exit', () => socket.close());
      });
    });
    assert.deepStrictEqual(reports,
      [['EADDRINUSE', 'bind', '127.0.0.1', true, true], 'rebound']);
  });

  it('have their own ports for connect() and send()', async () => {
    const [ports] = await reportsOf((dgram, report) => {
      const cluster = require('node:cluster');
      if (!cluster.isPrimary) {
        const [a, b] = [dgram.createSocket('udp4'), dgram.createSocket('udp4')];
        a.connect(9, () => b.send('x', 9, '127.0.0.1', () =>
          process.send([a.address().port, b.address().port])));
        process.on('message', () => process.exit());
        return;
      }
      const ports = [];
      for (let i = 0; i < 2; i++) {
        cluster.fork().on('message', (message) => {
          ports.push(...message);
          if (ports.length === 4) {
            report(ports);
            for (const worker of Object.values(cluster.workers))
              worker.send('end');
          }
        });
      }
    });
    assert.strictEqual(new Set(ports).size, 4);
  });

  it('can close a shared socket without affecting others', async () => {
    const reports = await reportsOf((dgram, report, port) => {
      const cluster = require('node:cluster');
      if (!cluster.isPrimary) {
        const socket = dgram.createSocket('udp4');
        socket.on('message', (msg) => process.send(String(msg)));
        socket.bind(port, '127.0.0.1', () => process.send('bound'));
        process.on('message', (message) => {
          if (message === 'exit')
            process.exit();
          socket.close(() => process.send('closed'));
        });
        return;
      }
      const first = cluster.fork();
      first.once('message', () => {
        const second = cluster.fork();
        second.once('message', () => {
          first.once('message', (message) => {
            report(message);
            const sender = dgram.createSocket('udp4');
            second.on('message', (text) => {
              report(text);
              sender.close();
              first.send('exit');
              second.send('exit');
            });
            sender.send('to the second', port, '127.0.0.1');
          });
          first.send('close');
        });
      });
    }, { args: [await freePort()] });
    assert.deepStrictEqual(reports, ['closed', 'to the second']);
  });

  it('send from the shared socket', async () => {
    const reports = await reportsOf((dgram, report) => {
      const cluster = require('node:cluster');
      if (!cluster.isPrimary) {
        const socket = dgram.createSocket('udp4');
        socket.bind(0, '127.0.0.1', () => {
          for (let i = 0; i < 10; i++) {
            socket.send(`${i}`, Number(process.env.PORT), '127.0.0.1',
              () => i === 9 && process.send(socket.address().port));
          }
        });
        process.on('message', () => process.exit());
        return;
      }
      const socket = dgram.createSocket('udp4');
      const texts = [];
      const ports = new Set();
      let worker;
      socket.on('message', (msg, { port }) => {
        texts.push(String(msg));
        ports.add(port);
        if (texts.length === 10) {
          report(texts);
          report(ports.size);
          socket.close();
          worker.send('end');
        }
      });
      socket.bind(0, '127.0.0.1', () => {
        worker = cluster.fork({ PORT: socket.address().port });
      });
    });
    assert.deepStrictEqual(reports,
      [Array.from({ length: 10 }, (_, i) => `${i}`), 1]);
  });

  it('exit if their socket has no reference', async () => {
    const reports = await reportsOf((dgram, report) => {
      const cluster = require('node:cluster');
      if (!cluster.isPrimary) {
        const socket = dgram.createSocket('udp4');
        socket.unref();
        socket.bind(0, '127.0.0.1', () => process.disconnect());
        return;
      }
      cluster.fork().on('exit', (code) => report(code));
    });
    assert.deepStrictEqual(reports, [0]);
  });

  (isLinux ? itSince : it.skip)('22.12.0', 'have their own port with reusePort',
    async () => {
      const [ports] = await reportsOf((dgram, report) => {
        const cluster = require('node:cluster');
        if (!cluster.isPrimary) {
          const socket = dgram.createSocket({ type: 'udp4', reusePort: true });
          socket.bind(0, '127.0.0.1', () =>
            process.send(socket.address().port));
          process.on('message', () => process.exit());
          return;
        }
        const ports = [];
        for (let i = 0; i < 2; i++) {
          cluster.fork().on('message', (port) => {
            if (ports.push(port) === 2) {
              report(ports);
              for (const worker of Object.values(cluster.workers))
                worker.send('end');
            }
          });
        }
      });
      assert.notStrictEqual(ports[0], ports[1]);
    });

  itSince(['24.19.0', '26.4.0'], 'have their own port with bindSync()',
    async () => {
      const [ports] = await reportsOf((dgram, report) => {
        const cluster = require('node:cluster');
        if (!cluster.isPrimary) {
          const socket = dgram.createSocket('udp4');
          process.send(socket.bindSync({ address: '127.0.0.1' }).port);
          process.on('message', () => process.exit());
          return;
        }
        const ports = [];
        for (let i = 0; i < 2; i++) {
          cluster.fork().on('message', (port) => {
            if (ports.push(port) === 2) {
              report(ports);
              for (const worker of Object.values(cluster.workers))
                worker.send('end');
            }
          });
        }
      });
      assert.notStrictEqual(ports[0], ports[1]);
    });

  it('call the current cluster._getServer()', async () => {
    assert.deepStrictEqual(await reportsOf((dgram, report) => {
      const cluster = require('node:cluster');
      if (!cluster.isPrimary) {
        const socket = dgram.createSocket('udp4');
        cluster._getServer = (self, options, callback) => {
          process.send([self === socket, options.address, options.port,
            options.addressType, options.fd, options.flags]);
          callback(-1, null);
        };
        socket.on('error', ({ message }) => {
          process.send(message);
          process.disconnect();
          socket.close();
        });
        socket.bind(1234, '127.0.0.1');
        return;
      }
      cluster.fork().on('message', report);
    }), [[true, '127.0.0.1', 1234, 'udp4', -1, 0],
      'bind EPERM 127.0.0.1:1234']);
  });

  it('close a handle that arrives after close()', async () => {
    assert.deepStrictEqual(await reportsOf((dgram, report) => {
      const cluster = require('node:cluster');
      if (!cluster.isPrimary) {
        const socket = dgram.createSocket('udp4');
        const { _getServer } = cluster;
        cluster._getServer = function(self, options, callback) {
          Reflect.apply(_getServer, this, [self, options, (error, handle) => {
            socket.close();
            const { close } = handle;
            handle.close = function(...args) {
              process.send('handle closed');
              return Reflect.apply(close, this, args);
            };
            callback(error, handle);
            process.disconnect();
          }]);
        };
        socket.on('listening', () => process.send('listening'));
        socket.bind(0, '127.0.0.1');
        return;
      }
      cluster.fork().on('message', report);
    }), ['handle closed']);
  });
});
