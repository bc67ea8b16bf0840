'use strict';

// dgram-native/register: replaces the module `dgram` of a process.

const assert = require('node:assert');
const path = require('node:path');
const { pathToFileURL } = require('node:url');
const {
  describeNative, packed, run, temporary,
} = require('../../support/dgram');

const { directory, main, register } = packed;
// Checks that the module `dgram` of a program is the package with its addon.
const OURS = `((dgram) => {
  const ours = require('module').createRequire(${JSON.stringify(__filename)})(
    ${JSON.stringify(main)});
  return ['linux', 'uv'].includes(ours.transport) &&
    dgram.Socket === ours.Socket && dgram.createSocket === ours.createSocket;
})`;

/** Node cannot pass UDP sockets to other processes on Windows: ENOTSUP. */
const itPassesSockets = process.platform === 'win32' ? it.skip : it;

async function reportsOfRun(argv, options) {
  const { code, reports, stderr } = await run(argv, options);
  assert.deepStrictEqual({ code, stderr }, { code: 0, stderr: '' });
  return reports;
}

/** An exchange of one message over a `dgram` that is in scope. */
const EXCHANGE = `
  const socket = dgram.createSocket('udp4');
  socket.on('message', (msg) => {
    console.log(String(msg));
    socket.close();
  });
  socket.bind(0, '127.0.0.1', () =>
    socket.send('exchanged', socket.address().port, '127.0.0.1'));
`;

describeNative('register', () => {
  for (const name of ['dgram', 'node:dgram']) {
    it(`replaces the result of require('${name}')`, async () => {
      assert.deepStrictEqual(await reportsOfRun(['-e', `
        const dgram = require('${name}');
        console.log(${OURS}(dgram));
        ${EXCHANGE}
      `], { execArgv: ['--require', register] }), [true, 'exchanged']);
    });

    it(`replaces the exports of import from '${name}'`, async () => {
      assert.deepStrictEqual(await reportsOfRun([temporary('app.mjs', `
        import { createRequire } from 'node:module';
        import dgram from '${name}';
        import * as all from '${name}';
        import { createSocket, Socket } from '${name}';
        const require = createRequire(import.meta.url);
        console.log(${OURS}(dgram));
        console.log(createSocket === dgram.createSocket &&
          all.createSocket === dgram.createSocket);
        console.log(Socket === dgram.Socket && all.Socket === dgram.Socket);
        const socket = createSocket('udp4');
        console.log(socket instanceof Socket);
        socket.close();
      `)], { execArgv: ['--require', register] }), [true, true, true, true]);
    });

    it(`replaces the result of import('${name}')`, async () => {
      assert.deepStrictEqual(await reportsOfRun(['-e', `
        import('${name}').then(({ default: dgram, createSocket }) => {
          console.log(${OURS}(dgram));
          console.log(createSocket === dgram.createSocket);
        });
      `], { execArgv: ['--require', register] }), [true, true]);
    });
  }

  it('works with --import', async () => {
    assert.deepStrictEqual(await reportsOfRun([temporary('app.mjs', `
      import dgram, { createSocket } from 'node:dgram';
      import { createRequire } from 'node:module';
      const require = createRequire(import.meta.url);
      console.log(${OURS}(dgram));
      console.log(require('dgram') === dgram);
      console.log(createSocket === dgram.createSocket);
    `)], {
      execArgv: ['--import', pathToFileURL(register).href],
    }), [true, true, true]);
  });

  it('works with NODE_OPTIONS', async () => {
    assert.deepStrictEqual(await reportsOfRun(['-e',
      `console.log(${OURS}(require('dgram')))`,
    ], { env: { NODE_OPTIONS: `--require ${register}` } }), [true]);
  });

  it('works through require() in the application', async () => {
    assert.deepStrictEqual(await reportsOfRun(['-e', `
      const before = require('dgram');
      require(${JSON.stringify(register)});
      const dgram = require('dgram');
      console.log(${OURS}(dgram));
      console.log(before === dgram);
      ${EXCHANGE}
    `]), [true, true, 'exchanged']);
  });

  it('may be loaded twice', async () => {
    assert.deepStrictEqual(await reportsOfRun(['-e', `
      console.log(${OURS}(require('dgram')));
    `], { execArgv: ['--require', register, '--require', register] }),
    [true]);
  });

  it('provides the sockets of the package', async () => {
    assert.deepStrictEqual(await reportsOfRun(['-e', `
      const dgram = require('dgram');
      const ours = require(${JSON.stringify(main)});
      console.log(dgram.Socket === ours.Socket);
      const socket = dgram.createSocket('udp4');
      console.log(socket instanceof ours.Socket);
      socket.close();
      console.log(require(${JSON.stringify(
    require.resolve('../../support/package'))}).binding().stats().sockets);
    `], { execArgv: ['--require', register] }), [true, true, 1]);
  });

  it('affects process.getBuiltinModule()', async () => {
    assert.deepStrictEqual(await reportsOfRun(['-e', `
      const dgram = process.getBuiltinModule?.('dgram') ?? require('dgram');
      console.log(${OURS}(dgram));
    `], { execArgv: ['--require', register] }), [true]);
  });

  it('reaches worker threads', async () => {
    assert.deepStrictEqual(await reportsOfRun(['-e', `
      const { Worker } = require('worker_threads');
      new Worker(${JSON.stringify(`
        const dgram = require('dgram');
        require('worker_threads').parentPort.postMessage(${OURS}(dgram));
      `)}, { eval: true }).on('message', (value) => console.log(value));
    `], { execArgv: ['--require', register] }), [true]);
  });

  it('reaches forked children', async () => {
    const app = temporary('app.js', `
      const dgram = require('dgram');
      if (process.send) {
        process.send(${OURS}(dgram));
        process.disconnect();
      } else {
        require('child_process').fork(__filename)
          .on('message', (value) => console.log(value));
      }
    `);
    assert.deepStrictEqual(await reportsOfRun([app],
      { execArgv: ['--require', register] }), [true]);
  });

  itPassesSockets('reaches the workers of a cluster', async () => {
    const app = temporary('app.js', `
      const dgram = require('dgram');
      const cluster = require('cluster');
      if (cluster.isPrimary) {
        let left = 2;
        const ports = [];
        for (let i = 0; i < 2; i++) {
          const worker = cluster.fork();
          worker.on('message', ([ours, port]) => {
            console.log(ours);
            ports.push(port);
            if (--left === 0) {
              console.log(ports[0] === ports[1]);
              for (const worker of Object.values(cluster.workers))
                worker.send('end');
            }
          });
        }
      } else {
        const socket = dgram.createSocket('udp4');
        socket.bind(0, '127.0.0.1', () => process.send(
          [${OURS}(dgram), socket.address().port]));
        process.on('message', () => process.exit());
      }
    `);
    assert.deepStrictEqual(await reportsOfRun([app],
      { execArgv: ['--require', register] }), [true, true, true]);
  });

  itPassesSockets('hands sockets to children', async () => {
    const app = temporary('app.js', `
      const dgram = require('dgram');
      if (process.send) {
        process.on('message', (message, socket) => {
          process.send([socket instanceof dgram.Socket,
            socket.address().port]);
          socket.close();
          process.disconnect();
        });
      } else {
        const child = require('child_process').fork(__filename);
        const socket = dgram.createSocket('udp4');
        socket.bind(0, '127.0.0.1', () => child.send('take', socket));
        child.on('message', ([isSocket, port]) => {
          console.log(isSocket);
          console.log(port === socket.address().port);
          socket.close();
        });
      }
    `);
    assert.deepStrictEqual(await reportsOfRun([app],
      { execArgv: ['--require', register] }), [true, true]);
  });
});

