'use strict';

// Every function of the addon and every method of a handle, with arbitrary
// arguments, receivers and timing: each returns or throws, and the process
// survives. Only an id that happens to be valid has an effect.

const assert = require('node:assert');

const { codes } = require('../native/kit');
const { itUnix, succeed } = require('./kit');

const { EBADF, EINVAL } = codes;

/**
 * Code for the program. It calls `targets` with values drawn from a list, in a
 * sequence that depends on the seed only. Returns the number of exceptions.
 */
const callRandomly = `((seed, targets, receivers, calls, runLoop = () => {}) => {
  const random = (below) => {
    seed = (Math.imul(seed, 1103515245) + 12345) >>> 0;
    return (seed >>> 8) % below;
  };
  const hostile = () => { throw new URIError('hostile'); };
  const values = [
    undefined, null, true, false, 0, -0, -1, 1, 4, 6, 9, 64, 65535, 65536,
    2 ** 31 - 1, 2 ** 31, 2 ** 32 - 1, 2 ** 32, -(2 ** 31), 1.5, 1e300, NaN,
    Infinity, '', 'x', '1', '127.0.0.1', '::1', '224.0.0.114', '\\0', 'uv',
    'x'.repeat(4096), Symbol('x'), 1n, {}, [], [1], () => {}, new Date(0),
    new ArrayBuffer(8), new Uint32Array(8), Object.freeze({}),
    Object.create(null), { valueOf: hostile }, { toString: hostile },
    { valueOf: () => 3 }, { get id() { return hostile(); } }, { id: 0 },
    new Proxy({}, { get: hostile, defineProperty: hostile }),
    new Proxy(() => {}, {}), Promise.resolve(),
    // Values that run the event loop in the middle of the call.
    { valueOf() { runLoop(1); return 3; } },
    { get id() { runLoop(1); return receivers[0].id; } },
    new Proxy({}, { defineProperty() { runLoop(1); return true; } }),
  ];
  let threw = 0;
  for (let i = 0; i < calls; i++) {
    const target = targets[random(targets.length)];
    const args = Array.from({ length: random(5) },
                            () => values[random(values.length)]);
    const receiver = random(3) > 0 ?
      receivers[random(receivers.length)] :
      values[random(values.length)];
    try {
      Reflect.apply(target, receiver, args);
    } catch {
      threw++;
    }
  }
  return threw;
})`;

/** All functions to call; \`fatal\` is left out, as it ends the process. */
const functionsOf = `((binding, Handle) => [
  ...Object.entries(binding).filter(([name, value]) =>
    typeof value === 'function' && name !== 'fatal').map(([, f]) => f),
  ...Object.entries(Object.getOwnPropertyDescriptors(Handle.prototype))
    .filter(([name]) => name !== 'constructor')
    .map(([, { value, get }]) => value ?? get),
])`;

