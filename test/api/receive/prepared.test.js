'use strict';

// What the first batch of a thread needs is created when a socket with
// listeners is bound, and only then.

const assert = require('node:assert');
const {
  describeNative, packed, run, temporary,
} = require('../../support/dgram');

/** Start of the programs. `addon.inbox` may be replaced. */
const PRELUDE = `'use strict';
const report = (value) => console.log(JSON.stringify(value));
let addon;
let inbox;
const { dlopen } = process;
process.dlopen = (module, file) => {
  dlopen(module, file);
  ({ inbox } = module.exports);
  addon = module.exports = Object.create(
    module.exports, { inbox: { value: inbox, writable: true } });
};
const dgram = require(${JSON.stringify(packed.main)});
`;

async function reportsOf(text) {
  const { code, reports, stderr } =
    await run([temporary('prepared.js', PRELUDE + text)]);
  assert.deepStrictEqual({ code, stderr }, { code: 0, stderr: '' });
  return reports;
}

describeNative('the receive memory', () => {
  it('is prepared by the first socket that has listeners', async () => {
    assert.deepStrictEqual(await reportsOf(`
      let calls = 0;
      addon.inbox = (name) => {
        calls++;
        return inbox(name);
      };
      const sockets = [];
      function bound(event) {
        const socket = dgram.createSocket('udp4');
        if (event) socket.on(event, () => {});
        socket.bindSync({ port: 0, address: '127.0.0.1' });
        sockets.push(socket);
        return socket;
      }
      bound();
      report(calls);
      const receiver = bound('message');
      report(calls);
      bound('batch');
      report(calls);
      receiver.on('message', (message) => {
        // Once more, to learn which memory it is.
        report([String(message), calls]);
        for (const socket of sockets) socket.close();
      });
      sockets[0].send('first', receiver.address().port, '127.0.0.1');
    `), [0, 1, 1, ['first', 2]]);
  });

  it('is created by the first batch if that failed', async () => {
    assert.deepStrictEqual(await reportsOf(`
      addon.inbox = () => {
        addon.inbox = inbox;
        throw new RangeError('injected');
      };
      const socket = dgram.createSocket('udp4');
      socket.on('message', (message) => {
        report(String(message));
        socket.close();
      });
      socket.bind(0, '127.0.0.1', () => {
        report(addon.inbox === inbox);
        socket.send('first', socket.address().port, '127.0.0.1');
      });
    `), [true, 'first']);
  });

  it('is not prepared for a handle that is only an object', async () => {
    assert.deepStrictEqual(await reportsOf(`
      let calls = 0;
      addon.inbox = (name) => {
        calls++;
        return inbox(name);
      };
      const socket = dgram.createSocket('udp4');
      socket.on('message', () => {});
      socket.on('listening', () => report('listening'));
      socket.bind({
        recvStart: () => 0, recvStop: () => 0, close() {}, bind: () => 0,
      });
      report(calls);
    `), ['listening', 0]);
  });
});
