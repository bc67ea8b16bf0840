'use strict';

// Back-pressure of Unix sockets. The kernel queues few datagrams of a receiver;
// the others wait in the sender.

const assert = require('node:assert');
const fs = require('node:fs');
const { setTimeout: sleep } = require('node:timers/promises');
const {
  close, inChild, isLinux, nextIteration, once, receiveText, send, stateOf,
} = require('../../support/dgram');
const { boundUnix, describeUnix, freshPath, openUnix, pathOf } =
  require('./kit');

/** The kernel's queue of a receiver: 10 by default, 512 under systemd. */
const LENGTH = '/proc/sys/net/unix/max_dgram_qlen';
const QUEUE = isLinux ? Number(fs.readFileSync(LENGTH, 'utf8')) : 0;

/** More than the kernel queues. */
const FULL = QUEUE + 90;
const COUNT = 2000 + QUEUE;

const EVENTS = ['congestion', 'writable', 'drain'];

/** Logs the three events of a socket. */
function watch(socket) {
  const log = [];
  for (const event of EVENTS) socket.on(event, () => log.push(event));
  return log;
}

/** A bound socket that does not read until `resume()`. */
async function paused() {
  const socket = await boundUnix();
  const { handle } = stateOf(socket);
  handle.recvStop();
  return { socket, resume: () => handle.recvStart() };
}

const texts = (count) => Array.from({ length: count }, (unused, i) => `${i}`);

for (const connected of [true, false]) {
  describeUnix(`a full peer of ${connected ? 'a ' : 'an un'}connected socket`,
    () => {
      /** A sender and a function that sends one text with a callback. */
      function senderTo(receiver) {
        const sender = openUnix();
        const at = pathOf(receiver);
        if (connected) sender.connectSync(at);
        return {
          sender,
          sendText: (text, callback) => (connected ?
            sender.send(text, callback) :
            sender.send(text, at, callback)),
        };
      }

      it('is back-pressure: nothing is lost, and each event comes once',
        async () => {
          const { socket, resume } = await paused();
          const { sender, sendText } = senderTo(socket);
          const log = watch(sender);
          let completed = 0;
          for (const text of texts(COUNT)) {
            sendText(text, (error, bytes) => {
              assert.ifError(error);
              assert.strictEqual(bytes, text.length);
              assert.strictEqual(text, `${completed}`, 'in order');
              completed++;
            });
          }
          await once(sender, 'congestion');
          await sleep(50);
          assert.deepStrictEqual(log, ['congestion']);
          assert.ok(completed > 0 && completed < COUNT, `${completed} left`);
          assert.strictEqual(sender.getSendQueueCount(), COUNT - completed);

          const received = receiveText(socket, COUNT);
          const drained = once(sender, 'drain');
          resume();
          assert.deepStrictEqual(await received, texts(COUNT));
          await drained;
          assert.strictEqual(completed, COUNT);
          assert.strictEqual(sender.getSendQueueCount(), 0);
          await sleep(20);
          assert.deepStrictEqual(log, EVENTS);
        });

      it('can be full again: three events more', async () => {
        const { socket, resume } = await paused();
        const { sender, sendText } = senderTo(socket);
        const log = watch(sender);
        for (let round = 1; round <= 3; round++) {
          for (const text of texts(FULL)) sendText(text);
          await once(sender, 'congestion');
          await sleep(10);
          const drained = once(sender, 'drain');
          const received = receiveText(socket, FULL);
          resume();
          assert.deepStrictEqual(await received, texts(FULL));
          await drained;
          stateOf(socket).handle.recvStop();
          assert.deepStrictEqual(log, Array(round).fill(EVENTS).flat());
        }
      });

      it('emits no event if it is never full', async () => {
        const receiver = await boundUnix();
        const { sender, sendText } = senderTo(receiver);
        const log = watch(sender);
        for (const text of texts(30)) {
          const received = receiveText(receiver, 1);
          sendText(text);
          await received;
        }
        assert.deepStrictEqual(log, []);
      });

      it('may be refilled by the listener of \'drain\'', async () => {
        const receiver = await boundUnix();
        const { sender, sendText } = senderTo(receiver);
        const log = watch(sender);
        const total = 20 * FULL;
        let sent = 0;
        const fill = () => {
          for (let i = 0; i < FULL && sent < total; i++) sendText(`${sent++}`);
        };
        sender.on('drain', fill);
        const received = receiveText(receiver, total);
        fill();
        assert.deepStrictEqual(await received, texts(total));
        await nextIteration();
        await sleep(20);
        assert.deepStrictEqual(log, Array(20).fill(EVENTS).flat());
      });

      it('may disappear: the datagrams fail, and the events end', async () => {
        const { socket } = await paused();
        const { sender, sendText } = senderTo(socket);
        const log = watch(sender);
        const errors = [];
        let sent = 0;
        for (const text of texts(FULL)) {
          sendText(text, (error) => {
            if (error) errors.push(error.code);
            else sent++;
          });
        }
        await once(sender, 'congestion');
        const drained = once(sender, 'drain');
        await close(socket); // removes its file
        await drained;
        assert.ok(sent > 0);
        assert.deepStrictEqual(errors, Array(FULL - sent).fill('ENOENT'));
        assert.deepStrictEqual(log, EVENTS);
      });

      it('fails with ECANCELED if the sender is closed', async () => {
        const { socket } = await paused();
        const { sender, sendText } = senderTo(socket);
        const log = watch(sender);
        const errors = [];
        let calls = 0;
        const done = new Promise((resolve) => {
          for (const text of texts(FULL)) {
            sendText(text, (error) => {
              if (error) errors.push(error.code);
              if (++calls === FULL) resolve();
            });
          }
        });
        await once(sender, 'congestion');
        sender.close();
        await done;
        assert.ok(errors.length > 0);
        assert.ok(errors.every((code) => code === 'ECANCELED'), `${errors}`);
        assert.deepStrictEqual(log, ['congestion']);
      });

      it('waits for sendMany() alike', async () => {
        const { socket, resume } = await paused();
        const { sender } = senderTo(socket);
        const log = watch(sender);
        const outcome = new Promise((resolve) => {
          const list = connected ?
            texts(COUNT) :
            texts(COUNT).flatMap((text) => [text, pathOf(socket)]);
          sender.sendMany(list, (...args) => resolve(args));
        });
        await once(sender, 'congestion');
        const received = receiveText(socket, COUNT);
        resume();
        assert.deepStrictEqual(await received, texts(COUNT));
        assert.deepStrictEqual(await outcome, [null, COUNT]);
        await nextIteration();
        assert.deepStrictEqual(log, EVENTS);
      });

      it('waits for long messages alike', async () => {
        const { socket, resume } = await paused();
        const { sender, sendText } = senderTo(socket);
        const log = watch(sender);
        const message = 'x'.repeat(100000);
        const sizes = [];
        for (let i = 0; i < 10; i++)
          sendText(message, (error, bytes) => sizes.push(error ?? bytes));
        await once(sender, 'congestion');
        const received = receiveText(socket, 10);
        resume();
        assert.deepStrictEqual(await received, Array(10).fill(message));
        await nextIteration();
        assert.deepStrictEqual(sizes, Array(10).fill(100000));
        assert.deepStrictEqual(log, EVENTS);
      });
    });
}

