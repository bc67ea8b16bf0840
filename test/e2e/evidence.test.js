'use strict';

// Checks that Program.end() rejects a program whose sockets are the built-in's.
// The other tests rely on that.

const assert = require('node:assert');

const { useStage } = require('./support/stage');

describe('the check that a program used dgram-native', () => {
  const stage = useStage();

  it('fails without register', async () => {
    const program = await stage.program('stream', { register: false });
    await program.call('receive');
    await assert.rejects(program.end(), /^AssertionError.*sockets of the built/);
  });

  it('fails without a socket', async () => {
    const program = await stage.program('dns');
    await assert.rejects(program.end(), /^AssertionError.*no socket of the C/);
  });
});
