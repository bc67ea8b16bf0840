'use strict';

// Port conversion of bind(): ToUint32, then the low 16 bits, no validation.

const assert = require('node:assert');
const { isLinux, once, open, ownAddress } = require('../../support/dgram');

async function portOf(port, form) {
  const socket = open('udp4');
  if (form === 'object')
    socket.bind({ port, address: ownAddress });
  else
    socket.bind(port, ownAddress);
  await once(socket, 'listening');
  return socket.address().port;
}

// A fixed port is only sure to be free on an address of this process.
(isLinux ? describe : describe.skip)('port conversion of bind()', () => {
  for (const [port, expected] of [
    ['34567', 34567], ['0x8707', 34567], [' 34567 ', 34567],
    ['3.4567e4', 34567],
    [34567.9, 34567], [-1, 65535], [-2.5, 65534],
    [65536 + 34567, 34567], [2 ** 32 + 34567, 34567], [100000, 34464],
    [{ valueOf: () => 34567 }, 34567], [[34567], 34567],
  ]) {
    const text = typeof port === 'object' && !Array.isArray(port) ?
      'an object with valueOf' : JSON.stringify(port);
    if (typeof port !== 'object') {
      it(`converts ${text} to ${expected}`, async () => {
        assert.strictEqual(await portOf(port), expected);
      });
    }

    it(`converts ${text} as an option to ${expected}`, async () => {
      assert.strictEqual(await portOf(port, 'object'), expected);
    });
  }

  for (const port of ['abc', '', NaN, Infinity, -Infinity, false, 65536,
    2 ** 32, 2 ** 53, 0.9, -0.5, null, undefined]) {
    it(`binds to any port for ${typeof port === 'string' ? `'${port}'` : port}`,
      async () => {
        const ports = [await portOf(port), await portOf(port, 'object')];
        for (const got of ports)
          assert.ok(got > 1023 && got < 65536, `got ${got}`);
      });
  }

  it('uses any object in the first place as options', async () => {
    const socket = open('udp4');
    socket.bind([34567], ownAddress);
    await once(socket, 'listening');
    assert.strictEqual(socket.address().address, '0.0.0.0');
    assert.notStrictEqual(socket.address().port, 34567);
  });
});
