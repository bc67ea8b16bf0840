'use strict';

// The effects of loading the package on a process, and loading it in an unusual
// process. The packed files, in child processes.

const assert = require('node:assert');
const {
  describeNative, isLinux, itNative, nodeAtLeast, packed, run, temporary,
} = require('../../support/dgram');

const MAIN = JSON.stringify(packed.main);

/** The reports of a program, which must exit with 0 and an empty stderr. */
async function reportsOf(text, { args = [], ...options } = {}) {
  const file = temporary('program.js', `'use strict';
    const report = (value) =>
      require('node:fs').writeSync(1, JSON.stringify(value) + '\\n');
    ${text}`);
  const { code, signal, reports, stderr } = await run([file, ...args], options);
  assert.deepStrictEqual({ code, signal, stderr },
    { code: 0, signal: null, stderr: '' });
  return reports;
}

/** Four connected sends over a `dgram` that is in scope. */
const EXCHANGE = `
  const receiver = dgram.createSocket('udp4');
  const sender = dgram.createSocket('udp4');
  const texts = [];
  receiver.on('message', (msg) => {
    texts.push(String(msg));
    if (texts.length < 4) return;
    report([dgram.transport !== 'node', texts.join('')]);
    receiver.close();
    sender.close();
  });
  receiver.bind(0, '127.0.0.1', () =>
    sender.connect(receiver.address().port, '127.0.0.1', () => {
      for (const text of 'abcd') sender.send(text);
    }));
`;
const EXCHANGED = [true, 'abcd'];

describe('a program that sends and receives', () => {
  // Loading one takes longer than delivering the first datagrams.
  const unused = ['worker_threads'];
  // Node 18 cannot report child processes that are started later.
  if (nodeAtLeast('20.0.0')) {
    unused.push('child_process', 'cluster', 'dns', 'net', 'stream');
  }

  itNative(`does not load ${unused.join(', ')}`, async () => {
    const reports = await reportsOf(`const dgram = require(${MAIN});
      process.on('exit', () => report(${JSON.stringify(unused)}.filter((name) =>
        process.moduleLoadList.includes('NativeModule ' + name))));
      ${EXCHANGE}`);
    assert.deepStrictEqual(reports, [EXCHANGED, []]);
  });
});

describe('visible names', () => {
  const load = `const dgram = require(${MAIN});`;

  itNative('of classes, and in the output of util.inspect()', async () => {
    assert.deepStrictEqual(await reportsOf(`${load}
      const socket = dgram.createSocket('udp4');
      report([socket.constructor.name, dgram.Socket.name,
        dgram.createSocket.name, require('node:util').inspect(socket)
          .replace(/^<ref \\*1> /, '').split(' ')[0]]);
      socket.close();
    `), [['Socket', 'Socket', 'createSocket', 'Socket']]);
  });

  itNative('in stack traces', async () => {
    const [frames] = await reportsOf(`${load}
      const socket = dgram.createSocket('udp4');
      socket.close();
      try { socket.address(); } catch ({ stack }) {
        report(stack.split('\\n').slice(1)
          .map((line) => line.trim().split(' ')[1]));
      }
    `);
    assert.ok(frames.includes('Socket.address'), `${frames}`);
    assert.deepStrictEqual(frames.filter((name) => /^[\w.]+\d$/.test(name)), []);
  });

  itNative('in the message of an uncaught error', async () => {
    const { code, stderr } = await run([temporary('uncaught.js', `
      const dgram = require(${MAIN});
      dgram.createSocket('udp4').emit('error', new Error('on purpose'));
    `)]);
    assert.strictEqual(code, 1);
    assert.match(stderr, /Emitted 'error' event on Socket instance at:/);
  });
});

