'use strict';

// The bytes of a message lie side by side with those of others on their way to
// the kernel. A view whose own `length` is wrong must not make them leave.

const assert = require('node:assert');
const { bound, connectedTo, turn } = require('../../support/dgram');

describe('a view that says it is longer than it is', () => {
  it('does not send what is behind it', async () => {
    const receiver = await bound();
    const sender = await connectedTo(receiver);
    const lie = (bytes) => Object.defineProperties(bytes, {
      length: { value: 300 }, byteLength: { value: 300 },
    });
    class Liar extends Uint8Array {
      get length() { return 300; }
      get byteLength() { return 300; }
    }
    const received = [];
    receiver.on('message', (msg) => received.push(msg));
    for (let round = 0; round < 3; round++) {
      for (const message of [
        lie(new Uint8Array(4).fill(7)), lie(Buffer.alloc(4, 7)),
        new Liar(4).fill(7), [lie(Buffer.alloc(4, 7))],
      ]) {
        sender.send(Buffer.alloc(600, 8)); // what must not follow
        try {
          sender.send(message);
        } catch {
          // So does the built-in with some of them.
        }
        await turn();
        await turn();
      }
    }
    const others = received.filter((msg) => msg.length !== 600);
    for (const msg of others)
      assert.ok(msg.length <= 4 && msg.every((byte) => byte === 7), `${msg}`);
    assert.ok(others.length > 0);
  });
});
