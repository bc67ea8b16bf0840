'use strict';

// Values that lie, throw or are gone, where a method reads them. Found by
// test/fuzz/js.

const assert = require('node:assert');
const vm = require('node:vm');
const {
  bound, describeNative, itSince, open, receiveText, send,
} = require('../../support/dgram');

const LOOPBACK = '127.0.0.1';

class Throwing extends Uint8Array {
  get buffer() { throw new RangeError('read'); }
}

class Lying extends Uint8Array {
  get byteLength() { return 1e9; }
  get byteOffset() { return 4e9; }
  get length() { return 7; }
}

function detached() {
  const bytes = new Uint8Array(8);
  structuredClone(bytes.buffer, { transfer: [bytes.buffer] });
  return bytes;
}

const unreadable = { toString() { throw new RangeError('read'); } };

describe('values that are not what they seem', () => {
  it('a list is read before the port is looked at', () => {
    const socket = open('udp4');
    assert.throws(() => socket.send([new Throwing(4)], -1),
                  { name: 'RangeError', message: 'read' });
    assert.throws(() => socket.send([new DataView(new ArrayBuffer(1)), 5], -1),
                  { code: 'ERR_INVALID_ARG_TYPE' });
  });

  it('a view in a list that was detached is an error', () => {
    const socket = open('udp4');
    assert.throws(() => socket.send([new Float64Array(detached().buffer)], 1),
                  TypeError);
  });

  it('a list is read by its indexes', async () => {
    const receiver = await bound();
    const sender = await bound();
    const came = receiveText(receiver, 1);
    const list = Object.assign(['a', 'b'], { [Symbol.iterator]: undefined });
    await send(sender, list, receiver.address().port, LOOPBACK);
    assert.deepStrictEqual(await came, ['ab']);
  });

  it('a view is as long as its memory, whatever it says', async () => {
    const receiver = await bound();
    const sender = await bound();
    const came = receiveText(receiver, 2);
    const { port } = receiver.address();
    const bytes = Lying.from([97, 98, 99]);
    assert.strictEqual(await send(sender, bytes, port, LOOPBACK), 3);
    assert.strictEqual(await send(sender, detached(), port, LOOPBACK), 0);
    assert.deepStrictEqual(await came, ['abc', '']);
  });

  it('a view of another realm, or of no class, has its bytes', async () => {
    const receiver = await bound();
    const sender = await bound();
    const { port } = receiver.address();
    const came = receiveText(receiver, 5);
    const make = (name) => vm.runInNewContext(
      `new ${name}(new Uint8Array([97, 98, 99, 100]).buffer)`);
    const bytes = Buffer.from('abcd');
    const bare = new DataView(bytes.buffer, bytes.byteOffset + 1, 2);
    Object.setPrototypeOf(bare, null);
    const disguised = new DataView(bytes.buffer, bytes.byteOffset, 3);
    Object.setPrototypeOf(disguised, Uint8Array.prototype);
    for (const [view, size] of [[make('DataView'), 4], [make('Uint8Array'), 4],
      [make('Uint16Array'), 4], [bare, 2], [disguised, 3]])
      assert.strictEqual(await send(sender, view, port, LOOPBACK), size);
    assert.deepStrictEqual(await came, ['abcd', 'abcd', 'abcd', 'bc', 'abc']);
  });

  // Node 18 and 20 throw what the conversion of a group throws.
  itSince('22.0.0', 'a group is text, or no address', () => {
    const socket = open('udp4');
    const group = '239.255.78.1';
    for (const method of ['addMembership', 'dropMembership']) {
      for (const value of [unreadable, Symbol('s'), Object.create(null)]) {
        assert.throws(() => socket[method](value),
                      { code: 'EINVAL', syscall: method });
      }
    }
    socket.addMembership({ toString: () => group }, LOOPBACK);
    socket.dropMembership([group], LOOPBACK);
  });

  it('an interface is text, and what its conversion throws is thrown', () => {
    const socket = open('udp4');
    const group = '239.255.78.1';
    for (const [method, ...args] of [
      ['addMembership', group], ['dropMembership', group],
      ['addMembership', 'no address'],
      ['addSourceSpecificMembership', LOOPBACK, group],
      ['dropSourceSpecificMembership', LOOPBACK, group],
    ]) {
      assert.throws(() => socket[method](...args, unreadable),
                    { name: 'RangeError', message: 'read' });
      for (const value of [Symbol('s'), Object.create(null)]) {
        assert.throws(() => socket[method](...args, value),
                      { name: 'TypeError', message: /^Cannot convert / });
      }
    }
    socket.addMembership(group, { toString: () => LOOPBACK });
    socket.dropMembership(group, [LOOPBACK]);
  });
});

describeNative('sendMany', () => {
  it('a hole is no message', async () => {
    const peer = await bound();
    const socket = open('udp4');
    socket.connectSync(peer.address().port, LOOPBACK);
    assert.throws(() => socket.sendMany(new Array(2)),
                  { code: 'ERR_INVALID_ARG_TYPE' });
  });

  it('a list is read by index, whatever its iterator is', async () => {
    const peer = await bound();
    const socket = open('udp4');
    socket.connectSync(peer.address().port, LOOPBACK);
    const list = Object.assign(['a', 'b'], { [Symbol.iterator]: undefined });
    assert.strictEqual(socket.sendMany(list), 2);
  });
});
