'use strict';

// Under emulation (qemu-user) sendmmsg() and recvmmsg() work, but report EFAULT
// instead of EBADF when they are probed without a message. Batches are used.

const assert = require('node:assert');

const { Peer, Remote, arriving, install, sizesOf } = require('./kit');
const { scaled } = require('../support/time');

const AT = '127.0.0.1';

describe('system calls whose probe fails with EFAULT', function() {
  this.timeout(scaled(30000));
  install();

  let here;

  before(() => { here = new Peer('builtin'); });

  after(() => here.end());

  const start = () => new Remote({ env: { DGRAM_NATIVE_TRANSPORT: 'linux' } });

  it('are used to send batches', async () => {
    const peer = await here.open({});
    const remote = start();
    const { socket } =
      await remote.call('open', { to: { port: peer.port, address: AT } });
    const sizes = sizesOf('1 2 3 4 5');
    await remote.call('burst', { socket, sizes });
    const outcomes =
      await remote.call('settled', { socket, count: sizes.length });
    assert.deepStrictEqual(
      remote.sends().map(({ call, messages }) => [call, messages.length]),
      [['sendmmsg', 5]]);
    const { received } = await here.received({ ...peer, count: sizes.length });
    assert.deepStrictEqual(received, arriving(sizes, outcomes));
    await remote.end();
  });

  it('are used to receive batches', async () => {
    const remote = start();
    const target = await remote.call('open', {});
    const { socket } =
      await here.open({ to: { port: target.port, address: AT } });
    await here.burst({ socket, sizes: sizesOf('1 2 3') });
    await remote.call('received', { ...target, count: 3 });
    assert.ok(remote.seen('recvmmsg').length > 0);
    await remote.end();
  });
});
