'use strict';

// A datagram that had to wait, that the kernel then refused, and whose socket
// was closed before the program could hear of it: what failed it was the
// kernel, not close(). Found by test/properties.

const assert = require('node:assert');

const { Remote, install } = require('./kit');

describe('refused, then closed', () => {
  install();

  for (const [transport, expected] of [
    ['uv', 'EPERM'], // libuv asks again at once
    ['linux', 'ECANCELED'], // it still waits
  ]) {
    it(`${transport}: the callback is told ${expected}`, async () => {
      const peer = new Remote({
        faults: 'send:1=EAGAIN;send:2=EPERM',
        env: { DGRAM_NATIVE_TRANSPORT: transport },
      });
      const target = await peer.call('open');
      const { socket } = await peer.call('open',
        { to: { port: target.port, address: '127.0.0.1', connect: true } });
      await peer.call('sendAndClose', { socket, sizes: [10] });
      assert.deepStrictEqual(await peer.call('settled', { socket, count: 1 }),
        [[0, expected]]);
      await peer.end();
    });
  }
});
