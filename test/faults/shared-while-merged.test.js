'use strict';

// A descriptor that is sent to another process while merged runs wait in it.
// UDP_GRO is switched off then, and with it the kernel stops telling where a
// run is to be cut: it came as one datagram. Found by test/properties.

const assert = require('node:assert');

const { Remote, digests, install, sizesOf } = require('./kit');

describe('shared while merged runs wait', () => {
  install();

  const warmUp = sizesOf('1 2 1 2 1 2 1 2 1 2 1 2');
  const sizes = sizesOf('10x100 3x40 0 7 20x500 1');

  async function open() {
    const peer = new Remote({ env: { DGRAM_NATIVE_TRANSPORT: 'linux' } });
    const target = await peer.call('open', { roomy: true });
    const { socket } = await peer.call('open',
      { to: { port: target.port, address: '127.0.0.1' } });
    // Merged receives begin with the first batch of several datagrams.
    await peer.call('burst', { socket, sizes: warmUp });
    await peer.call('received', { ...target, count: warmUp.length });
    return { peer, target, socket };
  }

  it('comes as the datagrams that were sent, in order', async () => {
    const { peer, target, socket } = await open();
    await peer.call('burstThenShare',
      { socket, sizes, receiver: target.socket });
    const { received, errors } =
      await peer.call('received', { ...target, count: sizes.length });
    assert.deepStrictEqual(received, digests(sizes));
    assert.deepStrictEqual(errors, []);
    // A shorter one ends a run.
    assert.deepStrictEqual(peer.merged(),
      [[1040, 100], [80, 40], [10001, 500]]);

    // Nothing is merged from then on.
    await peer.call('burst', { socket, sizes, first: 100 });
    const later =
      await peer.call('received', { ...target, count: sizes.length });
    assert.deepStrictEqual(later.received, digests(sizes, 100));
    assert.strictEqual(peer.merged().length, 3);
    await peer.end();
  });

  it('is forgotten when the socket is closed at once', async () => {
    const { peer, target, socket } = await open();
    await peer.call('burstThenShare',
      { socket, sizes, receiver: target.socket });
    await peer.call('close', target);
    await peer.end();
  });
});
