'use strict';

// async_hooks: the UDPWRAP resource of a socket and the UDPSENDWRAP resource of
// a queued send.

const assert = require('node:assert');
const {
  createHook, executionAsyncId, executionAsyncResource, triggerAsyncId,
} = require('node:async_hooks');
const {
  bound, close, isNative, open, receive, reportsOf, stateOf, nextIteration,
} = require('../../support/dgram');

/** Runs `body(events)` while a hook records the events of UDPWRAP resources. */
async function hooked(body) {
  const events = [];
  const ids = new Set();
  const note = (name) => (id) => ids.has(id) && events.push([name, id]);
  const hook = createHook({
    init(id, type, triggerId, resource) {
      if (type !== 'UDPWRAP')
        return;
      ids.add(id);
      events.push(['init', id, resource]);
    },
    before: note('before'),
    after: note('after'),
    destroy: note('destroy'),
  }).enable();
  try {
    return await body(events);
  } finally {
    hook.disable();
  }
}

function idOf(socket) {
  return socket[Object.getOwnPropertySymbols(socket)
    .find(({ description }) => description === 'async_id_symbol')];
}

describe('async_hooks', () => {
  it('emit init with one UDPWRAP per socket when it is created', async () => {
    await hooked(async (events) => {
      const sockets = [open('udp4'), open('udp6')];
      assert.deepStrictEqual(events.map(([name, id]) => [name, id]),
        sockets.map((socket) => ['init', idOf(socket)]));
      for (const [i, socket] of sockets.entries()) {
        assert.strictEqual(stateOf(socket).handle.getAsyncId(),
          idOf(socket));
        if (!isNative)
          assert.strictEqual(events[i][2], stateOf(socket).handle);
      }
    });
  });

  it('emit no other event than destroy for bind() and close()', async () => {
    await hooked(async (events) => {
      const socket = open('udp4');
      await new Promise((resolve) => socket.bind(0, '127.0.0.1', resolve));
      await close(socket);
      for (let i = 0; i < 10 && events.length < 2; i++)
        await nextIteration();
      assert.deepStrictEqual(events.map(([name, id]) => [name, id]),
        [['init', idOf(socket)], ['destroy', idOf(socket)]]);
    });
  });

  it('emit destroy for a socket that was never bound', async () => {
    await hooked(async (events) => {
      const socket = open('udp4');
      await close(socket);
      for (let i = 0; i < 10 && events.length < 2; i++)
        await nextIteration();
      assert.deepStrictEqual(events.map(([name, id]) => [name, id]),
        [['init', idOf(socket)], ['destroy', idOf(socket)]]);
    });
  });

  it('emit before and after for each message', async () => {
    await hooked(async (events) => {
      const socket = await bound();
      const id = idOf(socket);
      const messages = receive(socket, 3);
      socket.on('message', () => events.push(['message', executionAsyncId()]));
      for (let i = 0; i < 3; i++)
        socket.send('x', socket.address().port, '127.0.0.1');
      await messages;
      await nextIteration();
      assert.deepStrictEqual(events.map(([name, id]) => [name, id]), [
        ['init', id],
        ...Array(3).fill([['before', id], ['message', id], ['after', id]])
          .flat(),
      ]);
    });
  });

  it('set executionAsyncId() in a listener to the socket\'s id', async () => {
    const socket = await bound();
    const seen = new Promise((resolve) => socket.on('message', () =>
      resolve([executionAsyncId(), triggerAsyncId()])));
    socket.send('x', socket.address().port, '127.0.0.1');
    const [id, trigger] = await seen;
    assert.strictEqual(id, idOf(socket));
    assert.ok(trigger >= 0 && trigger !== id);
  });

  it('use one resource for all messages of a socket', async () => {
    const socket = await bound();
    const resources = await new Promise((resolve) => {
      const resources = [];
      socket.on('message', () => {
        if (resources.push(executionAsyncResource()) === 3)
          resolve(resources);
      });
      for (let i = 0; i < 3; i++)
        socket.send('x', socket.address().port, '127.0.0.1');
    });
    assert.strictEqual(typeof resources[0], 'object');
    assert.strictEqual(resources[1], resources[0]);
    assert.strictEqual(resources[2], resources[0]);
    assert.strictEqual(resources[0], stateOf(socket).handle);
  });

  it('emit the events of UDPSENDWRAP for a queued send', async () => {
    const reports = await reportsOf((dgram, report) => {
      const { createHook } = require('node:async_hooks');
      const events = [];
      let wrap;
      createHook({
        init(id, type) {
          if (type === 'UDPSENDWRAP') {
            wrap = id;
            events.push('init');
          }
        },
        before: (id) => id === wrap && events.push('before'),
        after: (id) => id === wrap && events.push('after'),
        destroy: (id) => id === wrap && events.push('destroy'),
      }).enable();
      const socket = dgram.createSocket('udp4');
      socket.bind(0, '127.0.0.1', () => {
        socket.send('x', socket.address().port, '127.0.0.1', () => {
          events.push('callback');
          socket.close();
        });
        events.push('returned');
      });
      process.on('exit', () => report(events));
    }, { execArgv: ['--test-udp-no-try-send'] });
    assert.deepStrictEqual(reports[0].slice(0, 5),
      ['returned', 'init', 'before', 'callback', 'after']);
  });

  it('emit nothing for a socket created before they are enabled', async () => {
    const socket = open('udp4');
    await hooked(async (events) => {
      await new Promise((resolve) => socket.bind(0, '127.0.0.1', resolve));
      const message = receive(socket, 1);
      socket.send('x', socket.address().port, '127.0.0.1');
      await message;
      await close(socket);
      await nextIteration();
      assert.deepStrictEqual(events, []);
    });
  });
});
