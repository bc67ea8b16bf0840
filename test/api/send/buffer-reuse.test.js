'use strict';

// Buffers that are overwritten or detached after send(): the datagram has the
// bytes of the time of the call, also where node:dgram reads them later.

const assert = require('node:assert');
const {
  bound, connectedTo, isNative, itNative, open, receiveText,
} = require('../../support/dgram');

describe('a buffer overwritten after socket.send()', () => {
  for (const [text, message] of [
    ['a buffer', (bytes) => bytes],
    ['a list', (bytes) => [bytes.subarray(0, 1), bytes.subarray(1)]],
    ['a view', (bytes) =>
      new DataView(bytes.buffer, bytes.byteOffset, bytes.length)],
  ]) {
    it(`connected: ${text} is sent as it was`, async () => {
      const receiver = await bound();
      const socket = await connectedTo(receiver);
      const texts = receiveText(receiver, 3);
      const bytes = Buffer.from('abc');
      for (const fill of ['x', 'y', 'z']) {
        socket.send(message(bytes));
        bytes.fill(fill);
      }
      assert.deepStrictEqual(await texts, ['abc', 'xxx', 'yyy']);
    });

    // The built-in reads the bytes when lookup calls back: 'zzz' each.
    itNative(`unconnected: ${text} is sent as it was`, async () => {
      const receiver = await bound();
      const to = [receiver.address().port, '127.0.0.1'];
      const socket = await bound();
      const texts = receiveText(receiver, 3);
      const bytes = Buffer.from('abc');
      for (const fill of ['x', 'y', 'z']) {
        socket.send(message(bytes), ...to);
        bytes.fill(fill);
      }
      assert.deepStrictEqual(await texts, ['abc', 'xxx', 'yyy']);
    });

    (isNative ? it.skip : it)(`built-in, unconnected: ${text} is sent as ` +
      'overwritten', async () => {
      const receiver = await bound();
      const to = [receiver.address().port, '127.0.0.1'];
      const socket = await bound();
      const texts = receiveText(receiver, 1);
      const bytes = Buffer.from('abc');
      socket.send(message(bytes), ...to);
      bytes.fill('x');
      assert.deepStrictEqual(await texts, ['xxx']);
    });
  }

  itNative('unbound: is sent as it was', async () => {
    const receiver = await bound();
    const to = [receiver.address().port, '127.0.0.1'];
    const socket = open('udp4');
    const texts = receiveText(receiver, 2);
    const bytes = Buffer.from('abc');
    socket.send(bytes, ...to);
    bytes.fill('x');
    socket.send([bytes, bytes], ...to);
    bytes.fill('y');
    assert.deepStrictEqual(await texts, ['abc', 'xxxxxx']);
  });

  itNative('during a lookup: is sent as it was', async () => {
    const receiver = await bound();
    const socket = await bound({
      type: 'udp4',
      lookup: (name, family, callback) =>
        setImmediate(callback, null, '127.0.0.1', 4),
    });
    const texts = receiveText(receiver, 1);
    const bytes = Buffer.from('abc');
    socket.send(bytes, receiver.address().port, 'name');
    bytes.fill('x');
    assert.deepStrictEqual(await texts, ['abc']);
  });

  it('connected: is sent as it was when it is detached afterwards',
    async () => {
      const receiver = await bound();
      const socket = await connectedTo(receiver);
      const texts = receiveText(receiver, 2);
      for (const text of ['abc', 'def']) {
        const bytes = new Uint8Array(3);
        bytes.set(Buffer.from(text));
        socket.send(bytes);
        structuredClone(bytes, { transfer: [bytes.buffer] });
      }
      assert.deepStrictEqual(await texts, ['abc', 'def']);
    });
});

describe('a detached buffer', () => {
  it('is sent as an empty datagram', async () => {
    const receiver = await bound();
    const socket = await connectedTo(receiver);
    const texts = receiveText(receiver, 2);
    const bytes = new Uint8Array(3);
    structuredClone(bytes, { transfer: [bytes.buffer] });
    socket.send(bytes);
    socket.send('end');
    assert.deepStrictEqual(await texts, ['', 'end']);
  });

  // node:dgram throws once the socket is bound, out of reach of the caller.
  itNative('is sent as an empty datagram by an unbound socket', async () => {
    const receiver = await bound();
    const { port } = receiver.address();
    const socket = open('udp4');
    const texts = receiveText(receiver, 2);
    const bytes = new Uint8Array(3);
    structuredClone(bytes, { transfer: [bytes.buffer] });
    socket.send(bytes, port, '127.0.0.1');
    socket.send('end', port, '127.0.0.1');
    assert.deepStrictEqual(await texts, ['', 'end']);
  });
});
