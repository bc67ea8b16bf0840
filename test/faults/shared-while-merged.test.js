'use strict';

// A descriptor that others get to know, perhaps while merged runs wait in it.
// UDP_GRO is switched off then, and with it the kernel stops telling where a
// run is to be cut: it came as one datagram. Found by test/properties.

const assert = require('node:assert');

const {
  Remote, UDP_GRO, digests, install, sizesOf,
} = require('./kit');

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

  it('is not merged any more once its number was asked for', async () => {
    const { peer, target, socket } = await open();
    assert.ok((await peer.call('descriptor', target)) > 2);
    await peer.call('burst', { socket, sizes, first: 100 });
    const { received } =
      await peer.call('received', { ...target, count: sizes.length });
    assert.deepStrictEqual(received, digests(sizes, 100));
    assert.deepStrictEqual(peer.merged(), []);
    assert.deepStrictEqual(peer.options(UDP_GRO).at(-1), 0);
    await peer.end();
  });

  it('is never merged when its number was asked for first', async () => {
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

  it('is forgotten when the socket is closed at once', async () => {
    const { peer, target, socket } = await open();
    await peer.call('burstThenShare',
      { socket, sizes, receiver: target.socket });
    await peer.call('close', target);
    await peer.end();
  });
});
