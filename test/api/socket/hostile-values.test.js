'use strict';

// Values that throw, change or report wrong sizes when a method reads them.
// Found by test/fuzz/js.

const assert = require('node:assert');
const vm = require('node:vm');
const {
  bound, describeNative, itSince, open, receiveText, send,
} = require('../../support/dgram');

const LOOPBACK = '127.0.0.1';

class Throwing extends Uint8Array {
  get buffer() { throw new RangeError('read'); }
}

class WrongSize extends Uint8Array {
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

describe('a hostile value', () => {
  it('in a list is read before the port is checked', () => {
    const socket = open('udp4');
    assert.throws(() => socket.send([new Throwing(4)], -1),
                  { name: 'RangeError', message: 'read' });
    assert.throws(() => socket.send([new DataView(new ArrayBuffer(1)), 5], -1),
                  { code: 'ERR_INVALID_ARG_TYPE' });
  });

  it('in a list is rejected if its memory is detached', () => {
    const socket = open('udp4');
    assert.throws(() => socket.send([new Float64Array(detached().buffer)], 1),
                  TypeError);
  });

  it('in place of a list\'s iterator is not used', async () => {
    const receiver = await bound();
    const sender = await bound();
    const received = receiveText(receiver, 1);
    const list = Object.assign(['a', 'b'], { [Symbol.iterator]: undefined });
    await send(sender, list, receiver.address().port, LOOPBACK);
    assert.deepStrictEqual(await received, ['ab']);
  });

  it('is sent with the real size of its memory', async () => {
    const receiver = await bound();
    const sender = await bound();
    const received = receiveText(receiver, 2);
    const { port } = receiver.address();
    const bytes = WrongSize.from([97, 98, 99]);
    assert.strictEqual(await send(sender, bytes, port, LOOPBACK), 3);
    assert.strictEqual(await send(sender, detached(), port, LOOPBACK), 0);
    assert.deepStrictEqual(await received, ['abc', '']);
  });

  it('is sent if it is a view of another realm or prototype', async () => {
    const receiver = await bound();
    const sender = await bound();
    const { port } = receiver.address();
    const received = receiveText(receiver, 5);
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
    assert.deepStrictEqual(await received,
      ['abcd', 'abcd', 'abcd', 'bc', 'abc']);
  });

  // Node 18 and 20 throw the exception of the conversion.
  itSince('22.0.0', 'as a group is converted to a string, or EINVAL', () => {
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

  it('as an interface is converted, and its exception is thrown', () => {
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

describeNative('socket.sendMany() with a hostile list', () => {
  it('rejects a hole', async () => {
    const peer = await bound();
    const socket = open('udp4');
    socket.connectSync(peer.address().port, LOOPBACK);
    assert.throws(() => socket.sendMany(new Array(2)),
                  { code: 'ERR_INVALID_ARG_TYPE' });
  });

  it('does not use the list\'s iterator', async () => {
    const peer = await bound();
    const socket = open('udp4');
    socket.connectSync(peer.address().port, LOOPBACK);
    const list = Object.assign(['a', 'b'], { [Symbol.iterator]: undefined });
    assert.strictEqual(socket.sendMany(list), 2);
  });
});
