'use strict';

// Several copies of the package in one process, from other folders or of other
// versions, with none, one or two of them registered.

const assert = require('node:assert');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const {
  describeNative, packed, run, temporary,
} = require('../../support/dgram');

const isWindows = process.platform === 'win32';
const describeUnix = isWindows ? describe.skip : describeNative;

/** A child that receives a socket by IPC and replies with its port. */
const CHILD = `'use strict';
  process.on('message', (message, socket) => {
    process.send(socket === undefined ? 'no socket' : socket.address().port);
    socket?.close();
    process.disconnect();
  });
`;

/** handOver(): passes a socket to a child, resolves to the child's reply. */
const HAND_OVER = `
  const { fork } = require('node:child_process');
  const handOver = (socket, child = fork(process.argv[2], { execArgv: [] })) =>
    new Promise((resolve, reject) => {
      socket.bind(0, '127.0.0.1', () => {
        const { port } = socket.address();
        child.on('message', (seen) => {
          socket.close();
          resolve(seen === port ? 'same port' : seen);
        });
        try {
          child.send('socket', socket);
        } catch (error) {
          child.kill();
          socket.close();
          resolve(error.code);
        }
      });
    });
`;

describeUnix('copies of the package', () => {
  let directory;
  let child;
  const copies = [];
  const mainOf = (copy) => path.join(copy, 'dist', 'index.js');
  const registerOf = (copy) => path.join(copy, 'dist', 'register.js');

  before(() => {
    directory = fs.realpathSync(
      fs.mkdtempSync(path.join(os.tmpdir(), 'dgram-copies-')));
    child = temporary('child.js', CHILD);
    for (const name of ['one', 'two']) {
      const copy = path.join(directory, name);
      fs.cpSync(packed.directory, copy, { recursive: true });
      copies.push(copy);
    }
  });

  after(() => fs.rmSync(directory, { recursive: true, force: true }));

  /** Reports of a program with the paths of two copies, ONE and TWO. */
  async function reportsOf(text, { execArgv = [], order = [0, 1] } = {}) {
    const [one, two] = order.map((index) => copies[index]);
    const file = temporary('program.js', `'use strict';
      const report = (value) => console.log(JSON.stringify(value));
      const ONE = ${JSON.stringify(mainOf(one))};
      const TWO = ${JSON.stringify(mainOf(two))};
      ${HAND_OVER}
      ${text}`);
    const ended = await run([file, child], { execArgv });
    const { code, signal, reports, stderr } = ended;
    assert.deepStrictEqual({ code, signal, stderr },
      { code: 0, signal: null, stderr: '' });
    return reports;
  }

  const registered = (...indices) => indices
    .flatMap((index) => ['--require', registerOf(copies[index])]);

  const BOTH = `
    const one = require(ONE);
    const two = require(TWO);
    if (one.Socket === two.Socket || one.transport === 'node' ||
        two.transport === 'node') throw new Error('not two native copies');
    (async () => {
      for (const dgram of [one, two, require('node:dgram')])
        report(await handOver(dgram.createSocket('udp4')));
    })();
  `;

  const WAYS = {
    'none is registered': [],
    'the first one is registered': [0],
    'the second one is registered': [1],
    'both are registered': [0, 1],
  };
  for (const [way, indices] of Object.entries(WAYS)) {
    it(`can pass sockets to child.send(), ${way}`, async () => {
      assert.deepStrictEqual(
        await reportsOf(BOTH, { execArgv: registered(...indices) }),
        ['same port', 'same port', 'same port']);
    });
  }

  it('can pass sockets after require.cache was emptied', async () => {
    assert.deepStrictEqual(await reportsOf(`
      for (const file of Object.keys(require.cache))
        delete require.cache[file];
      ${BOTH}
    `, { execArgv: registered(0) }), ['same port', 'same port', 'same port']);
  });

  it('can pass sockets with --preserve-symlinks', async () => {
    const link = path.join(directory, 'link');
    fs.symlinkSync(copies[0], link);
    try {
      assert.deepStrictEqual(await reportsOf(`
        const one = require(${JSON.stringify(mainOf(link))});
        report(one.Socket === require(ONE).Socket);
        (async () => {
          report(await handOver(one.createSocket('udp4')));
          report(await handOver(require('node:dgram').createSocket('udp4')));
        })();
      `, { execArgv: ['--preserve-symlinks', '--preserve-symlinks-main',
        ...registered(0)] }), [false, 'same port', 'same port']);
    } finally {
      fs.rmSync(link);
    }
  });

  it('can pass sockets to a child forked before they are loaded', async () => {
    assert.deepStrictEqual(await reportsOf(`
      const early = fork(process.argv[2], { execArgv: [] });
      const one = require(ONE);
      const two = require(TWO);
      handOver(two.createSocket('udp4'), early).then(report);
    `), ['same port']);
  });

  it('can pass sockets to process.send()', async () => {
    const file = temporary('sends.js', `'use strict';
      const copies = process.argv.slice(2).map((file) => require(file));
      (async () => {
        for (const { createSocket } of copies) {
          await new Promise((resolve) => {
            const socket = createSocket('udp4');
            socket.bind(0, '127.0.0.1', () =>
              process.send(socket.address().port, socket, resolve));
          });
        }
        process.once('message', () => process.exit());
      })();
    `);
    assert.deepStrictEqual(await reportsOf(`
      const sender = fork(${JSON.stringify(file)}, [ONE, TWO]);
      let seen = 0;
      sender.on('message', (port, socket) => {
        report(socket.address().port === port);
        socket.close();
        if (++seen === 2) sender.send('end');
      });
    `), [true, true]);
  });

  it('never pass a handle of their own to Node', async () => {
    // A handle whose class no copy knows.
    assert.deepStrictEqual(await reportsOf(`
      const one = require(ONE);
      const socket = one.createSocket('udp4');
      const state = socket[Object.getOwnPropertySymbols(socket)
        .find(({ description }) => description === 'state symbol')];
      const { handle } = state;
      class UnknownHandle {
        get fd() { return handle.fd; }
      }
      const receiver = fork(process.argv[2], { execArgv: [] });
      socket.bind(0, '127.0.0.1', () => {
        state.handle = new UnknownHandle();
        try {
          receiver.send('socket', socket);
        } catch ({ name, code }) {
          report([name, code]);
        }
        state.handle = handle;
        socket.close();
        receiver.kill();
      });
    `), [['TypeError', 'ERR_INVALID_HANDLE_TYPE']]);
  });

  it('share one record that keeps Node\'s own class', async () => {
    assert.deepStrictEqual(await reportsOf(`
      const { Socket, createSocket } = require('node:dgram');
      require(${JSON.stringify(registerOf(copies[0]))});
      require(${JSON.stringify(registerOf(copies[1]))});
      require(TWO);
      const record = require('node:dgram')[Symbol.for('dgram-native')];
      report([record.version, record.Socket === Socket,
        record.createSocket === createSocket, record.exporters.length,
        Object.keys(record.copies).length]);
      report(Object.keys(require('node:dgram')).includes('Symbol'));
      report(Object.getOwnPropertyDescriptor(require('node:dgram'),
        Symbol.for('dgram-native')).enumerable);
    `), [[1, true, true, 2, 2], false, false]);
  });

  it('create instances of the class in node:dgram',
    async () => {
      assert.deepStrictEqual(await reportsOf(`
        const { Socket: NodeSocket } = require('node:dgram');
        const builtin = new NodeSocket('udp4');
        const one = require(ONE);
        const two = require(TWO);
        const sockets = [one, two].map((dgram) => dgram.createSocket('udp4'));
        const [first, second] = sockets;
        class Sub extends one.Socket {}
        const sub = new Sub('udp4');
        const isInstance = () => [first, second, sub, builtin, {}, null, 5]
          .map((value) => value instanceof require('node:dgram').Socket);
        report(isInstance());
        report([second instanceof one.Socket, builtin instanceof one.Socket,
          first instanceof Sub, sub instanceof one.Socket]);
        require(${JSON.stringify(registerOf(copies[0]))});
        report(isInstance());
        report([first instanceof two.Socket, first instanceof Sub,
          builtin instanceof Sub, sub instanceof Sub]);
        for (const socket of [...sockets, sub, builtin]) socket.close();
      `), [
        [true, true, true, true, false, false, false],
        [false, false, false, true],
        [true, true, true, true, false, false, false],
        [false, false, false, true],
      ]);
    });

  it('do not reuse another version from the same folder', async () => {
    assert.deepStrictEqual(await reportsOf(`
      const fs = require('node:fs');
      const one = require(ONE);
      const text = fs.readFileSync(ONE, 'utf8');
      const other = text.replace(/(?<=const VERSION = ')[^']+/, '99.0.0');
      fs.writeFileSync(ONE, other);
      try {
        delete require.cache[ONE];
        report([other !== text, require(ONE).Socket !== one.Socket]);
        delete require.cache[ONE];
        report(require(ONE).Socket !== one.Socket);
      } finally {
        fs.writeFileSync(ONE, text);
      }
    `), [[true, true], true]);
  });
});
