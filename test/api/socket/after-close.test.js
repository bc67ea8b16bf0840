'use strict';

// Method calls on a closed socket. The error depends on what each method
// checks first.

const assert = require('node:assert');
const {
  bound, isNative, itSince, nodeAtLeast, once, open, throwsCode,
} = require('../../support/dgram');

const throwsNull = (method) => (body) => assert.throws(body, {
  name: 'TypeError',
  message: `Cannot read properties of null (reading '${method}')`,
});
const notRunning = (body) => throwsCode(body,
  Error, 'ERR_SOCKET_DGRAM_NOT_RUNNING', 'Not running');
const hasQueueInfo = isNative || nodeAtLeast('18.8.0');

const CALLS = [
  ['address', [], notRunning],
  ['remoteAddress', [], notRunning],
  ['bind', [0], notRunning],
  ['close', [], notRunning],
  ['send', ['x', 1234, '127.0.0.1'], notRunning],
  ['send', ['x', 0, 1, 1234, '127.0.0.1'], notRunning],
  ['sendto', [Buffer.from('x'), 0, 1, 1234, '127.0.0.1'], notRunning],
  ['addMembership', ['224.0.0.114'], notRunning],
  ['addMembership', [], notRunning],
  ['dropMembership', ['224.0.0.114'], notRunning],
  ['addSourceSpecificMembership', ['127.0.0.1', '232.1.1.1'], notRunning],
  ['dropSourceSpecificMembership', ['127.0.0.1', '232.1.1.1'], notRunning],
  ['setMulticastInterface', ['127.0.0.1'], notRunning],
  ['setMulticastInterface', [], notRunning],
  ['setBroadcast', [true], throwsNull('setBroadcast')],
  ['setTTL', [1], throwsNull('setTTL')],
  ['setMulticastTTL', [1], throwsNull('setMulticastTTL')],
  ['setMulticastLoopback', [1], throwsNull('setMulticastLoopback')],
  ['setRecvBufferSize', [1000], throwsNull('bufferSize')],
  ['setSendBufferSize', [1000], throwsNull('bufferSize')],
  ['getRecvBufferSize', [], throwsNull('bufferSize')],
  ['getSendBufferSize', [], throwsNull('bufferSize')],
];

describe('a closed socket', () => {
  for (const [state, make] of [
    ['never bound', async () => open('udp4')],
    ['bound', () => bound()],
  ]) {
    describe(`that was ${state}`, () => {
      for (const [method, args, fails] of CALLS) {
        it(`throws in ${method}(${args.join()})`, async () => {
          const socket = await make();
          socket.close();
          fails(() => socket[method](...args));
          await once(socket, 'close');
          fails(() => socket[method](...args));
        });
      }

      if (hasQueueInfo) {
        it('throws in getSendQueueSize() and getSendQueueCount()', async () => {
          const socket = await make();
          socket.close();
          throwsNull('getSendQueueSize')(() => socket.getSendQueueSize());
          throwsNull('getSendQueueCount')(() => socket.getSendQueueCount());
        });
      }

      it('allows ref() and unref()', async () => {
        const socket = await make();
        socket.close();
        assert.strictEqual(socket.ref(), socket);
        assert.strictEqual(socket.unref(), socket);
      });

      it('validates arguments that are checked before the handle', async () => {
        const socket = await make();
        socket.close();
        throwsCode(() => socket.setTTL('x'), TypeError, 'ERR_INVALID_ARG_TYPE',
          'The "ttl" argument must be of type number. ' +
          'Received type string (\'x\')');
        throwsCode(() => socket.send('x', 0), RangeError,
          'ERR_SOCKET_BAD_PORT',
          'Port should be > 0 and < 65536. Received type number (0).');
        throwsCode(() => socket.setRecvBufferSize('x'), TypeError,
          'ERR_SOCKET_BAD_BUFFER_SIZE',
          'Buffer size must be a positive integer');
        throwsCode(() => socket.connect(0), RangeError, 'ERR_SOCKET_BAD_PORT',
          'Port should be > 0 and < 65536. Received type number (0).');
      });

      itSince(['24.19.0', '26.4.0'], 'throws in bindSync() and connectSync()',
        async () => {
          const socket = await make();
          socket.close();
          notRunning(() => socket.bindSync());
          notRunning(() => socket.connectSync(1234));
        });
    });
  }

  it('rejects send() and connect() if it was connected', async () => {
    const socket = open('udp4');
    socket.connect(1234);
    await once(socket, 'connect');
    socket.close();
    throwsCode(() => socket.connect(1235),
      Error, 'ERR_SOCKET_DGRAM_IS_CONNECTED', 'Already connected');
    notRunning(() => socket.send('x'));
    assert.throws(() => socket.disconnect(), {
      name: 'TypeError',
      message: 'Cannot read properties of null (reading \'disconnect\')',
    });
  });
});
