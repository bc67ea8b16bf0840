'use strict';

// The other tests prove nothing if this one fails: what Program.end() says of
// a program whose sockets are the built-in's.

const assert = require('node:assert');

const { useStage } = require('./support/stage');

describe('the proof that a program used dgram-native', () => {
  const stage = useStage();

  it('is not had without register', async () => {
    const program = await stage.program('stream', { register: false });
    await program.call('receive');
    await assert.rejects(program.end(), /^AssertionError.*sockets of the built/);
  });

  it('is not had without a socket', async () => {
    const program = await stage.program('dns');
    await assert.rejects(program.end(), /^AssertionError.*no socket of the C/);
  });
});
