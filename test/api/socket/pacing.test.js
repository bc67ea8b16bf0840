'use strict';

// Pacing: the option `txtime`, the setting `sendTime` and setPacingRate(). How
// the fq queueing discipline reads them: test/network/pacing.test.js.

const assert = require('node:assert');
const {
  bound, close, connectedTo, describeNative, dgram, hasIPv6, once, open,
  receiveText, send, throwsCode, throwsSystemError,
} = require('../../support/dgram');

const { features } = dgram;

const MAX = 2n ** 63n - 1n;

const soon = () => process.hrtime.bigint() + 1_000_000n;

/** A send with settings, as a promise. */
const sendWith = (socket, msg, target) => new Promise((resolve, reject) =>
  socket.send(msg, target, (error, bytes) =>
    error ? reject(error) : resolve(bytes)));

const UNAVAILABLE = { code: 'ERR_FEATURE_UNAVAILABLE_ON_PLATFORM' };

describeNative('the option txtime and the setting sendTime', () => {
  const timed = { type: 'udp4', txtime: 'monotonic' };

  it('are unavailable where the process does not have them', async function() {
    if (features.txtime) this.skip();
    assert.throws(() => dgram.createSocket(timed), UNAVAILABLE);
    const socket = await bound();
    assert.throws(() => socket.send('x', { port: 9, sendTime: 1n }),
      UNAVAILABLE);
  });

  it('rejects other values', async () => {
    throwsCode(() => dgram.createSocket({ type: 'udp4', txtime: 5 }), TypeError,
      'ERR_INVALID_ARG_TYPE', 'The "options.txtime" property must be of type ' +
      'string. Received type number (5)');
    for (const value of ['realtime', '', '__proto__', 'toString']) {
      throwsCode(() => dgram.createSocket({ type: 'udp4', txtime: value }),
        TypeError, 'ERR_INVALID_ARG_VALUE', "The property 'options.txtime' " +
        `must be one of: 'monotonic', 'tai'. Received '${value}'`);
    }
    const socket = await bound();
    for (const value of [5, '5', null, true]) {
      assert.throws(() => socket.send('x', { port: 9, sendTime: value }),
        { code: 'ERR_INVALID_ARG_TYPE',
          message: /^The "options\.sendTime" property must be of type bigint/ });
      assert.throws(() => socket.sendMany(['x', 9, ''], { sendTime: [value] }),
        { code: 'ERR_INVALID_ARG_TYPE', message: /settings\.sendTime\[0\]/ });
    }
    for (const value of [-1n, MAX + 1n]) {
      throwsCode(() => socket.send('x', { port: 9, sendTime: value }),
        RangeError, 'ERR_OUT_OF_RANGE', 'The value of "options.sendTime" is ' +
        `out of range. It must be >= 0n && < 2n ** 63n. Received ${value}n`);
    }
  });

  describe('with the transport linux', () => {
    before(function() {
      if (!features.txtime) this.skip();
    });

    // lo has no queueing discipline: the kernel checks the control message and
    // sends at once.
    it('are accepted by the kernel together only', async () => {
      const peer = await bound();
      const { port } = peer.address();
      const texts = receiveText(peer, 4);
      const socket = await bound(timed);
      assert.strictEqual(
        await sendWith(socket, '1', { port, sendTime: soon() }), 1);
      await sendWith(socket, '2', { port, sendTime: 0n });
      await sendWith(socket, '3',
        { port, sendTime: soon(), tos: 4, ttl: 9, localAddress: '127.0.0.1' });
      const untimed = await bound();
      await assert.rejects(
        sendWith(untimed, 'x', { port, sendTime: soon() }),
        { message: `send EINVAL undefined:${port}` });
      await sendWith(untimed, '4', { port, sendTime: 0n });
      assert.deepStrictEqual(await texts, ['1', '2', '3', '4']);
    });

    it('are accepted for IPv6 and for both families', async function() {
      if (!hasIPv6) this.skip();
      const peers = { 4: await bound(), 6: await bound('udp6') };
      for (const [type, n] of [['udp6', 6], ['udp', 4], ['udp', 6]]) {
        const { address, port } = peers[n].address();
        const texts = receiveText(peers[n], 1);
        await sendWith(await bound({ ...timed, type }, 0, '::'), 'x',
                       { port, address, sendTime: soon() });
        assert.deepStrictEqual(await texts, ['x']);
      }
    });

    it('are sent by sendMany(), connected sockets and unbound ones',
      async () => {
        const peer = await bound();
        const { port } = peer.address();
        const texts = receiveText(peer, 7);
        const socket = open(timed);
        await sendWith(socket, '1', { port, sendTime: soon() });
        const at = soon();
        socket.sendMany(['2', port, '', '3', port, ''],
          { sendTime: BigInt64Array.of(at, at) });
        socket.sendMany(['4', port, ''], { sendTime: at });
        socket.sendMany(['5', { port, sendTime: at }]);
        const connected = await connectedTo(peer, timed);
        await sendWith(connected, '6', { sendTime: soon() });
        connected.sendMany(['7', { sendTime: soon() }]);
        assert.deepStrictEqual((await texts).sort(),
          ['1', '2', '3', '4', '5', '6', '7']);
      });

    it('form a GSO send only with the same time', async function() {
      const peer = await bound();
      const { port } = peer.address();
      const socket = await connectedTo(peer, timed);
      const bytes = Buffer.alloc(1000);
      const sendTogether = async (times) => {
        const before = socket.stats();
        const texts = receiveText(peer, times.length);
        socket.sendMany(times.flatMap((sendTime) => [bytes, { sendTime }]));
        await texts;
        return socket.stats().segmentedRuns - before.segmentedRuns;
      };
      const at = soon();
      const runs = await sendTogether(new Array(8).fill(at));
      if (runs === 0) this.skip(); // this kernel has no GSO
      assert.strictEqual(runs, 1);
      assert.strictEqual(await sendTogether([at, at, at, at, at + 1n, at + 1n]),
        2);
      assert.strictEqual(await sendTogether([at, at + 1n, at, at + 1n]), 0);
      assert.ok(port > 0);
    });

    it('have more times than the table of settings has slots', async () => {
      const peer = await bound();
      peer.setRecvBufferSize(8 << 20);
      const { port } = peer.address();
      const socket = await bound(timed);
      const first = soon();
      let sent = 0;
      for (let i = 0; i < 9000; i += 100) {
        const texts = receiveText(peer, 100);
        socket.sendMany(Array.from({ length: 100 }, (_, k) =>
          ['x', { port, sendTime: first + BigInt(i + k) }]).flat(),
          (error, count) => { sent += error ? 0 : count; });
        await texts;
      }
      assert.strictEqual(sent, 9000);
    });

    it('require CAP_NET_ADMIN for the clock tai', async () => {
      const socket = open({ type: 'udp4', txtime: 'tai' });
      socket.bind();
      const outcome = await Promise.race([
        once(socket, 'listening'),
        new Promise((resolve) => socket.once('error', resolve)),
      ]);
      if (!Array.isArray(outcome)) {
        assert.strictEqual(outcome.message, 'setsockopt EPERM');
        assert.strictEqual(outcome.option, 'txtime');
        return;
      }
      // As root. The kernel's time is not that of this clock.
      assert.strictEqual(await send(socket, 'x', 9, '127.0.0.1'), 1);
    });
  });
});

