'use strict';

// A sandbox that allows only sendmsg() and recvmsg(). A program that runs there
// with node:dgram also runs with dgram-native.

const assert = require('node:assert');
const path = require('node:path');

const { Peer, Remote, arriving, install, sizesOf } = require('./kit');
const { compileLibrary } = require('../support/compile');
const { scaled } = require('../support/time');

const AT = '127.0.0.1';

describe('a sandbox without sendmmsg and recvmmsg', function() {
  this.timeout(scaled(30000));
  install();

  let here;

  before(() => {
    here = new Peer('builtin');
  });

  after(() => here.end());

  function sandboxed(error) {
    // Only this library: faults.c turns every call into the batched one.
    return new Remote({
      env: {
        LD_PRELOAD: compileLibrary(path.join(__dirname, 'sandbox.c')),
        DGRAM_SANDBOX: error,
      },
    });
  }

  for (const error of ['EPERM', 'ENOSYS']) {
    it(`sends each datagram once, in order (${error})`, async () => {
      const peer = await here.open({});
      const remote = sandboxed(error);
      const to = { port: peer.port, address: AT };
      const { socket } = await remote.call('open', { to });
      const sizes = sizesOf('1 2 3 20x600 4');
      await remote.call('burst', { socket, sizes });
      const outcomes =
        await remote.call('settled', { socket, count: sizes.length });
      assert.deepStrictEqual(outcomes, sizes.map((size, i) => [i, size]));
      const { received } =
        await here.received({ ...peer, count: sizes.length });
      assert.deepStrictEqual(received, arriving(sizes, outcomes));
      await remote.end();
    });

    it(`receives each datagram once, in order (${error})`, async () => {
      const remote = sandboxed(error);
      const target = await remote.call('open', {});
      const to = { port: target.port, address: AT };
      const { socket } = await here.open({ to });
      const sizes = sizesOf('1 2 3 20x600 4');
      await here.burst({ socket, sizes });
      const outcomes = await here.settled({ socket, count: sizes.length });
      const { received, errors } =
        await remote.call('received', { ...target, count: sizes.length });
      assert.deepStrictEqual(received, arriving(sizes, outcomes));
      assert.deepStrictEqual(errors ?? [], []);
      await remote.end();
    });
  }
});
