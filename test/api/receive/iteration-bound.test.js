'use strict';

// How much one iteration of the event loop receives: timers and other sockets
// wait no longer than with node:dgram, and what is there is not fetched one by
// one. Counted, not timed: the listeners here count themselves between two
// immediates.

const assert = require('node:assert');
const {
  bound, inChild, isNative, once, open, reportsOf, stateOf,
} = require('../../support/dgram');

/** libuv reads so many. */
const MOST = 32;

/** 120 datagrams for a listener that takes its time; how many an iteration. */
function flood(dgram, report, event, options, work) {
  const counts = [];
  let now = 0;
  let all = 0;
  const receiver = dgram.createSocket({ type: 'udp4', ...options });
  const sender = dgram.createSocket('udp4');
  const count = (n) => {
    now += n;
    all += n;
    const end = process.hrtime.bigint() + BigInt(work * n);
    while (process.hrtime.bigint() < end);
  };
  receiver.on(event, event === 'batch' ?
    (batch) => count(batch.count) :
    () => count(1));
  function next() {
    if (now > 0) counts.push(now);
    now = 0;
    if (all < 150) {
      setImmediate(next);
      return;
    }
    report(counts);
    receiver.close();
    sender.close();
  }
  receiver.bind(0, '127.0.0.1', () => {
    sender.connect(receiver.address().port, '127.0.0.1', () => {
      // Merged receives begin with the first batch of several.
      for (let i = 0; i < 30; i++) sender.send(`${i % 10}`);
      setTimeout(() => {
        for (let i = 0; i < 120; i++) sender.send(`${i % 10}`);
        next();
      }, 300);
    });
  });
}

/** A socket that is all that keeps its process, and a slow listener. */
function lonely(dgram, report, port) {
  const receiver = dgram.createSocket('udp4');
  receiver.on('message', (msg) => {
    const end = process.hrtime.bigint() + 200000n;
    while (process.hrtime.bigint() < end);
    if (String(msg) !== 'end') return;
    report('end');
    receiver.close();
  });
  receiver.bind(port, '127.0.0.1');
}

/** Floods it, and then tells it to end, until it has. */
async function floodLonely() {
  const free = await bound();
  const { port } = free.address();
  free.close();
  let hasEnded = false;
  const child = inChild(lonely, { args: [port] })
    .finally(() => { hasEnded = true; });
  const sender = open('udp4');
  sender.on('error', () => {}); // it is not there yet, or not any more
  sender.connect(port, '127.0.0.1');
  await once(sender, 'connect');
  for (let round = 0; !hasEnded; round++) {
    for (let i = 0; i < 200; i++) sender.send('a datagram');
    if (round > 60) sender.send('end');
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  return child;
}

/** A child's fd 3: a descriptor of ours with these datagrams in it. */
async function withShared(texts, body) {
  const socket = await bound();
  stateOf(socket).handle.recvStop();
  const sender = require('node:dgram').createSocket('udp4');
  const sent = texts.map((text) => new Promise((resolve) =>
    sender.send(text, socket.address().port, '127.0.0.1', resolve)));
  await Promise.all(sent);
  sender.close();
  const { fd } = stateOf(socket).handle;
  const { code, reports, stderr } = await inChild(body,
    { stdio: ['ignore', undefined, undefined, fd], args: [texts.length] });
  assert.deepStrictEqual({ code, stderr }, { code: 0, stderr: '' });
  return { reports, socket };
}

describe('an iteration of the event loop', () => {
  for (const [title, event, options, most] of [
    ['message', 'message', {}, MOST],
    ...isNative ? [
      ['message, sharedBuffers', 'message', { sharedBuffers: true }, MOST],
      // The block whose listener is found to be slow is in the first.
      ['batch', 'batch', {}, 2 * MOST],
    ] : [],
  ]) {
    it(`ends after ${most} datagrams of slow listeners: ${title}`, async () => {
      const [counts] = await reportsOf(flood,
        { args: [event, options, 1.5e6] });
      assert.ok(Math.max(...counts) <= most, `${counts}`);
      assert.strictEqual(counts.reduce((a, b) => a + b), 150);
    });
  }

  it('reads a shared descriptor so many times', async () => {
    const texts = Array.from({ length: 64 }, (_, i) => `${i}`);
    const { reports } = await withShared(texts, (dgram, report, total) => {
      const counts = [];
      let now = 0;
      let all = 0;
      const socket = dgram.createSocket('udp4', () => {
        now++;
        all++;
      });
      socket.bind({ fd: 3 }, function next() {
        if (now > 0) counts.push(now);
        now = 0;
        if (all < total) {
          setImmediate(next);
          return;
        }
        report(counts);
        socket.close();
      });
    });
    assert.deepStrictEqual(reports, [[MOST, MOST]]);
  });

  it('leaves in a shared descriptor what a closing listener has not seen',
     async () => {
       const { reports, socket } = await withShared(['0', '1', '2', '3'],
         (dgram, report) => {
           const receiver = dgram.createSocket('udp4', (msg) => {
             report(String(msg));
             if (String(msg) === '1') receiver.close();
           });
           receiver.bind({ fd: 3 });
         });
       assert.deepStrictEqual(reports, ['0', '1']);
       const rest = [];
       await new Promise((resolve) => {
         socket.on('message', (msg) => {
           if (rest.push(String(msg)) === 2) resolve();
         });
         stateOf(socket).handle.recvStart();
       });
       assert.deepStrictEqual(rest, ['2', '3']);
     });

  it('leaves a process its busy socket, when it has nothing else', async () => {
    const { code, reports } = await floodLonely();
    assert.deepStrictEqual({ code, reports }, { code: 0, reports: ['end'] });
  });

  it('reads again what listeners have sent to their own socket', async () => {
    const [turns] = await reportsOf((dgram, report) => {
      let count = 0;
      let turns = 0;
      const socket = dgram.createSocket('udp4', () => {
        if (++count < 640) {
          socket.send('x', socket.address().port, '127.0.0.1');
          return;
        }
        report(turns);
        socket.close();
      });
      socket.bind(0, '127.0.0.1', () => {
        socket.send('x', socket.address().port, '127.0.0.1');
        setImmediate(function next() {
          turns++;
          if (count < 640) setImmediate(next);
        });
      });
    });
    assert.ok(turns < 640 / 8, `${turns} iterations for 640 datagrams`);
  });

  // The next datagram comes before the ticks of a listener that threw, also
  // where each is read by itself.
  it('goes on before the ticks of a listener that threw', async () => {
    const { reports } = await withShared(['1', '2', '3'], (dgram, report) => {
      process.on('uncaughtException', ({ message }) => report(message));
      const socket = dgram.createSocket('udp4', (msg) => {
        report(`message ${msg}`);
        process.nextTick(() => report(`tick ${msg}`));
        if (String(msg) === '3') socket.close();
        else throw new Error(`thrown ${msg}`);
      });
      socket.bind({ fd: 3 });
    });
    assert.deepStrictEqual(reports, [
      'message 1', 'thrown 1', 'message 2', 'thrown 2', 'message 3',
      'tick 1', 'tick 2', 'tick 3',
    ]);
  });
});
