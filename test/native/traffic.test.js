'use strict';

// Datagrams through the whole C core: send batch, delivery, queue.

const assert = require('node:assert');
const { AsyncLocalStorage } = require('node:async_hooks');
const { spawnSync } = require('node:child_process');
const { setTimeout: sleep } = require('node:timers/promises');

const { codes, inner, open, until } = require('./kit');

const { EBADF, ECANCELED, EDESTADDRREQ, EMSGSIZE } = codes;

const isWindows = process.platform === 'win32';
/** On Windows libuv reads again only after the listener has returned. */
const itReadsNested = isWindows ? it.skip : it;

/**
 * Runs a function in a separate process: in this one mocha handles
 * 'uncaughtException' and keeps the loop alive.
 */
function run(source) {
  const { stdout, stderr, status } = spawnSync(process.execPath, ['-e', `
    'use strict';
    const { inner, open, until } =
      require(${JSON.stringify(require.resolve('./kit'))});
    const core = open();
    const a = core.bound();
    const b = core.bound();
    core.binding.setDestination(1, 4, '127.0.0.1', b.port);
    b.handle.recvStart();
    (${source})(core, a, b, { inner, until });
  `], { encoding: 'utf8' });
  return { lines: stdout.split('\n').filter(Boolean), stderr, status };
}

