'use strict';

// close() while received datagrams are still pending: in a 'message' listener,
// in its ticks and in its microtasks.

const assert = require('node:assert');
const {
  bound, connectedTo, isOpen, once, receive, receiveText, steps,
  nextIteration,
} = require('../../support/dgram');

describe('socket.close() in a \'message\' listener', () => {
  it('discards the remaining datagrams', async () => {
    const receiver = await bound();
    const sender = await connectedTo(receiver);
    const texts = [];
    receiver.on('message', (msg) => {
      texts.push(String(msg));
      if (texts.length === 3)
        receiver.close();
    });
    for (let i = 0; i < 10; i++)
      sender.send(`${i}`);
    await once(receiver, 'close');
    await nextIteration();
    assert.deepStrictEqual(texts, ['0', '1', '2']);
  });

  it('takes effect before the next message if called in a tick', async () => {
    const receiver = await bound();
    const sender = await connectedTo(receiver);
    const texts = [];
    receiver.on('message', (msg) => {
      texts.push(String(msg));
      process.nextTick(() => receiver.close());
    });
    for (let i = 0; i < 10; i++)
      sender.send(`${i}`);
    await once(receiver, 'close');
    await nextIteration();
    assert.deepStrictEqual(texts, ['0']);
  });

  it('takes effect before the next message if called in a microtask',
    async () => {
      const receiver = await bound();
      const sender = await connectedTo(receiver);
      const texts = [];
      receiver.on('message', async (msg) => {
        texts.push(String(msg));
        await null;
        receiver.close();
      });
      for (let i = 0; i < 10; i++)
        sender.send(`${i}`);
      await once(receiver, 'close');
      await nextIteration();
      assert.deepStrictEqual(texts, ['0']);
    });

  it('does not keep the message from other listeners', async () => {
    const receiver = await bound();
    const sender = await connectedTo(receiver);
    const texts = [];
    receiver.on('message', () => isOpen(receiver) && receiver.close());
    receiver.on('message', (msg) => texts.push(String(msg)));
    sender.send('0');
    sender.send('1');
    await once(receiver, 'close');
    await nextIteration();
    assert.deepStrictEqual(texts, ['0']);
  });

  it('discards the pending datagrams of another socket', async () => {
    const sockets = [await bound(), await bound()];
    const sender = await bound();
    const log = await steps(2, (log) => {
      for (const socket of sockets) {
        socket.on('message', () => {
          const i = sockets.indexOf(socket);
          log(i);
          if (isOpen(sockets[1 - i]))
            sockets[1 - i].close();
        });
      }
      for (const socket of [...sockets, ...sockets])
        sender.send('x', socket.address().port, '127.0.0.1');
    });
    await nextIteration();
    // The kernel decides which socket is read first.
    assert.deepStrictEqual(log, [log[0], log[0]]);
  });

  it('releases the port for another socket', async () => {
    const first = await bound();
    const { port } = first.address();
    const sender = await bound();
    const second = new Promise((resolve) => {
      first.on('message', () => {
        first.close();
        resolve(bound('udp4', port));
      });
    });
    sender.send('to the first', port, '127.0.0.1');
    const texts = receiveText(await second, 1);
    sender.send('to the second', port, '127.0.0.1');
    assert.deepStrictEqual(await texts, ['to the second']);
  });

  it('does not confuse the senders of discarded datagrams', async () => {
    const [first, second] = [await bound(), await bound()];
    const senders = [];
    for (let i = 0; i < 10; i++)
      senders.push(await bound());
    const closed = once(first, 'close');
    first.on('message', () => first.close());
    for (const sender of senders)
      sender.send('discarded', first.address().port, '127.0.0.1');
    await closed;
    await nextIteration();
    const messages = receive(second, 10);
    for (const sender of senders) {
      sender.send(`${sender.address().port}`, second.address().port,
        '127.0.0.1');
    }
    for (const { msg, rinfo } of await messages)
      assert.strictEqual(String(msg), `${rinfo.port}`);
  });

  it('leaves no datagrams to a new socket on the same port', async () => {
    const receiver = await bound();
    const { port } = receiver.address();
    const sender = await connectedTo(receiver);
    let successor;
    const made = new Promise((resolve) => {
      receiver.once('message', () => {
        receiver.close();
        successor = bound('udp4', port);
        resolve();
      });
    });
    for (let i = 0; i < 10; i++)
      sender.send(`old ${i}`);
    await made;
    const texts = receiveText(await successor, 1);
    sender.send('new');
    assert.deepStrictEqual(await texts, ['new']);
  });
});
