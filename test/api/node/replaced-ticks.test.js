'use strict';

// process.nextTick() is somebody else's for a while: a test's fake clock, or a
// library that follows each call, such as zone.js.

const assert = require('node:assert');
const {
  describeNative, modulePath, reportsOf, run, temporary,
} = require('../../support/dgram');

/** In a child: `pair(dgram)` -> { plain, connected, port, got, turns }. */
const pair = `async (dgram) => {
  const got = [];
  const receiver = dgram.createSocket('udp4', (msg) => got.push(String(msg)));
  const plain = dgram.createSocket('udp4');
  const connected = dgram.createSocket('udp4');
  for (const socket of [receiver, plain, connected])
    await new Promise((resolve) => socket.bind(0, '127.0.0.1', resolve));
  const { port } = receiver.address();
  await new Promise((resolve) =>
    connected.connect(port, '127.0.0.1', resolve));
  const until = async (done) => {
    for (let i = 0; i < 2000 && !done(); i++)
      await new Promise((resolve) => setTimeout(resolve, 1));
  };
  return { plain, connected, port, got, until };
}`;

/** Sends under a tick that never runs, and then as usual. */
const lose = `async ({ plain, connected, port, got, until }, fake) => {
  const real = process.nextTick;
  process.nextTick = fake;
  plain.send('lost?', port, '127.0.0.1', () => {});
  connected.send('lost?', () => {});
  connected.send('lost?');
  process.nextTick = real;
  let called = 0;
  for (let i = 0; i < 5; i++) {
    plain.send('plain', port, '127.0.0.1', () => called++);
    connected.send('connected', () => called++);
    await new Promise(setImmediate);
  }
  const arrived = () => got.filter((text) => text !== 'lost?').length;
  await until(() => arrived() >= 10 && called >= 10);
  return { arrived: arrived(), called };
}`;

describe('while process.nextTick is replaced', () => {
  it('what is sent afterwards arrives and is called back', async () => {
    assert.deepStrictEqual(await reportsOf(`async (dgram, report) => {
      report(await (${lose})(await (${pair})(dgram), () => {}));
      process.exit();
    }`), [{ arrived: 10, called: 10 }]);
  });

  it('what is sent afterwards arrives, though the fake one throws',
    async () => {
      assert.deepStrictEqual(await reportsOf(`async (dgram, report) => {
        const ends = await (${pair})(dgram);
        const { plain, connected, port, got, until } = ends;
        const real = process.nextTick;
        process.nextTick = () => { throw new Error('no ticks today'); };
        for (const send of [
          () => plain.send('lost?', port, '127.0.0.1', () => {}),
          () => connected.send('lost?', () => {}),
        ]) {
          try {
            send();
          } catch ({ message }) {
            report(message);
          }
        }
        process.nextTick = real;
        report(await (${lose})(ends, () => {}));
        process.exit();
      }`), ['no ticks today', 'no ticks today', { arrived: 10, called: 10 }]);
    });

  // node:dgram: one tick from the lookup to the send, one to the callback.
  it('callbacks wait for a clock that has to be moved by hand', async () => {
    assert.deepStrictEqual(await reportsOf(`async (dgram, report) => {
      const { plain, connected, port } = await (${pair})(dgram);
      const real = process.nextTick;
      const queue = [];
      process.nextTick = (callback, ...args) => {
        queue.push(() => callback(...args));
      };
      const turn = () => {
        for (const tick of queue.splice(0)) tick();
        return new Promise(setImmediate);
      };
      const called = [];
      plain.send('1', port, '127.0.0.1', () => called.push('plain'));
      connected.send('2', () => called.push('first'));
      connected.send('3', () => called.push('second'));
      for (let i = 0; i < 3; i++) {
        report([...called]);
        await turn();
      }
      report(called);
      process.nextTick = real;
      process.exit();
    }`), [
      [], ['first', 'second'], ['first', 'second', 'plain'],
      ['first', 'second', 'plain'],
    ]);
  });

  it('each callback runs where its send was made', async () => {
    assert.deepStrictEqual(await reportsOf(`async (dgram, report) => {
      const { AsyncLocalStorage } = require('node:async_hooks');
      const { plain, connected, port, until } = await (${pair})(dgram);
      const storage = new AsyncLocalStorage();
      const real = process.nextTick;
      let zone = 'root';
      const within = (name, body) => {
        const before = zone;
        zone = name;
        try {
          return body();
        } finally {
          zone = before;
        }
      };
      process.nextTick = (callback, ...args) => {
        const at = zone;
        real(() => within(at, () => callback(...args)));
      };
      const seen = [];
      const send = (name, how) => within(name, () => storage.run(name, () =>
        how(() => seen.push([name, zone, storage.getStore()].join()))));
      for (const name of ['a', 'b', 'c'])
        send(name, (done) => plain.send('x', port, '127.0.0.1', done));
      await until(() => seen.length === 3);
      for (const name of ['d', 'e', 'f'])
        send(name, (done) => connected.send('x', done));
      await until(() => seen.length === 6);
      report(seen);
      process.exit();
    }`), [['a,a,a', 'b,b,b', 'c,c,c', 'd,d,d', 'e,e,e', 'f,f,f']]);
  });

  it('the callback of a closed socket is forgotten', async () => {
    assert.deepStrictEqual(await reportsOf(`async (dgram, report) => {
      const { plain, port } = await (${pair})(dgram);
      const real = process.nextTick;
      process.nextTick = (...args) => real(...args);
      plain.send('x', port, '127.0.0.1', () => report('called'));
      plain.close();
      await new Promise(setImmediate);
      await new Promise(setImmediate);
      report('end');
      process.exit();
    }`), ['end']);
  });
});

describeNative('loaded while process.nextTick was replaced', () => {
  for (const [kind, fake] of [
    ['never runs', '() => {}'],
    ['runs later', '(callback, ...args) => setImmediate(callback, ...args)'],
  ]) {
    it(`sends: ${kind}`, async () => {
      const file = temporary('faked.js', `
        const real = process.nextTick;
        process.nextTick = ${fake};
        const dgram = require(${JSON.stringify(modulePath)});
        process.nextTick = real;
        (async () => {
          const ends = await (${pair})(dgram);
          process.nextTick = ${fake};
          ends.plain.send('faked', ends.port, '127.0.0.1');
          ends.connected.send('faked');
          ends.connected.send('faked');
          await ends.until(() => ends.got.length >= 3);
          const faked = ends.got.splice(0);
          process.nextTick = real;
          const { arrived, called } = await (${lose})(ends, ${fake});
          console.log(JSON.stringify({
            transport: typeof dgram.transport, faked, arrived, called,
          }));
          process.exit();
        })();
      `);
      const { code, reports, stderr } = await run([file]);
      assert.strictEqual(stderr, '');
      assert.deepStrictEqual(reports, [{
        transport: 'string', faked: ['faked', 'faked', 'faked'],
        arrived: 10, called: 10,
      }]);
      assert.strictEqual(code, 0);
    });
  }
});
