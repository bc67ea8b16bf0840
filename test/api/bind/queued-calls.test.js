'use strict';

// Calls made before the socket is bound: they fail with the bind error, and
// each keeps its own async context. With node:dgram their callbacks are never
// called, close() never completes, and all run in the context of the first.

const assert = require('node:assert');
const { AsyncLocalStorage, createHook } = require('node:async_hooks');
const { errorMonitor } = require('node:events');
const {
  bound, close, connectedTo, describeNative, isOpen, once, open, receiveText,
  reportsOf, stateOf, nextIteration,
} = require('../../support/dgram');

const AT = '127.0.0.1';
const failure = Object.assign(new Error('no'), { code: 'ENOTFOUND' });
const storage = new AsyncLocalStorage();

/** Lookups that fail synchronously, in a tick, or in the next iteration. */
const LOOKUPS = {
  'at once': (name, family, callback) => callback(failure),
  'in a tick': (name, family, callback) => process.nextTick(callback, failure),
  'later': (name, family, callback) => setImmediate(callback, failure),
};

/** A socket with this lookup, and a log of its events and callbacks. */
function unboundSocket(lookup, onError = () => {}) {
  const log = [];
  const socket = open({ type: 'udp4', lookup });
  socket.on('error', (error) => {
    log.push(['error', error.code]);
    onError(socket);
  });
  socket.on('close', () => log.push(['close']));
  const note = (what) => (error, ...rest) =>
    log.push([what, error?.code, ...rest]);
  return { log, note, socket };
}

async function closed(socket) {
  if (isOpen(socket))
    await new Promise((resolve) => socket.once('close', resolve));
  await nextIteration();
}

describeNative('a call queued before a bind that fails', () => {
  for (const [when, lookup] of Object.entries(LOOKUPS)) {
    it(`fails with the error, and close() completes: ${when}`, async () => {
      const { log, note, socket } = unboundSocket(lookup);
      socket.send('x', 9, AT, note('send'));
      socket.close();
      await closed(socket);
      assert.deepStrictEqual(log,
        [['error', 'ENOTFOUND'], ['send', 'ENOTFOUND'], ['close']]);
      assert.strictEqual(stateOf(socket).queue, undefined);
      for (const event of [errorMonitor, 'listening'])
        assert.strictEqual(socket.listenerCount(event), 0);
      assert.throws(() => socket.close(),
        { code: 'ERR_SOCKET_DGRAM_NOT_RUNNING' });
    });

    it(`connect() fails and can be called again: ${when}`, async () => {
      let answer = lookup;
      const { log, note, socket } = unboundSocket(
        (...args) => answer(...args));
      socket.connect(9, AT, note('connect'));
      await nextIteration();
      await nextIteration();
      assert.deepStrictEqual(log,
        [['error', 'ENOTFOUND'], ['connect', 'ENOTFOUND']]);
      answer = (name, family, callback) => callback(null, AT, 4);
      socket.connect(9, AT);
      await once(socket, 'connect');
      assert.strictEqual(socket.remoteAddress().port, 9);
    });

    it(`emits the error once: ${when}`, async () => {
      const { log, socket } = unboundSocket(lookup);
      socket.send('x', 9, AT);
      socket.close();
      await closed(socket);
      assert.deepStrictEqual(log, [['error', 'ENOTFOUND'], ['close']]);
      const other = unboundSocket(lookup);
      other.socket.connect(9, AT);
      await nextIteration();
      await nextIteration();
      assert.deepStrictEqual(other.log, [['error', 'ENOTFOUND']]);
    });

    it(`allows close() in the 'error' listener: ${when}`, async () => {
      const { log, note, socket } =
        unboundSocket(lookup, (self) => self.close());
      socket.send('x', 9, AT, note('send'));
      await closed(socket);
      assert.deepStrictEqual(log,
        [['error', 'ENOTFOUND'], ['send', 'ENOTFOUND'], ['close']]
          .sort(([a], [b]) => order(a) - order(b)));
      // close() was called before send() failed, so its tick comes first.
      function order(what) {
        return ['error', ...when === 'at once' ? ['close', 'send'] :
          ['send', 'close']].indexOf(what);
      }
    });

    it(`allows close() and send() in its callback: ${when}`, async () => {
      let answer = lookup;
      const { log, note, socket } =
        unboundSocket((...args) => answer(...args));
      socket.send('x', 9, AT, (error) => {
        note('first')(error);
        answer = (name, family, callback) => callback(null, AT, 4);
        socket.send('y', 9, AT, (...args) => {
          note('second')(...args);
          socket.close();
        });
      });
      await closed(socket);
      assert.deepStrictEqual(log, [['error', 'ENOTFOUND'],
        ['first', 'ENOTFOUND'], ['second', undefined, 1], ['close']]);
    });
  }

  it('is repeated if the \'error\' listener calls bind()', async () => {
    const peer = await bound();
    const texts = receiveText(peer, 1);
    const answers = [
      (callback) => callback(failure),
      (callback) => callback(null, AT, 4),
      (callback) => callback(null, AT, 4),
    ];
    const { log, note, socket } = unboundSocket(
      (name, family, callback) => answers.shift()(callback),
      (self) => self.bind());
    socket.send('x', peer.address().port, AT, note('send'));
    assert.deepStrictEqual(await texts, ['x']);
    await nextIteration();
    assert.deepStrictEqual(log, [['error', 'ENOTFOUND'],
      ['send', undefined, 1]]);
  });

  it('fails with the error without an \'error\' listener', async () => {
    assert.deepStrictEqual(await reportsOf((dgram, report) => {
      process.on('uncaughtException', ({ code }) => report(`thrown ${code}`));
      const socket = dgram.createSocket('udp4');
      socket.bind(0, '203.0.113.1');
      socket.send('x', 9, '127.0.0.1', ({ code }) => report(`send ${code}`));
      socket.close(() => report('close'));
    }), ['thrown EADDRNOTAVAIL', 'send EADDRNOTAVAIL', 'close']);
  });

  it('sendMany() fails with the error', async () => {
    const { log, note, socket } = unboundSocket(LOOKUPS.later);
    socket.bind(0, 'name');
    assert.strictEqual(socket.sendMany(['x', 9, AT], note('sendMany')), 0);
    socket.close();
    await closed(socket);
    assert.deepStrictEqual(log,
      [['error', 'ENOTFOUND'], ['sendMany', 'ENOTFOUND', 0], ['close']]);
  });

  it('does not affect other calls when its callback throws', async () => {
    assert.deepStrictEqual(await reportsOf((dgram, report) => {
      process.on('uncaughtException', ({ message }) => report(message));
      const socket = dgram.createSocket('udp4');
      socket.on('error', () => {});
      socket.bind(0, '203.0.113.1');
      socket.send('x', 9, '127.0.0.1', () => { throw new Error('first'); });
      socket.send('x', 9, '127.0.0.1', () => report('second'));
      socket.close(() => report('close'));
    }), ['first', 'second', 'close']);
  });

  it('fails with the exception of an earlier queued call', async () => {
    assert.deepStrictEqual(await reportsOf((dgram, report) => {
      process.on('uncaughtException', ({ code }) => report(`thrown ${code}`));
      const lookup = (name, family, callback) => {
        if (name === '0.0.0.0')
          process.nextTick(callback, null, name, family);
        else
          callback(null, '127.0.0.1', 4);
      };
      const socket = dgram.createSocket({ type: 'udp4', lookup });
      socket.connect(9);
      // The socket is connected by then and rejects an address.
      socket.send('x', 9, '127.0.0.1', () => report('called back'));
      socket.send('y', 9, '127.0.0.1', ({ code }) => report(`send ${code}`));
      socket.close(() => report('close'));
    }), ['thrown ERR_SOCKET_DGRAM_IS_CONNECTED',
      'send ERR_SOCKET_DGRAM_IS_CONNECTED', 'close']);
  });
});

