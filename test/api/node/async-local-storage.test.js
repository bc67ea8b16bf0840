'use strict';

// AsyncLocalStorage: which store listeners and callbacks of each method have.

const assert = require('node:assert');
const { AsyncLocalStorage } = require('node:async_hooks');
const {
  bound, connectedTo, freePort, isLinux, isNative, nodeAtLeast, open,
  receiveText,
} = require('../../support/dgram');

const storage = new AsyncLocalStorage();
const within = (store, body) => storage.run(store, body);

describe('the AsyncLocalStorage store', () => {
  it('in a \'message\' listener is that of createSocket()', async () => {
    const socket = within('create', () => open('udp4'));
    const stores = [];
    await within('bind', () => new Promise((resolve) =>
      socket.bind(0, '127.0.0.1', resolve)));
    const done = within('on', () => new Promise((resolve) =>
      socket.on('message', () => {
        if (stores.push(storage.getStore()) === 3)
          resolve();
      })));
    within('send', () => {
      for (let i = 0; i < 3; i++)
        socket.send('x', socket.address().port, '127.0.0.1');
    });
    await done;
    assert.deepStrictEqual(stores, ['create', 'create', 'create']);
  });

  it('of a listener is kept in ticks, microtasks and timers', async () => {
    const socket = within('create', () => open('udp4'));
    await new Promise((resolve) => socket.bind(0, '127.0.0.1', resolve));
    const stores = [];
    await new Promise((resolve) => {
      const note = () => stores.push(storage.getStore()) === 4 && resolve();
      socket.on('message', async () => {
        process.nextTick(note);
        setImmediate(note);
        setTimeout(note, 1);
        await null;
        note();
      });
      socket.send('x', socket.address().port, '127.0.0.1');
    });
    assert.deepStrictEqual(stores, Array(4).fill('create'));
  });

  it('is separate for each socket', async () => {
    const sockets = [];
    for (let i = 0; i < 5; i++) {
      const socket = within(i, () => open('udp4'));
      await new Promise((resolve) => socket.bind(0, '127.0.0.1', resolve));
      sockets.push(socket);
    }
    const stores = await new Promise((resolve) => {
      const stores = [];
      for (const [i, socket] of sockets.entries()) {
        socket.on('message', () => {
          if (stores.push([i, storage.getStore()]) === 20)
            resolve(stores);
        });
      }
      for (let round = 0; round < 4; round++)
        for (const socket of sockets)
          sockets[0].send('x', socket.address().port, '127.0.0.1');
    });
    for (const [i, store] of stores)
      assert.strictEqual(store, i);
  });

  // Before AsyncContextFrame the store is a property of the resource.
  const itFramed = nodeAtLeast('24.0.0') ? it : it.skip;
  itFramed('set in a listener does not leak into the next', async () => {
    const socket = within('create', () => open('udp4'));
    await new Promise((resolve) => socket.bind(0, '127.0.0.1', resolve));
    const stores = await new Promise((resolve) => {
      const stores = [];
      socket.on('message', () => {
        if (stores.push(storage.getStore()) === 5)
          resolve(stores);
        storage.enterWith('leaked');
      });
      for (let i = 0; i < 5; i++)
        socket.send('x', socket.address().port, '127.0.0.1');
    });
    assert.deepStrictEqual(stores, Array(5).fill('create'));
  });

  for (const [state, make, to] of [
    ['unconnected', async () => bound(), () => [9, '127.0.0.1']],
    ['connected', async () => connectedTo(await bound()), () => []],
    ['unbound', async () => open('udp4'), () => [9, '127.0.0.1']],
  ]) {
    it(`in a callback of send() is that of the call, ${state}`, async () => {
      const socket = await within('create', make);
      const stores = await new Promise((resolve) => {
        const stores = [];
        for (let i = 0; i < 5; i++) {
          within(i, () => socket.send('x', ...to(), () => {
            if (stores.push(storage.getStore()) === 5)
              resolve(stores);
          }));
        }
      });
      // Node flushes the queue of an unbound socket in the context of the
      // bind, which the first send called.
      assert.deepStrictEqual(stores, state === 'unbound' && !isNative ?
        Array(5).fill(0) : [0, 1, 2, 3, 4]);
    });
  }

  it('in a send callback with an error is that of the call', async () => {
    const socket = await bound();
    const stores = await new Promise((resolve) => {
      const stores = [];
      for (let i = 0; i < 3; i++) {
        within(i, () => socket.send('x', 9, '::1', () => {
          if (stores.push(storage.getStore()) === 3)
            resolve(stores);
        }));
      }
    });
    assert.deepStrictEqual(stores, [0, 1, 2]);
  });

  it('in a send callback after a lookup is that of the call', async () => {
    const socket = await bound();
    assert.strictEqual(await new Promise((resolve) => {
      within('send', () => socket.send('x', 9, 'localhost', () =>
        resolve(storage.getStore())));
    }), 'send');
  });

  it('in a send callback is that of the call if the lookup of bind() leaves it',
     async () => {
       const waiting = [];
       // The first answer has the context of a timer.
       const timer = setInterval(() => waiting.shift()?.(), 5);
       let calls = 0;
       const lookup = (name, family, callback) => {
         const answer = () => callback(null, '127.0.0.1', 4);
         if (calls++ === 0) waiting.push(answer);
         else answer();
       };
       const socket = within('create', () => open({ type: 'udp4', lookup }));
       try {
         assert.strictEqual(await new Promise((resolve) => {
           within('send', () => socket.send('x', 9, '127.0.0.1', () =>
             resolve(storage.getStore())));
         }), isNative ? 'send' : undefined);
       } finally {
         clearInterval(timer);
       }
     });

  it('in the callback of bind() is that of the call', async () => {
    const socket = within('create', () => open('udp4'));
    assert.strictEqual(await new Promise((resolve) => {
      within('bind', () => socket.bind(0, () => resolve(storage.getStore())));
    }), 'bind');
  });

  it('in the callback of connect() is that of the call', async () => {
    const socket = within('create', () => open('udp4'));
    assert.strictEqual(await new Promise((resolve) => {
      within('connect', () =>
        socket.connect(9, () => resolve(storage.getStore())));
    }), 'connect');
  });

  it('in a \'close\' listener is that of close()', async () => {
    const socket = within('create', () => open('udp4'));
    assert.strictEqual(await new Promise((resolve) => {
      within('close', () => socket.close(() => resolve(storage.getStore())));
    }), 'close');
  });

  (isLinux ? it : it.skip)('in the listener of a receive error is that of ' +
    'createSocket()', async () => {
    const port = await freePort();
    const socket = within('create', () => open('udp4'));
    await new Promise((resolve) => socket.connect(port, resolve));
    const store = new Promise((resolve) => socket.on('error', () =>
      resolve(storage.getStore())));
    within('send', () => socket.send('unread'));
    assert.strictEqual(await store, 'create');
  });

  it('stays undefined if the program sets none', async () => {
    const receiver = await bound();
    const texts = receiveText(receiver, 1);
    assert.strictEqual(storage.getStore(), undefined);
    open('udp4').send('x', receiver.address().port);
    await texts;
    assert.strictEqual(storage.getStore(), undefined);
  });
});
