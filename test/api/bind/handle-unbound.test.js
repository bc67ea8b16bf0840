'use strict';

// The handle of an unbound socket, which tools and tests use directly:
// recvStart() and send() bind it, as libuv does.

const assert = require('node:assert');
const {
  bound, open, receiveText, stateOf,
} = require('../../support/dgram');

describe('the handle of an unbound socket', () => {
  it('is bound by recvStart()', () => {
    const { handle } = stateOf(open('udp4'));
    assert.strictEqual(handle.recvStart(), 0);
    const name = {};
    assert.strictEqual(handle.getsockname(name), 0);
    assert.strictEqual(name.address, '0.0.0.0');
    assert.ok(name.port > 0);
  });

  for (const [type, method, any] of [
    ['udp4', 'send', '0.0.0.0'], ['udp6', 'send6', '::'],
  ]) {
    it(`is bound by ${method}()`, async () => {
      const receiver = await bound(type);
      const { address, port } = receiver.address();
      const texts = receiveText(receiver, 1);
      const { handle } = stateOf(open(type));
      assert.strictEqual(
        handle[method]({}, [Buffer.from('abc')], 1, port, address, false), 4);
      assert.deepStrictEqual(await texts, ['abc']);
      const name = {};
      assert.strictEqual(handle.getsockname(name), 0);
      assert.strictEqual(name.address, any);
    });
  }
});