describeNative('loading the package', () => {
  it('has no side effect that node:dgram does not have', async () => {
    // Node 18 to 26 create promises when they load built-in modules.
    const [ours, builtin] = await Promise.all([packed.main, 'node:dgram']
      .map((target) => reportsOf(`
        const fs = require('node:fs');
        const resources = [];
        require('node:async_hooks').createHook({
          init(id, type) { if (type !== 'PROMISE') resources.push(type); },
        }).enable();
        const { nextTick } = process;
        let ticks = 0;
        process.nextTick = (...args) => { ticks++; nextTick(...args); };
        const look = () => ({
          listeners: process.eventNames().map((name) =>
            [String(name), process.listenerCount(name)]),
          handles: process._getActiveHandles().length,
          active: process.getActiveResourcesInfo(),
          globals: Reflect.ownKeys(globalThis).length,
          descriptors: ${isLinux} ? fs.readdirSync('/proc/self/fd') : [],
          mask: process.umask(),
        });
        const before = look();
        const { transport } = require(process.argv[2]);
        const after = look();
        const made = [...resources];
        process.nextTick = nextTick;
        require('node:assert').deepStrictEqual(after, before);
        report({ made, ticks, transport: transport !== 'node' });
      `, { args: [target], stdio: ['pipe'] })));
    assert.deepStrictEqual(ours,
      [{ made: [], ticks: 0, transport: true }]);
    assert.deepStrictEqual(builtin, ours);
  });

  it('does not touch process.stdin', async () => {
    assert.deepStrictEqual(await reportsOf(`
      let touched = 0;
      const { get } = Object.getOwnPropertyDescriptor(process, 'stdin');
      Object.defineProperty(process, 'stdin', {
        configurable: true, enumerable: true,
        get() { touched++; return get.call(this); },
      });
      const dgram = require(${MAIN});
      dgram.createSocket('udp4').close();
      report(touched);
    `), [0]);
  });

  it('happens once per thread, even if require.cache is cleared', async () => {
    const [first, last] = await reportsOf(`
      const listeners = () => process.eventNames()
        .reduce((sum, name) => sum + process.listenerCount(name), 0);
      let loads = 0;
      const { dlopen } = process;
      process.dlopen = function(...args) {
        loads++;
        return dlopen.apply(this, args);
      };
      const { Socket } = require(${MAIN});
      const look = () => {
        gc();
        return { loads, listeners: listeners(),
          heap: process.memoryUsage().heapUsed };
      };
      const use = () => {
        for (const file of Object.keys(require.cache))
          delete require.cache[file];
        const dgram = require(${MAIN});
        if (dgram.Socket !== Socket) throw new Error('another class');
        const socket = dgram.createSocket('udp4');
        socket.bindSync({ address: '127.0.0.1' });
        socket.close();
      };
      use();
      report(look());
      for (let i = 0; i < 60; i++) use();
      setImmediate(() => report(look()));
    `, { execArgv: ['--expose-gc'] });
    assert.deepStrictEqual([last.loads, last.listeners],
      [1, first.listeners]);
    // Each additional set of classes and memory would take more than 1 MB.
    assert.ok(last.heap - first.heap < 10e6, `${last.heap - first.heap}`);
  });

  it('is not affected by properties of Object.prototype', async () => {
    assert.deepStrictEqual(await reportsOf(`
      // Loaded before, because Node's own modules may not tolerate it.
      require('node:fs').promises;
      require('node:child_process');
      void new TextDecoder();
      const names = ['set', 'value', 'code', 'writable', 'enumerable', 'has',
        'configurable', 'lookup', 'type', 'handle', 'filename', 'lineOffset',
        'api', 'version', 'copies', 'fd', 'binding', 'builtins', 'isShared',
        'directory', 'transport', 'gso', 'gro', 'exports', 'cause', 'owner'];
      if (${Number(process.versions.node.split('.')[0]) >= 20})
        names.push('get');
      for (const name of names) {
        Object.defineProperty(Object.prototype, name, {
          __proto__: null, value: 'polluted', configurable: true,
          writable: true, enumerable: true,
        });
      }
      const dgram = require(${MAIN});
      for (const name of names) delete Object.prototype[name];
      ${EXCHANGE}
    `), [EXCHANGED]);
  });

  it('defines options despite setters on Object.prototype', async () => {
    assert.deepStrictEqual(await reportsOf(`
      const names = ['lookup', 'sharedBuffers', 'reuseBatch', 'receiveInfo',
        'reuseAddr', 'ipv6Only', 'recvBufferSize', 'sendBufferSize',
        'receiveBlockList', 'sendBlockList', 'onmessage'];
      const called = [];
      for (const name of names) {
        Object.defineProperty(Object.prototype, name, {
          __proto__: null, configurable: true,
          get() { return undefined; },
          set() { called.push(name); },
        });
      }
      const dgram = require(${MAIN});
      dgram.createSocket({
        type: 'udp4', reuseAddr: true, recvBufferSize: 5000,
        sharedBuffers: true,
      }).close();
      for (const name of names) delete Object.prototype[name];
      report(called);
      ${EXCHANGE}
    `), [[], EXCHANGED]);
  });

  for (const when of ['before', 'after']) {
    it(`works in a process that is frozen ${when} it`, async () => {
      assert.deepStrictEqual(await reportsOf(`
        if (${when === 'before'}) Object.freeze(process);
        const dgram = require(${MAIN});
        if (${when === 'after'}) Object.freeze(process);
        const socket = dgram.createSocket('udp4');
        const texts = [];
        socket.on('message', (msg) => {
          texts.push(String(msg));
          if (texts.length < 4) return;
          report([dgram.transport !== 'node', texts.join('')]);
          socket.close();
        });
        socket.bind(0, '127.0.0.1', () => {
          for (const text of 'abcd')
            socket.send(text, socket.address().port, '127.0.0.1');
        });
      `), [EXCHANGED]);
    });
  }

  it('works in a frozen process, with an IPC channel', async () => {
    // The last messages of a child that exits may be lost: it writes instead,
    // to the output that it shares with its parent.
    const child = temporary('frozen.js', `'use strict';
      const { writeSync } = require('node:fs');
      const report = (value) => writeSync(1, JSON.stringify(value) + '\\n');
      Object.freeze(process);
      const dgram = require(${MAIN});
      const socket = dgram.createSocket('udp4');
      socket.bind(0, '127.0.0.1', () => {
        report(dgram.transport !== 'node');
        if (process.platform !== 'win32') { // has no sockets over IPC
          try {
            // Node stores sockets in transit on process: this throws.
            process.send('socket', socket);
          } catch {}
        }
        report('still there');
        socket.close();
        process.exit(); // disconnect() would throw as well
      });
    `);
    const reports = await reportsOf(`
      const child = require('node:child_process').fork(process.argv[2]);
      child.on('message', (message, socket) => socket?.close());
      child.on('exit', (code, signal) => report([code, signal]));
    `, { args: [child] });
    assert.deepStrictEqual(reports, [true, 'still there', [0, null]]);
  });

  it('passes the settings to the addon, once and before the first socket',
    async () => {
      assert.deepStrictEqual(await reportsOf(`
        const { dlopen } = process;
        const calls = [];
        process.dlopen = function(module, ...rest) {
          dlopen.call(this, module, ...rest);
          const { configure, init } = module.exports;
          module.exports = Object.defineProperties({}, {
            ...Object.getOwnPropertyDescriptors(module.exports),
            configure: { value(settings) {
              calls.push(settings);
              configure(settings);
            } },
            init: { value() { calls.push('init'); return init(); } },
          });
        };
        const dgram = require(${MAIN});
        dgram.createSocket('udp4').close();
        process.env.DGRAM_NATIVE_GSO = '1';
        dgram.createSocket('udp4').close();
        report(calls);
      `, { env: { DGRAM_NATIVE_TRANSPORT: 'uv', DGRAM_NATIVE_GSO: '0' } }), [[
        { transport: 'uv', gso: false, gro: true, busyPoll: true,
          keepHeap: false },
        'init', 'init',
      ]]);
    });

  it('uses no deprecated feature', async () => {
    assert.deepStrictEqual(await reportsOf(`
      const dgram = require(${MAIN});
      const socket = dgram.createSocket('udp4');
      report(dgram.transport !== 'node');
      socket.close();
    `, { execArgv: ['--pending-deprecation', '--throw-deprecation'] }),
    [true]);
  });
});
