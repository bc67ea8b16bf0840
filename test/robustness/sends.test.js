'use strict';

// JavaScript may throw or be terminated at any line of lib/batch, and a
// scheduled tick may never run. The next sends arrive, and their callbacks are
// called once.

const assert = require('node:assert');
const { execFile } = require('node:child_process');
const path = require('node:path');
const { promisify } = require('node:util');

const CHILD = path.join(__dirname, 'sends-child.js');
const QUEUED = ['--test-udp-no-try-send'];

/** Fewer points mean that the scenario misses its target. */
const POINTS_MIN = 300;
const FIRST_MIN = 30;

async function child(args, flags = []) {
  const { stdout } = await promisify(execFile)(
    process.execPath, [...flags, CHILD, ...args]);
  return JSON.parse(stdout);
}

describe('sends after an interrupted send', function() {
  this.timeout(120000);

  for (const [kind, flags] of [['immediate', []], ['queued', QUEUED]]) {
    for (const way of ['throw', 'after', 'terminate', 'cut']) {
      it(`arrive: ${way}, ${kind}`, async () => {
        const { failures, points } = await child(['later', way], flags);
        assert.deepStrictEqual(failures, []);
        assert.ok(points >= POINTS_MIN, `${points} points`);
      });
    }

    it(`arrive: a tick never runs, ${kind}`, async () => {
      const { failures, rounds } = await child(['later', 'skip'], flags);
      assert.deepStrictEqual(failures, []);
      assert.ok(rounds >= 8, `${rounds} ticks`);
    });
  }

  for (const way of ['throw', 'after', 'terminate', 'cut']) {
    it(`arrive when the first send was interrupted: ${way}`, async () => {
      const { failures, points } = await child(['first', way]);
      assert.deepStrictEqual(failures, []);
      assert.ok(points >= FIRST_MIN, `${points} points`);
    });
  }
});
