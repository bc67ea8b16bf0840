'use strict';

// A replaced process.nextTick(): a test's fake clock, or a library that tracks
// calls, such as zone.js.

const assert = require('node:assert');
const {
  describeNative, modulePath, reportsOf, run, temporary,
} = require('../../support/dgram');

/** In a child: `pair(dgram)` -> { plain, connected, port, got, until }. */
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

/** Sends while ticks never run, and then with the original nextTick(). */
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

describe('sends with a replaced process.nextTick()', () => {
  it('do not affect later sends', async () => {
    assert.deepStrictEqual(await reportsOf(`async (dgram, report) => {
      report(await (${lose})(await (${pair})(dgram), () => {}));
      process.exit();
    }`), [{ arrived: 10, called: 10 }]);
  });

  it('do not affect later sends if the replacement throws',
    async () => {
      assert.deepStrictEqual(await reportsOf(`async (dgram, report) => {
        const ends = await (${pair})(dgram);
        const { plain, connected, port, got, until } = ends;
        const real = process.nextTick;
        process.nextTick = () => { throw new Error('fake'); };
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
      }`), ['fake', 'fake', { arrived: 10, called: 10 }]);
    });

  // node:dgram takes one tick from lookup to send and one to the callback.
  it('have callbacks that wait for a manual clock', async () => {
    assert.deepStrictEqual(await reportsOf(`async (dgram, report) => {
      const { plain, connected, port } = await (${pair})(dgram);
      const real = process.nextTick;
      const queue = [];
      process.nextTick = (callback, ...args) => {
        queue.push(() => callback(...args));
      };
      const advance = () => {
        for (const tick of queue.splice(0)) tick();
        return new Promise(setImmediate);
      };
      const called = [];
      plain.send('1', port, '127.0.0.1', () => called.push('plain'));
      connected.send('2', () => called.push('first'));
      connected.send('3', () => called.push('second'));
      for (let i = 0; i < 3; i++) {
        report([...called]);
        await advance();
      }
      report(called);
      process.nextTick = real;
      process.exit();
    }`), [
      [], ['first', 'second'], ['first', 'second', 'plain'],
      ['first', 'second', 'plain'],
    ]);
  });

  it('call back in the zone and store of the call', async () => {
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

  it('do not call back on a closed socket', async () => {
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

describeNative('the package loaded with a replaced nextTick()', () => {
  for (const [kind, fake] of [
    ['never runs', '() => {}'],
    ['runs later', '(callback, ...args) => setImmediate(callback, ...args)'],
  ]) {
    it(`sends if the replacement ${kind}`, async () => {
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
