'use strict';

// setTypeOfService() and getTypeOfService(): arguments and errors as those of
// net.Socket in Node 24.21, values as the kernel has them.

const assert = require('node:assert');
const {
  bound, close, connectedTo, describeNative, dgram, isLinux, open, packed,
  receive, stateOf, throwsCode, throwsSystemError,
} = require('../../support/dgram');
const { readOptions } = require('../../support/sockopt');

const NOT_RUNNING = [Error, 'ERR_SOCKET_DGRAM_NOT_RUNNING', 'Not running'];

const fdOf = (socket) => packed.binding().descriptor(stateOf(socket).handle);

(isLinux ? describeNative : describe.skip)('the type of service', () => {
  it('is set and read', async () => {
    for (const type of ['udp4', 'udp6']) {
      const socket = await bound(type);
      assert.strictEqual(socket.getTypeOfService(), 0);
      for (const tos of [0xb8, 255, 1, 0]) {
        assert.strictEqual(socket.setTypeOfService(tos), socket);
        assert.strictEqual(socket.getTypeOfService(), tos);
      }
    }
  });

  it('is that of both families of a udp6 socket', async () => {
    const four = await bound();
    four.setTypeOfService(0x28);
    assert.deepStrictEqual(readOptions(fdOf(four), 'IP_TOS'),
      { IP_TOS: 0x28 });
    const six = await bound('udp6');
    six.setTypeOfService(0x28);
    assert.deepStrictEqual(readOptions(fdOf(six), 'IP_TOS', 'IPV6_TCLASS'),
      { IP_TOS: 0x28, IPV6_TCLASS: 0x28 });
    const only = await bound({ type: 'udp6', ipv6Only: true });
    only.setTypeOfService(3);
    assert.strictEqual(only.getTypeOfService(), 3);
  });

  it('is validated as by net.Socket', async () => {
    const type = (received) => [TypeError, 'ERR_INVALID_ARG_TYPE',
      `The "tos" argument must be of type number. Received ${received}`];
    const range = (wanted, received) => [RangeError, 'ERR_OUT_OF_RANGE',
      `The value of "tos" is out of range. It must be ${wanted}. ` +
      `Received ${received}`];
    const socket = await bound();
    for (const [tos, expected] of [
      [undefined, type('undefined')],
      ['1', type("type string ('1')")],
      [1n, type('type bigint (1n)')],
      [NaN, type('type number (NaN)')],
      [1.5, range('an integer', '1.5')],
      [Infinity, range('an integer', 'Infinity')],
      [-1, range('>= 0 && <= 255', '-1')],
      [256, range('>= 0 && <= 255', '256')],
    ]) {
      throwsCode(() => socket.setTypeOfService(tos), ...expected);
    }
    assert.strictEqual(socket.getTypeOfService(), 0);
  });

  it('throws on an unbound and on a closed socket', async () => {
    const socket = open('udp4');
    throwsSystemError(() => socket.setTypeOfService(4), 'EBADF',
      'setTypeOfService');
    throwsSystemError(() => socket.getTypeOfService(), 'EBADF',
      'getTypeOfService');
    await close(socket);
    throwsCode(() => socket.setTypeOfService(4), ...NOT_RUNNING);
    throwsCode(() => socket.getTypeOfService(), ...NOT_RUNNING);
  });

  it('applies to later datagrams of a connected socket only', async () => {
    const peer = await bound();
    const socket = await connectedTo(peer);
    const messages = receive(peer, 3);
    // Nothing is lost or sent twice when the pending ones leave first.
    socket.send('1');
    socket.send('2');
    socket.setTypeOfService(8);
    socket.send('3');
    assert.deepStrictEqual((await messages).map(({ msg }) => String(msg)),
      ['1', '2', '3']);
  });

  it('is a feature', () => {
    assert.strictEqual(dgram.features.typeOfService, true);
  });
});
