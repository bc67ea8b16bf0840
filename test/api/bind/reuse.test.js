'use strict';

// The options reuseAddr and reusePort: several sockets on one port.

const assert = require('node:assert');
const {
  bound, describeSince, isLinux, once, open, receiveText, send,
} = require('../../support/dgram');

describe('the option reuseAddr', () => {
  it('allows two sockets on one port', async () => {
    const a = await bound({ type: 'udp4', reuseAddr: true });
    const b = await bound({ type: 'udp4', reuseAddr: true },
      a.address().port);
    assert.deepStrictEqual(a.address(), b.address());
  });

  it('is required on both sockets', async () => {
    for (const [first, second] of [[true, false], [false, true]]) {
      const a = await bound({ type: 'udp4', reuseAddr: first });
      const b = open({ type: 'udp4', reuseAddr: second });
      b.bind(a.address().port, '127.0.0.1');
      assert.strictEqual((await once(b, 'error'))[0].code, 'EADDRINUSE');
    }
  });

  (isLinux ? it : it.skip)('delivers to the socket bound last while it is open',
    async () => {
      const a = await bound({ type: 'udp4', reuseAddr: true });
      const { port } = a.address();
      const b = await bound({ type: 'udp4', reuseAddr: true }, port);
      const sender = await bound();
      const toB = receiveText(b, 1);
      await send(sender, 'b', port, '127.0.0.1');
      assert.deepStrictEqual(await toB, ['b']);
      const closed = once(b, 'close');
      b.close();
      await closed;
      const toA = receiveText(a, 1);
      await send(sender, 'a', port, '127.0.0.1');
      assert.deepStrictEqual(await toA, ['a']);
    });
});

const describeReusePort = isLinux ? describeSince : describe.skip;

describeReusePort('22.12.0', 'the option reusePort', () => {
  it('distributes messages over the sockets of a port', async () => {
    const sockets = [await bound({ type: 'udp4', reusePort: true })];
    const { port } = sockets[0].address();
    for (let i = 0; i < 3; i++)
      sockets.push(await bound({ type: 'udp4', reusePort: true }, port));
    const counts = sockets.map(() => 0);
    const all = new Promise((resolve) => {
      let left = 100;
      for (const [i, socket] of sockets.entries()) {
        socket.on('message', () => {
          counts[i]++;
          if (--left === 0)
            resolve();
        });
      }
    });
    // The kernel selects the socket by the sender's address.
    for (let i = 0; i < 100; i++)
      await send(await bound(), `${i}`, port, '127.0.0.1');
    await all;
    assert.ok(counts.filter((count) => count > 0).length >= 2,
      `messages per socket: ${counts.join()}`);
  });

  it('is required on both sockets', async () => {
    const a = await bound({ type: 'udp4', reusePort: true });
    const b = open('udp4');
    b.bind(a.address().port, '127.0.0.1');
    assert.strictEqual((await once(b, 'error'))[0].code, 'EADDRINUSE');
  });

  it('supports IPv6', async () => {
    const a = await bound({ type: 'udp6', reusePort: true });
    const b = await bound({ type: 'udp6', reusePort: true },
      a.address().port);
    assert.deepStrictEqual(a.address(), b.address());
  });
});