describe('traffic', () => {
  let core;
  let a;
  let b;

  beforeEach(() => {
    core = open();
    a = core.bound();
    b = core.bound();
    assert.strictEqual(
      core.binding.setDestination(1, 4, '127.0.0.1', b.port), 0);
    assert.strictEqual(b.handle.recvStart(), 0);
  });

  afterEach(() => { core.closeAll(); });

  const texts = (n, prefix = 'm') =>
    Array.from({ length: n }, (_, i) => `${prefix}${i}`);

  function collect(handle) {
    const got = [];
    handle.onMessage = (text) => got.push(text);
    return got;
  }

  it('arrives in order, with its source', async () => {
    const sent = texts(100);
    const got = [];
    b.handle.onMessage = (text, { address, port, family }) => {
      assert.deepStrictEqual({ address, port, family },
        { address: '127.0.0.1', port: a.port, family: 4 });
      got.push(text);
    };
    const { queued, statuses } =
      core.send(...sent.map((text) => [a.handle, 1, text]));

    assert.strictEqual(queued, 0);
    assert.deepStrictEqual(statuses, sent.map(({ length }) => length));
    await until(() => got.length === sent.length);
    assert.deepStrictEqual(got, sent);
    const { sent: out, received } = core.binding.stats();
    assert.deepStrictEqual([out, received], [100, 100]);
  });

  it('can be empty', async () => {
    const got = collect(b.handle);
    assert.deepStrictEqual(
      core.send([a.handle, 1, ''], [a.handle, 1, 'x'], [a.handle, 1, ''])
        .statuses, [0, 1, 0]);
    await until(() => got.length === 3);
    assert.deepStrictEqual(got, ['', 'x', '']);
  });

  it('is limited to the maximum length of UDP', async () => {
    const got = collect(b.handle);
    const { statuses } = core.send(
      [a.handle, 1, 'x'.repeat(65507)], [a.handle, 1, 'y'.repeat(65508)],
      [a.handle, 1, 'z']);
    assert.deepStrictEqual(statuses, [65507, EMSGSIZE, 1]);
    await until(() => got.length === 2);
    assert.deepStrictEqual(got.map(({ length }) => length), [65507, 1]);
  });

  it('fails for single datagrams', async () => {
    const got = collect(b.handle);
    const { statuses } = core.send(
      [a.handle, 1, 'one'], [a.handle, 0, 'two'], [4711, 1, 'three'],
      [a.handle, 1, 'four']);
    assert.deepStrictEqual(statuses, [3, EDESTADDRREQ, EBADF, 4]);
    await until(() => got.length === 2);
    assert.deepStrictEqual(got, ['one', 'four']);
  });

  it('can be stopped and started again', async () => {
    const got = collect(b.handle);
    assert.strictEqual(b.handle.recvStop(), 0);
    core.send([a.handle, 1, 'queued']);
    await sleep(20);
    assert.deepStrictEqual(got, []);
    assert.strictEqual(b.handle.recvStart(), 0);
    assert.strictEqual(b.handle.recvStart(), 0, 'a second call succeeds');
    await until(() => got.length === 1);
  });

  it('reports ICMP errors to a connected socket', async () => {
    const dead = core.bound();
    dead.handle.close();
    const errors = [];
    a.handle.onError = (code) => errors.push(code);
    assert.strictEqual(a.handle.connect('127.0.0.1', dead.port), 0);
    assert.strictEqual(a.handle.recvStart(), 0);
    assert.deepStrictEqual(core.send([a.handle, 0, 'x']).statuses, [1]);
    if (process.platform === 'win32') return; // libuv discards them there
    await until(() => errors.length > 0);
    assert.deepStrictEqual(errors, [codes.ECONNREFUSED]);

    // The socket still receives.
    const got = collect(a.handle);
    assert.strictEqual(a.handle.disconnect(), 0);
    assert.strictEqual(a.handle.bind('127.0.0.1', 0, 0) <= 0, true);
    const name = {};
    a.handle.getsockname(name);
    core.binding.setDestination(2, 4, '127.0.0.1', name.port);
    core.send([b.handle, 2, 'back']);
    await until(() => got.length === 1);
  });

  describe('delivery', () => {
    it('drains ticks and microtasks after each datagram', async () => {
      const order = [];
      b.handle.onMessage = (text) => {
        order.push(text);
        process.nextTick(() => order.push(`tick ${text}`));
        Promise.resolve().then(() => order.push(`micro ${text}`));
      };
      core.send(...texts(3).map((text) => [a.handle, 1, text]));
      await until(() => order.length === 9);
      assert.deepStrictEqual(order, texts(3).flatMap(
        (text) => [text, `tick ${text}`, `micro ${text}`]));
    });

    it('drops the rest of a batch when a listener closes', async () => {
      const got = [];
      b.handle.onMessage = (text) => {
        got.push(text);
        if (text === 'm1') b.handle.close();
      };
      core.send(...texts(10).map((text) => [a.handle, 1, text]));
      await sleep(30);
      assert.deepStrictEqual(got, ['m0', 'm1']);
    });

    it('passes sources again that were dropped with a batch', async () => {
      const third = core.bound();
      b.handle.onMessage = () => b.handle.close();
      core.send([a.handle, 1, 'x'], [third.handle, 1, 'y']);
      await until(() => b.handle.dropped);

      const next = core.bound();
      const seen = [];
      next.handle.onMessage = (_, source) => seen.push(source?.port);
      core.binding.setDestination(1, 4, '127.0.0.1', next.port);
      next.handle.recvStart();
      core.send([third.handle, 1, 'y'], [a.handle, 1, 'x']);
      await until(() => seen.length === 2);
      assert.deepStrictEqual(seen, [third.port, a.port]);
    });

    it('runs in no async context', async () => {
      const storage = new AsyncLocalStorage();
      let seen = 'nothing';
      b.handle.onMessage = () => { seen = storage.getStore(); };
      storage.run('sender', () => core.send([a.handle, 1, 'x']));
      await until(() => seen !== 'nothing');
      assert.strictEqual(seen, undefined);
    });

    itReadsNested('continues in a nested loop, in order', async () => {
      const got = [];
      b.handle.onMessage = (text) => {
        got.push(text);
        if (text !== 'outer0') return;
        core.send(...texts(5, 'inner').map((t) => [a.handle, 1, t]));
        for (let i = 0; i < 50 && got.length < 8; i++) inner.runLoop();
        got.push('back');
      };
      core.send(...texts(3, 'outer').map((t) => [a.handle, 1, t]));
      await until(() => got.length === 9);
      assert.deepStrictEqual(got,
        [...texts(3, 'outer'), ...texts(5, 'inner'), 'back']);
    });

    it('keeps order and sources in several nested loops', async () => {
      const third = core.bound();
      const fourth = core.bound();
      const got = [];
      const deep = (text, source) => {
        got.push(`${text} ${source.port === third.port ? 3 : 4}`);
        for (let i = 0; i < 5; i++) inner.runLoop();
      };
      b.handle.onMessage = deep;
      third.handle.onMessage = () => {};
      fourth.handle.recvStart();
      fourth.handle.onMessage = deep;
      core.binding.setDestination(2, 4, '127.0.0.1', fourth.port);
      core.send(...texts(40).flatMap((t, i) => [
        [i % 2 ? third.handle : fourth.handle, 1, t],
        [third.handle, 2, `f${i}`],
      ]));
      await until(() => got.length === 80);
      const to = (prefix) => got.filter((text) => text.startsWith(prefix));
      assert.deepStrictEqual(to('m'),
        texts(40).map((t, i) => `${t} ${i % 2 ? 3 : 4}`));
      assert.deepStrictEqual(to('f'), texts(40, 'f').map((t) => `${t} 3`));
    });

    it('lets a nested loop block instead of spin', () => {
      const { lines, stderr } = run((core, a, b, { inner }) => {
        b.handle.onMessage = () => {
          b.handle.onMessage = (text) => {
            console.log(text);
            core.closeAll();
          };
          let iterations = 0;
          let over = false;
          setTimeout(() => { over = true; }, 50);
          for (; !over; iterations++) inner.runLoop(true);
          console.log(
            iterations < 20 ? 'blocked' : `${iterations} iterations in 50 ms`);
          core.send([a.handle, 1, 'again']);
        };
        core.send([a.handle, 1, 'first']);
      });
      assert.deepStrictEqual(lines, ['blocked', 'again'], stderr);
    });

    it('survives a nested loop that closes its socket', async () => {
      let closed = false;
      b.handle.onClosed = () => { closed = true; };
      b.handle.onMessage = () => {
        b.handle.close(true);
        for (let i = 0; i < 50 && !closed; i++) inner.runLoop();
        // Overwrites memory that was freed too early.
        for (let i = 0; i < 8; i++) core.bound();
      };
      core.send(...texts(3, 'm').map((t) => [a.handle, 1, t]));
      await until(() => closed);
      const { handle, port } = core.bound();
      const got = [];
      handle.onMessage = (text) => got.push(text);
      handle.recvStart();
      core.binding.setDestination(2, 4, '127.0.0.1', port);
      core.send([a.handle, 2, 'after']);
      await until(() => got.length === 1);
      assert.deepStrictEqual(got, ['after']);
    });

    it('allocates new memory if the old memory was detached', async () => {
      const got = collect(b.handle);
      for (let i = 0; i < 3; i++) {
        core.send([a.handle, 1, `${i}`]);
        await until(() => got.length === i + 1);
        const memory = core.memories.at(-1);
        structuredClone(memory, { transfer: [memory] });
      }
      assert.deepStrictEqual(got, ['0', '1', '2']);
      assert.strictEqual(core.memories.length, 3);
    });

    it('drops the rest of a batch whose memory was detached', async () => {
      const got = [];
      b.handle.onMessage = (text) => {
        got.push(text);
        const memory = core.memories.at(-1);
        if (text === 'm1') structuredClone(memory, { transfer: [memory] });
      };
      core.send(...texts(4).map((text) => [a.handle, 1, text]));
      await until(() => got.includes('m1'));
      core.send([a.handle, 1, 'next']);
      await until(() => got.includes('next'));
      // On Windows each datagram is a batch.
      const others = isWindows ? ['m2', 'm3'] : [];
      assert.deepStrictEqual(got, ['m0', 'm1', ...others, 'next']);
    });
  });

  describe('a listener that throws', () => {
    it('reaches uncaughtException and loses no datagram', () => {
      const { lines, status, stderr } = run((core, a, b) => {
        process.on('uncaughtException', ({ message }) => console.log(message));
        b.handle.onMessage = (text) => {
          console.log(text);
          process.nextTick(() => console.log(`tick ${text}`));
          if (text === 'm1') throw new Error('thrown');
          if (text === 'm3') core.closeAll();
        };
        core.send(...['m0', 'm1', 'm2', 'm3'].map((t) => [a.handle, 1, t]));
      });
      assert.deepStrictEqual(lines, [
        'm0', 'tick m0', 'm1', 'thrown', 'm2', 'tick m1', 'tick m2', 'm3',
        'tick m3',
      ], stderr);
      assert.strictEqual(status, 0);
    });

    it('ends the process if the error is not caught', () => {
      const { lines, status, stderr } = run((core, a, b) => {
        b.handle.onMessage = (text) => {
          console.log(text);
          throw new Error('not caught');
        };
        core.send([a.handle, 1, 'm0'], [a.handle, 1, 'm1']);
      });
      assert.deepStrictEqual(lines, ['m0']);
      assert.match(stderr, /not caught/);
      assert.strictEqual(status, 1);
    });

    it('can end the process itself', () => {
      const { lines, status } = run((core, a, b) => {
        b.handle.onMessage = (text) => {
          console.log(text);
          process.exit(7);
        };
        core.send([a.handle, 1, 'm0'], [a.handle, 1, 'm1']);
      });
      assert.deepStrictEqual(lines, ['m0']);
      assert.strictEqual(status, 7);
    });

    it('does not affect later completions', () => {
      const { lines, status, stderr } = run((core, a, b, { until }) => {
        process.on('uncaughtException', ({ message }) => console.log(message));
        core.binding.queueAlways(true);
        const done = [];
        core.onComplete = (ticket) => {
          done.push(ticket);
          throw new Error(`ticket ${ticket}`);
        };
        core.send([a.handle, 1, 'x', 1], [a.handle, 1, 'y', 2]);
        until(() => done.length === 2).then(() => core.closeAll());
      });
      assert.deepStrictEqual(lines, ['ticket 1', 'ticket 2'], stderr);
      assert.strictEqual(status, 0);
    });
  });

  describe('the queue', () => {
    let done;

    beforeEach(() => {
      done = [];
      core.onComplete = (...rest) => done.push(rest);
      core.binding.queueAlways(true);
    });

    it('counts queued datagrams', async () => {
      const { queued, statuses } = core.send(
        [a.handle, 1, 'a', 1], [a.handle, 1, 'bc', 2], [a.handle, 1, '', 3]);
      const { QUEUED } = core.layout;

      assert.strictEqual(queued, 3);
      assert.deepStrictEqual(statuses, [QUEUED, QUEUED, QUEUED]);
      assert.strictEqual(a.handle.getSendQueueCount(), 3);
      assert.strictEqual(a.handle.getSendQueueSize(), 3);
      assert.strictEqual(b.handle.getSendQueueCount(), 0);
      assert.deepStrictEqual(done, [], 'not within flush');
      await until(() => done.length === 3);
      assert.deepStrictEqual(done, [[1, 0, 1], [2, 0, 2], [3, 0, 0]]);
      assert.strictEqual(a.handle.getSendQueueCount(), 0);
      assert.strictEqual(a.handle.getSendQueueSize(), 0);
    });

    it('keeps order, bytes and destinations', async () => {
      const got = collect(b.handle);
      const many = texts(200);
      core.send(...many.slice(0, 100).map((t, i) => [a.handle, 1, t, i + 1]));
      // The queue has copies: the arena and the slot are reused.
      core.binding.setDestination(1, 4, '127.0.0.1', a.port);
      core.binding.setDestination(2, 4, '127.0.0.1', b.port);
      core.send(...many.slice(100).map((t, i) => [a.handle, 2, t, i + 101]));
      await until(() => got.length === 200);
      assert.deepStrictEqual(got, many);
      await until(() => done.length === 200);
      assert.deepStrictEqual(done.map(([ticket]) => ticket),
        many.map((_, i) => i + 1));
    });

    it('sends later datagrams after the queued ones', async () => {
      const got = collect(b.handle);
      core.send([a.handle, 1, 'first', 1]);
      core.binding.queueAlways(false);
      const { statuses } = core.send([a.handle, 1, 'second', 2]);
      assert.deepStrictEqual(statuses, [core.layout.QUEUED]);
      await until(() => done.length === 2);
      assert.deepStrictEqual(core.send([a.handle, 1, 'third']).statuses, [5]);
      await until(() => got.length === 3);
      assert.deepStrictEqual(got, ['first', 'second', 'third']);
    });

    it('counts ticket 0 without a completion', async () => {
      core.send([a.handle, 1, 'x', 0], [a.handle, 1, 'y', 5]);
      await until(() => done.length === 1);
      assert.deepStrictEqual(done, [[5, 0, 1]]);
      assert.strictEqual(core.binding.stats().sent, 2);
    });

    it('fails for single datagrams', async () => {
      const got = collect(b.handle);
      core.send([a.handle, 1, 'ok', 1], [a.handle, 1, 'x'.repeat(65508), 2],
                [a.handle, 1, 'fine', 3]);
      await until(() => done.length === 3 && got.length === 2);
      assert.deepStrictEqual(done,
        [[1, 0, 2], [2, EMSGSIZE, 65508], [3, 0, 4]]);
      assert.deepStrictEqual(got, ['ok', 'fine']);
    });

    it('is emptied by close, and completes each datagram once', async () => {
      const tickets = texts(30).map((_, i) => i + 1);
      core.send(...tickets.map((ticket) => [a.handle, 1, 'x', ticket]));
      a.handle.onClosed = () => done.push('closed');
      a.handle.close(true);
      assert.deepStrictEqual(done, [], 'not within close');
      await until(() => done.at(-1) === 'closed');
      assert.deepStrictEqual(
        done.slice(0, -1).map(([ticket]) => ticket), tickets);
      assert.ok(done.slice(0, -1).every(
        ([, status]) => status === ECANCELED || status === 0));
      assert.strictEqual(done.at(-2)[1], ECANCELED);
    });

    it('can grow in a completion', async () => {
      const got = collect(b.handle);
      core.onComplete = (ticket) => {
        done.push(ticket);
        if (ticket < 50) core.send([a.handle, 1, `${ticket}`, ticket + 1]);
      };
      core.send([a.handle, 1, '0', 1]);
      // The loop keeps running meanwhile.
      let iterations = 0;
      await until(() => ++iterations > 0 && done.length === 50);
      assert.ok(iterations > 5, `${iterations} iterations`);
      await until(() => got.length === 50);
      assert.deepStrictEqual(got, texts(50, ''));
    });

    it('can grow endlessly without blocking the loop', async () => {
      let ticks = 0;
      const timer = setInterval(() => { ticks++; }, 1);
      core.onComplete = (ticket) => {
        done.push(ticket);
        if (ticks < 3) core.send([a.handle, 1, 'x', ticket]);
      };
      core.send([a.handle, 1, 'x', 1], [a.handle, 1, 'x', 2]);
      core.binding.queueAlways(false);
      const { queued } = core.send([a.handle, 1, 'x', 3]);
      assert.strictEqual(queued, 1);
      await until(() => ticks >= 3);
      clearInterval(timer);
    });

    it('is sent before datagrams from a completion', async () => {
      const got = collect(b.handle);
      core.onComplete = (ticket) => {
        if (ticket === 1) core.send([a.handle, 1, 'late']);
      };
      core.send([a.handle, 1, 'a', 1], [a.handle, 1, 'b', 2],
                [a.handle, 1, 'c', 3]);
      core.binding.queueAlways(false);
      await until(() => got.length === 4);
      assert.deepStrictEqual(got, ['a', 'b', 'c', 'late']);
    });

    it('survives a completion that runs the event loop', async function() {
      if (core.binding.transport === 'uv') this.skip(); // libuv aborts
      const got = collect(b.handle);
      core.onComplete = (ticket) => {
        done.push(ticket);
        for (let i = 0; i < 10; i++) inner.runLoop();
      };
      core.send(...texts(5, 'm').map((text, i) => [a.handle, 1, text, i + 1]));
      await until(() => got.length === 5 && done.length === 5);
      assert.deepStrictEqual(got, texts(5, 'm'));
      assert.deepStrictEqual(done, [1, 2, 3, 4, 5]);
    });

    it('survives a completion that also closes the socket', async function() {
      if (core.binding.transport === 'uv') this.skip();
      let closed = false;
      a.handle.onClosed = () => { closed = true; };
      core.onComplete = (ticket) => {
        done.push(ticket);
        if (ticket > 1) return;
        core.send([a.handle, 1, 'later', 3]);
        a.handle.close(true);
        for (let i = 0; i < 50 && !closed; i++) inner.runLoop();
        // Overwrites memory that was freed too early.
        for (let i = 0; i < 8; i++) core.bound();
      };
      core.send([a.handle, 1, 'm', 1], [a.handle, 1, 'm', 2]);
      await until(() => done.length === 3);
      assert.ok(closed);
      assert.deepStrictEqual(done, [1, 2, 3]);
    });

    it('survives close in a completion', async () => {
      core.onComplete = (...rest) => {
        done.push(rest);
        if (done.length === 1) a.handle.close(true);
      };
      a.handle.onClosed = () => done.push('closed');
      core.send([a.handle, 1, 'x', 1], [a.handle, 1, 'x', 2],
                [a.handle, 1, 'x', 3]);
      await until(() => done.at(-1) === 'closed');
      assert.deepStrictEqual(done.slice(0, -1).map(([ticket]) => ticket),
                             [1, 2, 3]);
      // Datagrams that were already sent stay sent.
      assert.ok([ECANCELED, 0].includes(done.at(-2)[1]));
    });
  });
});