describeNative('a lookup that never calls back', () => {
  it('does not prevent close() from completing', async () => {
    const { log, note, socket } = unboundSocket(() => {});
    socket.send('x', 9, AT, note('send'));
    socket.connect(9, AT, note('connect'));
    socket.close();
    assert.ok(isOpen(socket)); // lookup may still call back
    await closed(socket);
    assert.deepStrictEqual(log,
      [['send', 'ECANCELED'], ['connect', 'ECANCELED'], ['close']]);
    assert.strictEqual(socket.listenerCount(errorMonitor), 0);
    assert.strictEqual(socket.listenerCount('listening'), 0);
  });

  it('does not keep the process alive after \'close\'', async () => {
    assert.deepStrictEqual(await reportsOf((dgram, report) => {
      const socket = dgram.createSocket({ type: 'udp4', lookup() {} });
      socket.send('x', 9, '127.0.0.1', ({ code }) => report(code));
      socket.close(() => report('close'));
    }), ['ECANCELED', 'close']);
  });

  it('behaves as with node:dgram if it calls back in the same iteration',
    async () => {
      const { log, note, socket } = unboundSocket(
        (name, family, callback) => process.nextTick(callback, null, AT, 4));
      socket.on('listening', () => log.push(['listening']));
      socket.send('x', 9, AT, note('send'));
      socket.close();
      await closed(socket);
      // The datagram is dropped without a callback.
      assert.deepStrictEqual(log, [['listening'], ['close']]);
    });

  it('is ignored if it calls back after \'close\'', async () => {
    let answer;
    const { log, socket } = unboundSocket(
      (name, family, callback) => { answer = callback; });
    socket.send('x', 9, AT);
    socket.close();
    await closed(socket);
    answer(failure);
    answer(null, AT, 4);
    await nextIteration();
    assert.deepStrictEqual(log, [['close']]);
  });
});