describeNative('setPacingRate()', () => {
  it('is unavailable where the process does not have it', async function() {
    if (features.pacingRate) this.skip();
    const socket = await bound();
    assert.throws(() => socket.setPacingRate(1000), UNAVAILABLE);
  });

  it('sets the rate, checks it, and returns the socket', async function() {
    if (!features.pacingRate) this.skip();
    const socket = await bound();
    for (const rate of [1, 125_000, 2 ** 32 - 1, 2 ** 32, 2 ** 40,
      Number.MAX_SAFE_INTEGER, Infinity])
      assert.strictEqual(socket.setPacingRate(rate), socket);
    throwsCode(() => socket.setPacingRate('5'), TypeError,
      'ERR_INVALID_ARG_TYPE', 'The "bytesPerSecond" argument must be of type ' +
      "number. Received type string ('5')");
    for (const rate of [0, -1, 1.5, NaN, -Infinity, 2 ** 53]) {
      assert.throws(() => socket.setPacingRate(rate),
        { code: 'ERR_OUT_OF_RANGE',
          message: /^The value of "bytesPerSecond" is out of range\. It must / });
    }
    throwsSystemError(() => open('udp4').setPacingRate(5), 'EBADF',
      'setPacingRate');
    await close(socket);
    assert.throws(() => socket.setPacingRate(5),
      { code: 'ERR_SOCKET_DGRAM_NOT_RUNNING' });
  });
});
