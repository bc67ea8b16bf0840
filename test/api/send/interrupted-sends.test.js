'use strict';

// A send() that is interrupted by V8's termination or by a stack overflow.
// Later sends must not be affected. See also test/robustness/.

const assert = require('node:assert');
const { reportsOf } = require('../../support/dgram');

/** Run in a child: later sends of each kind, their arrivals and callbacks. */
const later = `async (dgram, { plain, connected, port, got }) => {
  let called = 0;
  got.clear();
  for (let i = 0; i < 5; i++) {
    plain.send('plain ' + i, port, '127.0.0.1', () => called++);
    connected.send('first ' + i, () => called++);
    connected.send('second ' + i, () => called++);
    await new Promise(setImmediate);
  }
  const texts = [];
  for (const kind of ['plain', 'first', 'second'])
    for (let i = 0; i < 5; i++) texts.push(kind + ' ' + i);
  const missing = () => texts.filter((text) => !got.has(text));
  for (let i = 0; i < 2000 && (missing().length > 0 || called < 15); i++)
    await new Promise((resolve) => setTimeout(resolve, 1));
  return { missing: missing(), called };
}`;

const createSockets = `async (dgram) => {
  const got = new Set();
  const receiver = dgram.createSocket('udp4', (msg) => got.add(String(msg)));
  const plain = dgram.createSocket('udp4');
  const connected = dgram.createSocket('udp4');
  // Destination of the floods, which would fill the receiver's buffer.
  const drain = dgram.createSocket('udp4');
  const flood = dgram.createSocket('udp4');
  for (const socket of [receiver, drain, plain, connected, flood])
    await new Promise((resolve) => socket.bind(0, '127.0.0.1', resolve));
  const { port } = receiver.address();
  const sink = drain.address().port;
  await new Promise((resolve) =>
    connected.connect(port, '127.0.0.1', resolve));
  await new Promise((resolve) => flood.connect(sink, '127.0.0.1', resolve));
  return { plain, connected, flood, port, sink, got };
}`;

const complete = { missing: [], called: 15 };

describe('an interrupted socket.send()', () => {
  it('does not affect later sends after a script timeout', async () => {
    assert.deepStrictEqual(await reportsOf(`async (dgram, report) => {
      const vm = require('node:vm');
      const all = await (${createSockets})(dgram);
      const { plain, flood, sink } = all;
      const context = vm.createContext({
        send() {
          plain.send('x', sink, '127.0.0.1', () => {});
          flood.send('y', () => {});
        },
      });
      const script = new vm.Script('for (;;) send()');
      const codes = new Set();
      for (let i = 0; i < 150; i++) {
        try {
          script.runInContext(context, { timeout: 2 });
        } catch ({ code }) {
          codes.add(code);
        }
        await new Promise(setImmediate);
      }
      report(codes.has('ERR_SCRIPT_EXECUTION_TIMEOUT'));
      report(await (${later})(dgram, all));
      process.exit();
    }`), [true, complete]);
  });

  it('does not affect later sends after a stack overflow', async () => {
    assert.deepStrictEqual(await reportsOf(`async (dgram, report) => {
      const all = await (${createSockets})(dgram);
      const { plain, flood, sink } = all;
      let tries = 0;
      const recurse = () => {
        try {
          recurse();
        } catch (error) {
          // The deepest frames have hardly any stack left for the send.
          if (tries-- > 0) {
            try {
              plain.send('x', sink, '127.0.0.1');
              flood.send('y');
            } catch {}
          }
          throw error;
        }
      };
      const pad = (n) => (n ? pad(n - 1) : recurse());
      let overflows = 0;
      for (let i = 0; i < 40; i++) {
        tries = 100;
        try {
          pad(i);
        } catch ({ name }) {
          overflows += name === 'RangeError';
        }
        await new Promise(setImmediate);
      }
      report(overflows);
      report(await (${later})(dgram, all));
      process.exit();
    }`), [40, complete]);
  });
});