describeNative('register with DGRAM_NATIVE_TRANSPORT=node', () => {
  it('leaves node:dgram unchanged', async () => {
    assert.deepStrictEqual(await reportsOfRun(['-e', `
      const dgram = require('dgram');
      const { createSocket, Socket } = dgram;
      require(${JSON.stringify(register)});
      const ours = require(${JSON.stringify(main)});
      console.log(ours.transport);
      console.log(dgram.createSocket === createSocket &&
        dgram.Socket === Socket && !('sendMany' in Socket.prototype));
      ${EXCHANGE}
    `], { env: { DGRAM_NATIVE_TRANSPORT: 'node' } }),
    ['node', true, 'exchanged']);
  });
});

describeNative('the package', () => {
  it('is the same through require and import', async () => {
    assert.deepStrictEqual(await reportsOfRun([temporary('app.mjs', `
      import dgram from ${JSON.stringify(pathToFileURL(main).href)};
      import { createRequire } from 'node:module';
      const required = createRequire(import.meta.url)(
        ${JSON.stringify(main)});
      console.log(dgram === required);
      console.log(['linux', 'uv'].includes(dgram.transport));
      ${EXCHANGE}
    `)]), [true, true, 'exchanged']);
  });

  it('has named exports for import', async () => {
    assert.deepStrictEqual(await reportsOfRun([temporary('app.mjs', `
      import dgram, { createSocket, Socket }
        from ${JSON.stringify(pathToFileURL(main).href)};
      console.log(createSocket === dgram.createSocket);
      console.log(Socket === dgram.Socket);
    `)]), [true, true]);
  });

  it('is found by its name', async () => {
    const { name } = require('../../../package.json');
    // A package can refer to itself by name.
    assert.deepStrictEqual(await reportsOfRun(['-e', `
      const { createRequire } = require('node:module');
      const inside = createRequire(${JSON.stringify(
    path.join(directory, 'package.json'))});
      console.log(inside(${JSON.stringify(name)}) ===
        inside(${JSON.stringify(directory)}));
      console.log(inside.resolve(${JSON.stringify(`${name}/register`)}) ===
        ${JSON.stringify(register)});
    `]), [true, true]);
  });

  it('does not change the built-in module without register', async () => {
    assert.deepStrictEqual(await reportsOfRun(['-e', `
      const ours = require(${JSON.stringify(main)});
      const dgram = require('dgram');
      console.log(ours === dgram, 'transport' in dgram);
      const socket = dgram.createSocket('udp4');
      console.log(socket instanceof ours.Socket);
      socket.close();
    `]), ['false false', false]);
  });
});
