'use strict';

// bind() does not validate its port: ToUint32, then the low 16 bits.

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

// Fixed ports are only free for sure on an address of this process' own.
(isLinux ? describe : describe.skip)('port given to bind', () => {
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
      it(`${text} means ${expected}`, async () => {
        assert.strictEqual(await portOf(port), expected);
      });
    }

    it(`${text} in an object means ${expected}`, async () => {
      assert.strictEqual(await portOf(port, 'object'), expected);
    });
  }

  for (const port of ['abc', '', NaN, Infinity, -Infinity, false, 65536,
    2 ** 32, 2 ** 53, 0.9, -0.5, null, undefined]) {
    it(`${typeof port === 'string' ? `'${port}'` : port} means any`,
      async () => {
        const ports = [await portOf(port), await portOf(port, 'object')];
        for (const got of ports)
          assert.ok(got > 1023 && got < 65536, `got ${got}`);
      });
  }

  it('an object as first argument is options, whatever is in it', async () => {
    const socket = open('udp4');
    socket.bind([34567], ownAddress);
    await once(socket, 'listening');
    assert.strictEqual(socket.address().address, '0.0.0.0');
    assert.notStrictEqual(socket.address().port, 34567);
  });
});