describeUnix('congestion of a Unix socket', () => {
  it('may be closed by a listener of each event', async () => {
    for (const event of EVENTS) {
      const { socket, resume } = await paused();
      const sender = openUnix();
      sender.connectSync(pathOf(socket));
      const log = watch(sender);
      sender.on(event, () => sender.close());
      const closed = once(sender, 'close');
      for (const text of texts(FULL)) sender.send(text);
      await once(sender, 'congestion');
      resume();
      await closed;
      await sleep(10);
      assert.deepStrictEqual(log, EVENTS.slice(0, EVENTS.indexOf(event) + 1));
      await close(socket);
    }
  });

  it('reports a throwing listener, and goes on', async () => {
    const { code, reports, stderr } = await inChild((inner, report, at, n) => {
      process.on('uncaughtException', (error) => report(error.message));
      const receiver = inner.createSocket('unix_dgram');
      receiver.bind(at);
      let received = 0;
      receiver.on('message', () => received++);
      const sender = inner.createSocket('unix_dgram');
      sender.connect(at);
      for (const event of ['congestion', 'writable', 'drain']) {
        sender.on(event, () => {
          if (event === 'drain') {
            const timer = setInterval(() => {
              if (received < n) return;
              clearInterval(timer);
              report(received);
              receiver.close();
            }, 5);
          }
          throw new Error(event);
        });
      }
      for (let i = 0; i < n; i++) sender.send('x');
    }, { args: [freshPath(), FULL] });
    assert.deepStrictEqual({ code, reports, stderr },
      { code: 0, reports: [...EVENTS, FULL], stderr: '' });
  });

  it('keeps the process alive until all datagrams have left', async () => {
    const receiver = await boundUnix();
    const received = receiveText(receiver, 300);
    const { code } = await inChild((inner, report, at) => {
      const sender = inner.createSocket('unix_dgram').unref();
      for (let i = 0; i < 300; i++) sender.send(`${i}`, at);
    }, { args: [pathOf(receiver)] });
    assert.strictEqual(code, 0);
    assert.deepStrictEqual(await received, texts(300));
  });

  it('does not spin while the peer is full', async () => {
    const { socket } = await paused();
    const sender = openUnix();
    for (const text of texts(FULL)) sender.send(text, pathOf(socket));
    await once(sender, 'congestion');
    const before = sender.stats().sendCalls;
    await sleep(200);
    const calls = sender.stats().sendCalls - before;
    assert.ok(calls < 100, `${calls} system calls`);
    const { socket: other } = await paused();
    const connected = openUnix();
    connected.connectSync(pathOf(other));
    for (const text of texts(FULL)) connected.send(text);
    await once(connected, 'congestion');
    await sleep(20);
    const calls1 = connected.stats().sendCalls;
    await sleep(100);
    assert.strictEqual(connected.stats().sendCalls, calls1);
    assert.ok(await send(openUnix(), 'x', pathOf(await boundUnix())));
  });
});

