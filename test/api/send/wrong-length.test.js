'use strict';

// A view whose own `length` is wrong. The bytes of several messages are
// adjacent in memory, and those of another message must not be sent.

const assert = require('node:assert');
const { bound, connectedTo, nextIteration } = require('../../support/dgram');

describe('a message whose own length is larger than its memory', () => {
  it('does not send the bytes behind it', async () => {
    const receiver = await bound();
    const sender = await connectedTo(receiver);
    const overstate = (bytes) => Object.defineProperties(bytes, {
      length: { value: 300 }, byteLength: { value: 300 },
    });
    class Overstated extends Uint8Array {
      get length() { return 300; }
      get byteLength() { return 300; }
    }
    const received = [];
    receiver.on('message', (msg) => received.push(msg));
    for (let round = 0; round < 3; round++) {
      for (const message of [
        overstate(new Uint8Array(4).fill(7)), overstate(Buffer.alloc(4, 7)),
        new Overstated(4).fill(7), [overstate(Buffer.alloc(4, 7))],
      ]) {
        sender.send(Buffer.alloc(600, 8)); // bytes that must not follow
        try {
          sender.send(message);
        } catch {
          // The built-in throws for some of these as well.
        }
        await nextIteration();
        await nextIteration();
      }
    }
    const others = received.filter((msg) => msg.length !== 600);
    for (const msg of others)
      assert.ok(msg.length <= 4 && msg.every((byte) => byte === 7), `${msg}`);
    assert.ok(others.length > 0);
  });
});