describeNative('the async context of a call before the socket is bound', () => {
  const within = (store, body) => storage.run(store, body);

  it('is that of the call', async () => {
    const peer = await bound();
    const { port } = peer.address();
    const stores = [];
    const note = (what) => () => stores.push([what, storage.getStore()]);
    const socket = within('create', () => open('udp4'));
    const { send } = socket;
    socket.send = function(...args) {
      note('send()')();
      return send.apply(this, args);
    };
    await new Promise((resolve) => {
      within('bind', () => socket.bind(0, AT));
      within('one', () => socket.send('x', port, AT, note('one')));
      within('many', () => socket.sendMany(['x', port, AT], note('many')));
      within('two', () => socket.send('x', port, AT, () => {
        note('two')();
        resolve();
      }));
    });
    await nextIteration();
    assert.deepStrictEqual(
      stores.filter(([what]) => what === 'send()').map(([, store]) => store),
      ['one', 'two', 'one', 'two']);
    for (const name of ['one', 'many', 'two'])
      assert.deepStrictEqual(
        stores.filter(([what]) => what === name), [[name, name]]);
  });

  it('is that of connect() and of close()', async () => {
    const peer = await bound();
    const stores = [];
    const note = () => stores.push(storage.getStore());
    const socket = open('udp4');
    await new Promise((resolve) => {
      within('first', () => socket.bind(0, AT));
      within('connect', () => socket.connect(peer.address().port, AT, () => {
        note();
        resolve();
      }));
    });
    const other = open('udp4');
    await new Promise((resolve) => {
      within('first', () => other.bind(0, AT));
      within('send', () => other.send('x', 9, AT));
      other.on('close', note);
      within('close', () => other.close(resolve));
    });
    assert.deepStrictEqual(stores, ['connect', 'close']);
  });

  it('is that of the call when bind fails', async () => {
    const stores = [];
    const note = (what) => (error) =>
      stores.push([what, storage.getStore(), error?.code]);
    const socket = open('udp4');
    socket.on('error', () => {});
    await new Promise((resolve) => {
      within('bind', () => socket.bind(0, '203.0.113.1'));
      within(1, () => socket.send('x', 9, AT, note('send')));
      within(2, () => socket.sendMany(['x', 9, AT], note('many')));
      within(3, () => socket.connect(9, AT, note('connect')));
      socket.on('close', note('close'));
      within(4, () => socket.close(resolve));
    });
    assert.deepStrictEqual(stores, [['send', 1, 'EADDRNOTAVAIL'],
      ['many', 2, 'EADDRNOTAVAIL'], ['connect', 3, 'EADDRNOTAVAIL'],
      ['close', 4, undefined]]);
  });

  // zone.js uses no async resources. It binds functions that are passed to
  // process.nextTick() and to emitters.
  it('is kept for patched nextTick() and on()', async () => {
    assert.deepStrictEqual(await reportsOf((dgram, report) => {
      const { prototype } = require('node:events');
      let zone = 'none';
      function run(name, body) {
        const before = zone;
        zone = name;
        try {
          return body();
        } finally {
          zone = before;
        }
      }
      function bind(body) {
        const name = zone;
        const bound = function(...args) {
          return run(name, () => body.apply(this, args));
        };
        return Object.assign(bound, { listener: body.listener ?? body });
      }
      const { on } = prototype;
      prototype.on = prototype.addListener = function(event, listener) {
        return on.call(this, event, bind(listener));
      };
      const { nextTick } = process;
      process.nextTick = (body, ...args) => nextTick(bind(body), ...args);

      const socket = dgram.createSocket('udp4');
      const { send } = socket;
      socket.send = function(...args) {
        report(`send ${zone}`);
        send.apply(this, args);
      };
      run('a', () => socket.send('x', 9, '127.0.0.1'));
      run('b', () => socket.send('x', 9, '127.0.0.1'));
      run('c', () => socket.close(() => {
        report(`close ${zone}`);
        fail();
      }));

      function fail() {
        const other = dgram.createSocket('udp4');
        other.on('error', () => {});
        other.bind(0, '203.0.113.1');
        run('d', () =>
          other.send('x', 9, '127.0.0.1', () => report(`error ${zone}`)));
        run('e', () => other.close(() => report(`close ${zone}`)));
      }
    }), ['send a', 'send b', 'send a', 'send b', 'close c', 'error d',
      'close e']);
  });

  it('is a DGRAMWAIT resource that is destroyed', async () => {
    const alive = new Set();
    let made = 0;
    const hook = createHook({
      init(id, type) {
        if (type !== 'DGRAMWAIT')
          return;
        made++;
        alive.add(id);
      },
      destroy(id) { alive.delete(id); },
    }).enable();
    try {
      for (const address of [AT, '203.0.113.1']) {
        const socket = open('udp4');
        socket.on('error', () => {});
        socket.bind(0, address);
        socket.send('x', 9, AT);
        socket.send('x', 9, AT);
        await nextIteration();
        await close(socket);
      }
      await nextIteration();
    } finally {
      hook.disable();
    }
    assert.strictEqual(made, 4);
    assert.deepStrictEqual([...alive], []);
  });

  it('creates no DGRAMWAIT resource for a bound socket', async () => {
    const types = [];
    const peer = await bound();
    const socket = await connectedTo(peer);
    const hook = createHook({ init(id, type) { types.push(type); } }).enable();
    socket.send('x');
    peer.send('x', 9, AT);
    hook.disable();
    assert.ok(!types.includes('DGRAMWAIT'), types.join());
  });
});
