'use strict';

// While listeners are fast, the clock is not read after each datagram. The test
// runs lib/batch/answers.js with a clock of its own, because no real listener
// takes the same time twice.

const assert = require('node:assert');
const binding = require('../../lib/load/binding');

const ANSWERS = require.resolve('../../lib/batch/answers');
const BINDING = require.resolve('../../lib/load/binding');

/** Evaluates the file again, with these functions instead of the addon's. */
function loadWith(functions) {
  const { cache } = require;
  const before = cache[ANSWERS];
  delete cache[ANSWERS];
  cache[BINDING].exports = { layout: binding.layout, ...functions };
  try {
    return require(ANSWERS);
  } finally {
    cache[BINDING].exports = binding;
    if (before === undefined) delete cache[ANSWERS];
    else cache[ANSWERS] = before;
  }
}

describe('an answer that waits', () => {
  const { BATCH_PENDING, BATCH_DEFERRED } = binding.layout;

  it('waits for four listeners that become slow, at most', () => {
    let now = 1000;
    const words = new Uint32Array(BATCH_DEFERRED + 1);
    const answers = loadWith({
      clock: () => now,
      flushDeferred: () => { words[BATCH_DEFERRED] = 0; },
    });
    const handle = { promptBatches: 0, promptPenalty: 0 };
    assert.ok(answers.beginDeferral(handle));
    words[BATCH_PENDING] = 1;
    assert.ok(answers.defer({
      words, hasCallbacks: false, flushedSends: [], sentAtExit: true,
    }));
    for (let i = 0; i < 8; i++) {
      assert.ok(answers.mayDefer(handle));
      now += 1;
    }
    let slow = 0;
    while (words[BATCH_DEFERRED] !== 0) {
      now += 3000;
      slow++;
      answers.mayDefer(handle);
    }
    assert.ok(slow <= 4, `${slow} slow listeners`);
    assert.ok(handle.promptBatches > 0);
  });
});
