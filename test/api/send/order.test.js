'use strict';

// The order of send callbacks and 'message' events relative to each other, to
// ticks, microtasks, timers and immediates.

const assert = require('node:assert');
const {
  bound, connectedTo, isNative, open, receive, send, steps,
} = require('../../support/dgram');

/** A socket that sends every message to itself again, so it never idles. */
async function flooded() {
  const socket = await bound();
  const { port } = socket.address();
  socket.on('message', (msg) => socket.send(msg, port, '127.0.0.1'));
  for (let i = 0; i < 100; i++)
    socket.send('again', port, '127.0.0.1');
  await receive(socket, 1);
  return socket;
}

describe('callback order of socket.send()', () => {
  it('unconnected: calls back two ticks later', async () => {
    const socket = await bound();
    assert.deepStrictEqual(await steps(6, (log) => {
      setImmediate(log, 'immediate');
      Promise.resolve().then(() => log('microtask'));
      process.nextTick(log, 'tick 1');
      socket.send('x', socket.address().port, '127.0.0.1', () => log('sent'));
      process.nextTick(() => {
        log('tick 2');
        process.nextTick(log, 'tick 2b');
      });
    }), ['tick 1', 'tick 2', 'sent', 'tick 2b', 'microtask', 'immediate']);
  });

  it('unconnected: calls back for several sends in order', async () => {
    const socket = await bound();
    const { port } = socket.address();
    assert.deepStrictEqual(await steps(5, (log) => {
      process.nextTick(log, 'tick 1');
      socket.send('x', port, '127.0.0.1', () => log('sent 1'));
      process.nextTick(log, 'tick 2');
      socket.send('x', port, '127.0.0.1', () => log('sent 2'));
      process.nextTick(log, 'tick 3');
    }), ['tick 1', 'tick 2', 'tick 3', 'sent 1', 'sent 2']);
  });

  it('unconnected: calls back among ticks that nested ticks add', async () => {
    const socket = await bound();
    const { port } = socket.address();
    const tick = (log, name) => process.nextTick(() => {
      log(name);
      process.nextTick(log, `${name}b`);
    });
    const order = await steps(8, (log) => {
      tick(log, 'tick 1');
      socket.send('x', port, '127.0.0.1', () => log('sent 1'));
      tick(log, 'tick 2');
      socket.send('x', port, '127.0.0.1', () => log('sent 2'));
      tick(log, 'tick 3');
    });
    // docs/parity.md: the callbacks of one tick's sends run together, when that
    // of the first is due.
    assert.deepStrictEqual(order, isNative ?
      ['tick 1', 'tick 2', 'tick 3', 'tick 1b', 'sent 1', 'sent 2',
        'tick 2b', 'tick 3b'] :
      ['tick 1', 'tick 2', 'tick 3', 'tick 1b', 'sent 1', 'tick 2b',
        'sent 2', 'tick 3b']);
  });

  it('connected: calls back one tick later', async () => {
    const socket = await connectedTo(await bound());
    assert.deepStrictEqual(await steps(6, (log) => {
      setImmediate(log, 'immediate');
      Promise.resolve().then(() => log('microtask'));
      process.nextTick(() => {
        log('tick 1');
        process.nextTick(log, 'tick 1b');
      });
      socket.send('x', () => log('sent'));
      process.nextTick(log, 'tick 2');
    }), ['tick 1', 'sent', 'tick 2', 'tick 1b', 'microtask', 'immediate']);
  });

  it('connected: calls back for several sends in order', async () => {
    const socket = await connectedTo(await bound());
    const order = await steps(6, (log) => {
      process.nextTick(log, 'tick 1');
      socket.send('x', () => log('sent 1'));
      process.nextTick(log, 'tick 2');
      socket.send('x', () => log('sent 2'));
      socket.send('x', () => log('sent 3'));
      process.nextTick(log, 'tick 3');
    });
    // docs/parity.md: all but the first run one tick later, none earlier.
    assert.deepStrictEqual(order, isNative ?
      ['tick 1', 'sent 1', 'tick 2', 'tick 3', 'sent 2', 'sent 3'] :
      ['tick 1', 'sent 1', 'tick 2', 'sent 2', 'sent 3', 'tick 3']);
  });

  it('runs microtasks and new ticks after the callbacks', async () => {
    const socket = await connectedTo(await bound());
    assert.deepStrictEqual(await steps(4, (log) => {
      socket.send('x', () => {
        log('sent 1');
        Promise.resolve().then(() => log('microtask'));
        process.nextTick(log, 'tick');
      });
      socket.send('x', () => log('sent 2'));
    }), ['sent 1', 'sent 2', 'tick', 'microtask']);
  });

  it('reports an error in the order of the sends', async () => {
    const socket = open('udp4');
    assert.strictEqual(await send(socket, 'x', 9, '127.0.0.1'), 1);
    assert.deepStrictEqual(await steps(4, (log) => {
      process.nextTick(log, 'tick 1');
      socket.send('x', 9, '::1', ({ code }) => log(code));
      socket.send('x', 9, '127.0.0.1', () => log('sent'));
      process.nextTick(log, 'tick 2');
    }), ['tick 1', 'tick 2', 'EINVAL', 'sent']);
  });
});

