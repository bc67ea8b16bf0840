'use strict';

// Sockets passed as handles to child.send() and process.send().

const assert = require('node:assert');
const {
  isNative, itNative, packed, reportsOf: run,
} = require('../../support/dgram');

// Node's own code creates the child's socket from its module `dgram`.
const reportsOf = (body) => run(body, {
  execArgv: isNative ? ['--require', packed.register] : [],
});

const describeUnix =
  process.platform === 'win32' ? describe.skip : describe;

describeUnix('child.send() with a socket', () => {
  it('creates a socket on the same port in the child', async () => {
    const reports = await reportsOf((dgram, report) => {
      if (process.argv[3] === 'child') {
        process.on('message', (message, socket) => {
          if (socket === undefined)
            return process.exit();
          process.send([message, socket instanceof dgram.Socket,
            socket.address().port]);
          socket.on('message', (msg) => process.send(`child ${msg}`));
        });
        return;
      }
      const { fork } = require('node:child_process');
      const child = fork(__filename, ['[]', 'child']);
      const socket = dgram.createSocket('udp4');
      let port;
      socket.bind(0, '127.0.0.1', () => {
        ({ port } = socket.address());
        child.send('socket', socket, (error) => {
          report(error);
          // From here on only the child reads.
          socket.close();
        });
      });
      child.on('message', (message) => {
        if (Array.isArray(message)) {
          report([message[0], message[1], message[2] === port]);
          const sender = dgram.createSocket('udp4');
          for (let i = 0; i < 10; i++)
            sender.send(`got ${i}`, port, '127.0.0.1');
          sender.unref();
          return;
        }
        report(message);
        if (message === 'child got 9')
          child.send('end');
      });
    });
    assert.deepStrictEqual(reports, [
      null,
      ['socket', true, true],
      ...Array.from({ length: 10 }, (_, i) => `child got ${i}`),
    ]);
  });

  it('creates a socket in the parent by process.send()', async () => {
    const reports = await reportsOf((dgram, report) => {
      if (process.argv[3] === 'child') {
        const socket = dgram.createSocket('udp4');
        socket.bind(0, '127.0.0.1', () => {
          process.send(socket.address().port, socket, () => {
            socket.close();
            process.disconnect();
          });
        });
        return;
      }
      const { fork } = require('node:child_process');
      const child = fork(__filename, ['[]', 'child']);
      child.on('message', (port, socket) => {
        report([socket instanceof dgram.Socket,
          socket.address().port === port]);
        socket.on('message', (msg) => {
          report(String(msg));
          if (String(msg) === '4')
            socket.close();
        });
        for (let i = 0; i < 5; i++)
          socket.send(`${i}`, port, '127.0.0.1');
      });
    });
    assert.deepStrictEqual(reports,
      [[true, true], '0', '1', '2', '3', '4']);
  });

  it('leaves the sender its own socket', async () => {
    const reports = await reportsOf((dgram, report) => {
      if (process.argv[3] === 'child') {
        process.on('message', (message, socket) => {
          socket?.close();
          if (socket === undefined)
            process.exit();
          process.send('closed');
        });
        return;
      }
      const { fork } = require('node:child_process');
      const child = fork(__filename, ['[]', 'child']);
      const socket = dgram.createSocket('udp4');
      const texts = [];
      socket.on('message', (msg) => {
        texts.push(String(msg));
        if (texts.length === 5) {
          report(texts);
          socket.close();
          child.send('end');
        }
      });
      socket.bind(0, '127.0.0.1', () => child.send('socket', socket));
      child.on('message', (message) => {
        report(message);
        for (let i = 0; i < 5; i++)
          socket.send(`${i}`, socket.address().port, '127.0.0.1');
      });
    });
    assert.deepStrictEqual(reports,
      ['closed', ['0', '1', '2', '3', '4']]);
  });

  it('fails before the socket is bound and works afterwards', async () => {
    const reports = await reportsOf((dgram, report) => {
      if (process.argv[3] === 'child') {
        process.on('message', (message, socket) => {
          process.send(socket.address().port);
          socket.close();
          process.disconnect();
        });
        return;
      }
      const { fork } = require('node:child_process');
      const child = fork(__filename, ['[]', 'child']);
      const socket = dgram.createSocket('udp4');
      child.on('message', (port) => {
        report(port === socket.address().port);
        socket.close();
      });
      child.send('too early', socket, (error) => {
        report(error.code);
        socket.bind(0, '127.0.0.1', () => child.send('socket', socket));
      });
    });
    assert.deepStrictEqual(reports, ['EBADF', true]);
  });

  it('delivers each datagram to parent or child, unmerged', async () => {
    const reports = await reportsOf((dgram, report) => {
      if (process.argv[3] === 'child') {
        process.on('message', (message, socket) => {
          if (socket === undefined)
            return process.exit();
          socket.on('message', (msg) => process.send(['child', String(msg)]));
          process.send('ready');
        });
        return;
      }
      const { fork } = require('node:child_process');
      const child = fork(__filename, ['[]', 'child']);
      const socket = dgram.createSocket('udp4');
      const seen = [];
      const note = (text) => {
        if (seen.push(text) < 40)
          return;
        // Every datagram once and unchanged: none merged with another.
        report(seen.map(Number).sort((a, b) => a - b));
        socket.close();
        child.send('end');
      };
      socket.on('message', (msg) => note(String(msg)));
      socket.bind(0, '127.0.0.1', () => child.send('socket', socket));
      child.on('message', (message) => {
        if (message !== 'ready')
          return note(message[1]);
        for (let i = 0; i < 40; i++)
          socket.send(String(i).padStart(3, '0'), socket.address().port,
            '127.0.0.1');
      });
    });
    assert.deepStrictEqual(reports, [Array.from({ length: 40 }, (_, i) => i)]);
  });

  it('is not needed for a child\'s own sockets', async () => {
    assert.deepStrictEqual(await reportsOf((dgram, report) => {
      if (process.argv[3] === 'child') {
        const socket = dgram.createSocket('udp4');
        socket.send('from the child', Number(process.argv[4]), '127.0.0.1',
          () => socket.close());
        return;
      }
      const { fork } = require('node:child_process');
      const socket = dgram.createSocket('udp4');
      socket.on('message', (msg) => {
        report(String(msg));
        socket.close();
      });
      socket.bind(0, '127.0.0.1', () => {
        fork(__filename, ['[]', 'child', `${socket.address().port}`]);
      });
    }), ['from the child']);
  });

  itNative('creates a socket of the built-in without register', async () => {
    const reports = await run((dgram, report) => {
      if (process.argv[3] === 'child') {
        process.on('message', (message, socket) => {
          process.send([socket instanceof dgram.Socket,
            socket instanceof require('node:dgram').Socket,
            socket.address().port]);
          socket.on('message', (msg) => {
            process.send(String(msg));
            if (String(msg) === 'text 19')
              process.disconnect();
          });
        });
        process.on('disconnect', () => process.exit());
        return;
      }
      const { fork } = require('node:child_process');
      const child = fork(__filename, ['[]', 'child']);
      const socket = dgram.createSocket('udp4');
      let port;
      socket.bind(0, '127.0.0.1', () => {
        ({ port } = socket.address());
        child.send('socket', socket, () => socket.close());
      });
      child.on('message', (message) => {
        if (!Array.isArray(message))
          return report(message);
        report([message[0], message[1], message[2] === port]);
        // Equal sizes, which the kernel merges if GRO is enabled.
        const sender = dgram.createSocket('udp4');
        for (let i = 0; i < 10; i++)
          sender.send(`text ${10 + i}`, port, '127.0.0.1');
        sender.unref();
      });
    });
    assert.deepStrictEqual(reports, [[false, true, true],
      ...Array.from({ length: 10 }, (_, i) => `text ${10 + i}`)]);
  });
});