describeUnix('datagrams of a Unix socket that wait', () => {
  it('go to the peer for which they were sent', async () => {
    const { socket: one, resume } = await paused();
    const other = await boundUnix();
    const sender = openUnix();
    sender.connectSync(pathOf(one));
    for (const text of texts(FULL)) sender.send(text);
    await once(sender, 'congestion');
    sender.disconnect();
    sender.send('unconnected', pathOf(other));
    sender.connectSync(pathOf(other));
    sender.send('connected');
    const first = receiveText(one, FULL);
    const second = receiveText(other, 2);
    resume();
    assert.deepStrictEqual(await first, texts(FULL));
    assert.deepStrictEqual(await second, ['unconnected', 'connected']);
  });

  it('go to a peer whose file was removed', async () => {
    const { socket, resume } = await paused();
    const sender = openUnix();
    sender.connectSync(pathOf(socket));
    for (const text of texts(FULL)) sender.send(text);
    await once(sender, 'congestion');
    fs.rmSync(pathOf(socket));
    const received = receiveText(socket, FULL);
    resume();
    assert.deepStrictEqual(await received, texts(FULL));
  });
});

describeUnix('sends of a Unix socket in one tick', () => {
  it('leave before connect(), disconnect() and close()', async () => {
    const receiver = await boundUnix();
    const at = pathOf(receiver);
    const received = receiveText(receiver, 6);
    const sender = openUnix();
    let calls = 0;
    const count = (error) => {
      assert.ifError(error);
      calls++;
    };
    sender.send('1', at, count);
    sender.send('2', at, count);
    sender.connectSync(at);
    sender.send('3', count);
    sender.send('4', count);
    sender.disconnect();
    sender.send('5', at, count);
    sender.send('6', at, count);
    await close(sender);
    assert.strictEqual(calls, 6, 'callbacks run before \'close\'');
    assert.deepStrictEqual(await received, ['1', '2', '3', '4', '5', '6']);
  });

  it('leave before the process exits', async () => {
    const receiver = await boundUnix();
    const received = receiveText(receiver, 3);
    const { code } = await inChild((inner, report, where) => {
      const sender = inner.createSocket('unix_dgram');
      for (const text of ['1', '2', '3']) sender.send(text, where);
      process.exit();
    }, { args: [pathOf(receiver)] });
    assert.strictEqual(code, 0);
    assert.deepStrictEqual(await received, ['1', '2', '3']);
  });
});

describeUnix('sendHighWaterMark of a Unix socket', () => {
  it('sets from when to when writableNeedDrain is true', async () => {
    const receiver = await boundUnix();
    receiver.pause();
    const sender = openUnix({ sendHighWaterMark: 5 });
    sender.connectSync(pathOf(receiver));
    while (sender.getSendQueueSize() < 4) sender.send('x');
    assert.strictEqual(sender.writableNeedDrain, false);
    sender.send('x');
    sender.send('x');
    assert.ok(sender.getSendQueueSize() >= 5);
    assert.strictEqual(sender.writableNeedDrain, true);
    receiver.resume();
    await once(sender, 'drain');
    assert.strictEqual(sender.writableNeedDrain, false);
  });
});
