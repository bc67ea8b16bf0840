'use strict';

// At any line of the outbox JavaScript may throw or be terminated, and a
// scheduled tick may never run: the next sends arrive, and their callbacks come
// once.

const assert = require('node:assert');
const { execFile } = require('node:child_process');
const path = require('node:path');
const { promisify } = require('node:util');

const CHILD = path.join(__dirname, 'sends-child.js');
const QUEUED = ['--test-udp-no-try-send'];

/** Fewer would mean that the scenario has lost what it is about. */
const POINTS_MIN = 300;
const FIRST_MIN = 30;

async function child(args, flags = []) {
  const { stdout } = await promisify(execFile)(
    process.execPath, [...flags, CHILD, ...args]);
  return JSON.parse(stdout);
}

describe('sends after a failure inside of the outbox', function() {
  this.timeout(120000);

  for (const [kind, flags] of [['at once', []], ['queued', QUEUED]]) {
    for (const way of ['throw', 'after', 'terminate', 'cut']) {
      it(`work: ${way}, ${kind}`, async () => {
        const { failures, points } = await child(['later', way], flags);
        assert.deepStrictEqual(failures, []);
        assert.ok(points >= POINTS_MIN, `${points} points`);
      });
    }

    it(`work: a tick that never runs, ${kind}`, async () => {
      const { failures, rounds } = await child(['later', 'skip'], flags);
      assert.deepStrictEqual(failures, []);
      assert.ok(rounds >= 8, `${rounds} ticks`);
    });
  }

  for (const way of ['throw', 'after', 'terminate', 'cut']) {
    it(`work when it was the first of its kind: ${way}`, async () => {
      const { failures, points } = await child(['first', way]);
      assert.deepStrictEqual(failures, []);
      assert.ok(points >= FIRST_MIN, `${points} points`);
    });
  }
});
