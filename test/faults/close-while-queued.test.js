'use strict';

// close() cancels a datagram that is queued, whatever error the kernel would
// have returned for it. Found by test/properties.

const assert = require('node:assert');

const { Remote, install } = require('./kit');

describe('close() while a datagram is queued', () => {
  install();

  for (const transport of ['uv', 'linux']) {
    it(`calls back with ECANCELED, ${transport}`, async () => {
      const peer = new Remote({
        faults: 'send:1=EAGAIN;send:2=EPERM',
        env: { DGRAM_NATIVE_TRANSPORT: transport },
      });
      const target = await peer.call('open');
      const { socket } = await peer.call('open',
        { to: { port: target.port, address: '127.0.0.1', connect: true } });
      await peer.call('sendAndClose', { socket, sizes: [10] });
      assert.deepStrictEqual(await peer.call('settled', { socket, count: 1 }),
        [[0, 'ECANCELED']]);
      await peer.end();
    });
  }
});
