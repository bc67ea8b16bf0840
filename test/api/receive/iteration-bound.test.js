'use strict';

// How many datagrams one event loop iteration receives: timers and other
// sockets wait no longer than with node:dgram, and pending datagrams are read
// in batches. The tests count datagrams between two immediates; they measure no
// time.

const assert = require('node:assert');
const {
  bound, inChild, isNative, isWindows, once, open, reportsOf, stateOf,
} = require('../../support/dgram');

/** Windows has no descriptors of sockets. */
const itShared = isWindows ? it.skip : it;

/** Datagrams that libuv reads in one iteration. */
const LIMIT = 32;

/** 150 datagrams for a slow listener; reports how many per iteration. */
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
      // GRO is enabled after the first batch of several datagrams.
      for (let i = 0; i < 30; i++) sender.send(`${i % 10}`);
      setTimeout(() => {
        for (let i = 0; i < 120; i++) sender.send(`${i % 10}`);
        next();
      }, 300);
    });
  });
}

/** A receiver that alone keeps its process alive, with a slow listener. */
function receiveAlone(dgram, report) {
  const receiver = dgram.createSocket('udp4');
  receiver.on('message', (msg) => {
    const end = process.hrtime.bigint() + 200000n;
    while (process.hrtime.bigint() < end);
    if (String(msg) !== 'end') return;
    report('end');
    receiver.close();
  });
  receiver.bind(0, '127.0.0.1', () => report(receiver.address().port));
}

/** Floods that receiver and sends 'end' until its process has ended. */
async function floodProcess() {
  let hasEnded = false;
  const running = inChild(receiveAlone);
  const ended = running.finally(() => { hasEnded = true; });
  const [port] = await once(running.child.stdout, 'data');
  const sender = open('udp4');
  sender.on('error', () => {}); // ECONNREFUSED after its lifetime
  sender.connect(Number(port), '127.0.0.1');
  await once(sender, 'connect');
  for (let round = 0; !hasEnded; round++) {
    for (let i = 0; i < 200; i++) sender.send('a datagram');
    if (round > 60) sender.send('end');
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  const { reports, ...rest } = await ended;
  return { ...rest, reports: reports.slice(1) };
}

/** Runs `body` in a child whose fd 3 is a socket that holds `texts`. */
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

describe('an event loop iteration', () => {
  for (const [title, event, options, limit] of [
    ['message', 'message', {}, LIMIT],
    ...isNative ? [
      ['message, sharedBuffers', 'message', { sharedBuffers: true }, LIMIT],
      // One more batch: a slow listener is detected during the first.
      ['batch', 'batch', {}, 2 * LIMIT],
    ] : [],
  ]) {
    it(`ends after ${limit} datagrams of slow listeners: ${title}`, async () => {
      const [counts] = await reportsOf(flood,
        { args: [event, options, 1.5e6] });
      assert.ok(Math.max(...counts) <= limit, `${counts}`);
      assert.strictEqual(counts.reduce((a, b) => a + b), 150);
    });
  }

  itShared(`reads ${LIMIT} datagrams of a shared descriptor`, async () => {
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
    assert.deepStrictEqual(reports, [[LIMIT, LIMIT]]);
  });

  itShared('leaves later datagrams in a shared descriptor after close()',
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

  it('keeps a process with one busy socket alive', async () => {
    const { code, reports, stderr } = await floodProcess();
    assert.deepStrictEqual({ code, reports, stderr },
                           { code: 0, reports: ['end'], stderr: '' });
  });

  it('reads datagrams that listeners sent to their own socket', async () => {
    const [iterations] = await reportsOf((dgram, report) => {
      let count = 0;
      let iterations = 0;
      const socket = dgram.createSocket('udp4', () => {
        if (++count < 640) {
          socket.send('x', socket.address().port, '127.0.0.1');
          return;
        }
        report(iterations);
        socket.close();
      });
      socket.bind(0, '127.0.0.1', () => {
        socket.send('x', socket.address().port, '127.0.0.1');
        setImmediate(function next() {
          iterations++;
          if (count < 640) setImmediate(next);
        });
      });
    });
    assert.ok(iterations < 640 / 8, `${iterations} iterations for 640 datagrams`);
  });

  // The next message is emitted before the ticks of a listener that threw, also
  // when datagrams are read one by one.
  itShared('emits the next message before the ticks of a throwing listener',
    async () => {
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