describe('the raw binding', () => {
  it('returns a code if hook() was not called', async () => {
    const answers = await succeed(({ report, native }) => {
      const binding = native.loadBare();
      class Handle {
        constructor() { this.id = binding.init(); }
      }
      native.defineMethods(binding, Handle.prototype);
      const handle = new Handle();
      const name = {};
      report(handle.bind('127.0.0.1', 0, 0));
      report(handle.recvStart());
      handle.getsockname(name);
      // Without hook() received datagrams are dropped, sends and queued sends
      // complete, and close() calls nothing.
      binding.queueAlways(true);
      const sendBatch = binding.openSendBatch();
      report(binding.setDestination(1, 4, '127.0.0.1', name.port));
      new Uint32Array(sendBatch.sends).set([handle.id, 1, 0, 0, 1, 7, 0]);
      report(binding.flush(sendBatch.id, 1));
      setTimeout(
        () => report(binding.closeSocket(handle.id, true)), 20);
    });
    assert.deepStrictEqual(answers, [0, EINVAL, 0, 1, 0]);
  });

  for (const seed of [1, 2, 3, 4]) {
    it(`accepts any arguments before hook(), seed ${seed}`, async () => {
      const [calls] = await succeed(`(({ report, native }, seed) => {
        const binding = native.loadBare();
        class Handle {
          constructor() { this.id = binding.init(); }
        }
        native.defineMethods(binding, Handle.prototype);
        const handles = [new Handle(), new Handle(), new Handle()];
        handles[1].bind('127.0.0.1', 0, 0);
        binding.closeSocket(handles[2].id, false);
        const { hook, ...rest } = binding;
        report(${callRandomly}(
          seed, ${functionsOf}(rest, Handle), handles, 20000));
        process.exit(0);
      })`, { args: [seed] });
      assert.ok(calls > 0);
    });

    it(`accepts any arguments in callbacks, seed ${seed}`, async () => {
      const [started, ...later] = await succeed(`((
        { report, native, runLoop }, seed) => {
        const core = native.open();
        const a = core.bound();
        const b = core.bound();
        core.binding.setDestination(1, 4, '127.0.0.1', b.port);
        const targets = ${functionsOf}(core.binding, core.Handle);
        const others = [core.bound().handle, new core.Handle()];
        others[0].recvStart();
        let events = 0;
        const during = () => {
          // Nested callbacks count as well; four are enough.
          if (++events > 4) return;
          // May end its own socket and memory, which ends the batch.
          report('random calls');
          // libuv aborts in a loop that is nested in a completion.
          const nest = core.binding.transport === 'uv' ? undefined : runLoop;
          ${callRandomly}(seed + events, targets,
                          [a.handle, b.handle, ...others], 3000, nest);
        };
        b.handle.onMessage = during;
        core.onComplete = during;
        core.binding.queueAlways(true);
        const send = () => core.send([a.handle, 1, 'x', 1], [a.handle, 1, 'y']);
        b.handle.recvStart();
        send();
        core.binding.queueAlways(false);
        send();
        report('started');
        setTimeout(() => process.exit(0), 200);
      })`, { args: [seed] });
      assert.strictEqual(started, 'started');
      assert.ok(later.length > 0);
    });
  }

  it('can be terminated during calls with any arguments', async () => {
    const ends = await succeed(`(({ report, native, runLoop }) => {
      const vm = require('node:vm');
      const core = native.open();
      const a = core.bound();
      const b = core.bound();
      b.handle.onMessage = () => {};
      core.onComplete = () => {};
      core.binding.setDestination(1, 4, '127.0.0.1', b.port);
      b.handle.recvStart();
      // Without functions that allocate at each call: V8 checks interrupts late
      // in Node-API's loops, and the memory is retained.
      const {
        define, defineUnix, init, initUnix, openSendBatch, ...rest
      } = core.binding;
      const targets = ${functionsOf}(rest, core.Handle);
      globalThis.go = (seed) => {
        for (;;) {
          core.send([a.handle, 1, 'x', 1], [a.handle, 1, 'y']);
          ${callRandomly}(seed++, targets, [a.handle, b.handle], 50);
        }
      };
      let ends = 0;
      for (let seed = 0; seed < 60; seed++) {
        try {
          vm.runInThisContext('go(' + seed * 1000 + ')',
                              { timeout: 1 + seed % 5 });
        } catch ({ code }) {
          ends += code === 'ERR_SCRIPT_EXECUTION_TIMEOUT';
        }
      }
      report(ends);
      process.exit(0);
    })`);
    assert.deepStrictEqual(ends, [60]);
  });

  itUnix('does not close descriptors other than UDP sockets', async () => {
    const answers = await succeed(({ fs, report, native }) => {
      const binding = native.loadBare();
      for (let fd = 0; fd < 64; fd++) binding.closeFd(fd);
      // They include libuv's own descriptors.
      setTimeout(() => report(fs.existsSync(process.execPath)), 5);
    });
    assert.deepStrictEqual(answers, [true]);
  });

  itUnix('does not open descriptors other than UDP sockets', async () => {
    const answers = await succeed(({ report, native }) => {
      const core = native.open();
      const net = require('node:net');
      const server = net.createServer().listen(0, '127.0.0.1', () => {
        const { fd } = server._handle;
        const handle = new core.Handle();
        report([handle.open(fd), handle.adopt(fd), handle.open(1),
                handle.open(-1), handle.open(1 << 20)]);
        handle.close();
        server.close();
      });
    });
    assert.deepStrictEqual(answers[0], [EINVAL, EINVAL, EINVAL, EBADF, EBADF]);
  });

  itUnix('duplicates descriptors that libuv must not close', async () => {
    const answers = await succeed(({ report, native }) => {
      const { spawn } = require('node:child_process');
      const core = native.open();
      const { handle, port } = core.bound();
      const child = spawn(process.execPath, ['-e', `
        const { open } = require(${JSON.stringify(
          require.resolve(process.argv[1]))});
        const core = open();
        const handle = new core.Handle();
        const name = {};
        const code = handle.open(1) || handle.getsockname(name);
        console.error(code, name.port, handle.fd > 2, handle.close());
      `], { stdio: ['ignore', handle.fd, 'pipe'] });
      let text = '';
      child.stderr.on('data', (data) => { text += data; });
      child.on('close', (code, signal) => {
        report([code, signal, text.trim() === `0 ${port} true 0`, text]);
        core.closeAll();
      });
    }, { argv: [require.resolve('../native/kit')] });
    const [code, signal, right, text] = answers[0];
    assert.deepStrictEqual({ code, signal }, { code: 0, signal: null }, text);
    assert.ok(right, text);
  });

  it('returns EBADF for a receiver that is not a handle', async () => {
    const answers = await succeed(({ report, native }) => {
      const { Handle, closeAll } = native.open();
      const answers = [];
      for (const receiver of [undefined, null, 1, 'x', {}, { id: -1 }, []]) {
        for (const name of ['recvStop', 'disconnect', 'share'])
          answers.push(Handle.prototype[name].call(receiver));
      }
      report([...new Set(answers)]);
      closeAll();
    });
    assert.deepStrictEqual(answers, [[EBADF]]);
  });
});