describe('order of datagrams from two sockets to a third', () => {
  for (const [text, body, expected] of [
    ['alternating calls', (a, b) => {
      a('a1');
      b('b1');
      a('a2');
      b('b2');
    }, ['a1', 'a2', 'b1', 'b2']],
    ['one socket in an earlier tick', (a, b) => {
      process.nextTick(() => {
        a('a1');
        a('a2');
        a('a3');
      });
      b('b1');
    }, ['a1', 'a2', 'a3', 'b1']],
  ]) {
    it(`follows the calls, then the ticks: ${text}`, async () => {
      const receiver = await bound();
      const { port, address } = receiver.address();
      const connected = await connectedTo(receiver);
      const unconnected = await bound();
      const messages = receive(receiver, expected.length);
      setImmediate(body, (text) => connected.send(text),
        (text) => unconnected.send(text, port, address));
      assert.deepStrictEqual((await messages).map(({ msg }) => String(msg)),
        expected);
    });
  }
});

describe('order of messages', () => {
  it('runs ticks and microtasks between two messages', async () => {
    const receiver = await bound();
    const sender = await connectedTo(receiver);
    let next = 0;
    const log = await steps(9, (log) => {
      receiver.on('message', (msg) => {
        const i = next++;
        Promise.resolve().then(() => log(`microtask after ${i}`));
        process.nextTick(log, `tick after ${i}`);
        log(`message ${msg}`);
      });
      for (let i = 0; i < 3; i++)
        sender.send(`${i}`);
    });
    assert.deepStrictEqual(log, [0, 1, 2].flatMap((i) =>
      [`message ${i}`, `tick after ${i}`, `microtask after ${i}`]));
  });

  it('runs nested ticks and microtasks between two messages', async () => {
    const receiver = await bound();
    const sender = await connectedTo(receiver);
    const log = await steps(8, (log) => {
      receiver.on('message', (msg) => {
        log(`message ${msg}`);
        process.nextTick(() => Promise.resolve().then(() =>
          process.nextTick(() => {
            log(`late tick of ${msg}`);
            queueMicrotask(() => log(`late microtask of ${msg}`));
          })));
        process.nextTick(log, `tick of ${msg}`);
      });
      sender.send('0');
      sender.send('1');
    });
    assert.deepStrictEqual(log, [0, 1].flatMap((i) => [`message ${i}`,
      `tick of ${i}`, `late tick of ${i}`, `late microtask of ${i}`]));
  });

  it('calls every listener before the next message', async () => {
    const receiver = await bound();
    const sender = await connectedTo(receiver);
    assert.deepStrictEqual(await steps(4, (log) => {
      receiver.on('message', (msg) => log(`first ${msg}`));
      receiver.on('message', (msg) => log(`second ${msg}`));
      sender.send('0');
      sender.send('1');
    }), ['first 0', 'second 0', 'first 1', 'second 1']);
  });

  it('sends the datagrams of a listener before the next message',
    async () => {
      const receiver = await bound();
      const sender = await connectedTo(receiver);
      assert.deepStrictEqual(await steps(6, (log) => {
        receiver.on('message', (msg, { port }) => {
          log(`message ${msg}`);
          receiver.send(msg, port, '127.0.0.1', () => log(`sent ${msg}`));
        });
        for (let i = 0; i < 3; i++)
          sender.send(`${i}`);
      }), [0, 1, 2].flatMap((i) => [`message ${i}`, `sent ${i}`]));
    });

  it('loses no message with events.once() in a loop', async () => {
    const receiver = await bound();
    const sender = await connectedTo(receiver);
    for (let i = 0; i < 200; i++)
      sender.send(`${i}`);
    const { once } = require('node:events');
    for (let i = 0; i < 200; i++) {
      const [msg] = await once(receiver, 'message');
      assert.strictEqual(String(msg), `${i}`);
    }
  });

  it('loses no message with events.on()', async () => {
    const receiver = await bound();
    const sender = await connectedTo(receiver);
    const { on } = require('node:events');
    const messages = on(receiver, 'message');
    for (let i = 0; i < 200; i++)
      sender.send(`${i}`);
    let i = 0;
    for await (const [msg] of messages) {
      assert.strictEqual(String(msg), `${i}`);
      if (++i === 200)
        break;
    }
  });

  it('runs timers and immediates under a flood', async () => {
    const socket = await flooded();
    for (let i = 0; i < 10; i++) {
      await new Promise((resolve) => setImmediate(resolve));
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
    socket.close();
  });

  it('delivers messages of another socket under a flood', async () => {
    const socket = await flooded();
    const other = await bound();
    for (let i = 0; i < 10; i++) {
      const message = receive(other, 1);
      other.send(`${i}`, other.address().port, '127.0.0.1');
      assert.strictEqual(String((await message)[0].msg), `${i}`);
    }
    socket.close();
  });
});
