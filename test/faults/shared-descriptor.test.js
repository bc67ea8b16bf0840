'use strict';

// A descriptor that other processes may read, while GRO buffers may be in its
// queue. UDP_GRO is then disabled, and the kernel no longer reports segment
// sizes: a GRO buffer was emitted as one datagram. Found by test/properties.

const assert = require('node:assert');

const {
  Remote, UDP_GRO, digests, install, sizesOf,
} = require('./kit');

describe('a descriptor shared with GRO buffers in its queue', () => {
  install();

  const warmUp = sizesOf('1 2 1 2 1 2 1 2 1 2 1 2');
  const sizes = sizesOf('10x100 3x40 0 7 20x500 1');

  async function open() {
    const peer = new Remote({ env: { DGRAM_NATIVE_TRANSPORT: 'linux' } });
    const target = await peer.call('open', { roomy: true });
    const { socket } = await peer.call('open',
      { to: { port: target.port, address: '127.0.0.1' } });
    // GRO is enabled by the first batch of several datagrams.
    await peer.call('burst', { socket, sizes: warmUp });
    await peer.call('received', { ...target, count: warmUp.length });
    return { peer, target, socket };
  }

  it('delivers the datagrams that were sent, in order', async () => {
    const { peer, target, socket } = await open();
    await peer.call('burstThenShare',
      { socket, sizes, receiver: target.socket });
    const { received, errors } =
      await peer.call('received', { ...target, count: sizes.length });
    assert.deepStrictEqual(received, digests(sizes));
    assert.deepStrictEqual(errors, []);
    // A shorter datagram ends a GRO buffer.
    assert.deepStrictEqual(peer.groBuffers(),
      [[1040, 100], [80, 40], [10001, 500]]);

    // GRO is off from then on.
    await peer.call('burst', { socket, sizes, first: 100 });
    const later =
      await peer.call('received', { ...target, count: sizes.length });
    assert.deepStrictEqual(later.received, digests(sizes, 100));
    assert.strictEqual(peer.groBuffers().length, 3);
    await peer.end();
  });

  it('stops using GRO when its number is read', async () => {
    const { peer, target, socket } = await open();
    assert.ok((await peer.call('descriptor', target)) > 2);
    await peer.call('burst', { socket, sizes, first: 100 });
    const { received } =
      await peer.call('received', { ...target, count: sizes.length });
    assert.deepStrictEqual(received, digests(sizes, 100));
    assert.deepStrictEqual(peer.groBuffers(), []);
    assert.deepStrictEqual(peer.options(UDP_GRO).at(-1), 0);
    await peer.end();
  });

  it('never uses GRO when its number is read first', async () => {
    const peer = new Remote({ env: { DGRAM_NATIVE_TRANSPORT: 'linux' } });
    const target = await peer.call('open', { roomy: true });
    const { socket } = await peer.call('open',
      { to: { port: target.port, address: '127.0.0.1' } });
    await peer.call('descriptor', target);
    for (const first of [0, warmUp.length]) {
      await peer.call('burst', { socket, sizes: warmUp, first });
      await peer.call('received', { ...target, count: warmUp.length });
    }
    assert.deepStrictEqual(peer.options(UDP_GRO), [0]);
    await peer.end();
  });

  it('is released when the socket is closed immediately', async () => {
    const { peer, target, socket } = await open();
    await peer.call('burstThenShare',
      { socket, sizes, receiver: target.socket });
    await peer.call('close', target);
    await peer.end();
  });
});
