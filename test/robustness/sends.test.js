'use strict';

// JavaScript may throw or be terminated at any line of the outbox, and a
// scheduled tick may never run. Later datagrams arrive all the same, and each
// of their callbacks is called once.

const assert = require('node:assert');
const { execFile } = require('node:child_process');
const path = require('node:path');
const { promisify } = require('node:util');

const CHILD = path.join(__dirname, 'sends-child.js');
const QUEUED = ['--test-udp-no-try-send'];

/** Fewer points mean that the scenario no longer covers the outbox. */
const POINTS_MIN = 300;
const FIRST_MIN = 30;

async function child(args, flags = []) {
  const { stdout } = await promisify(execFile)(
    process.execPath, [...flags, CHILD, ...args]);
  return JSON.parse(stdout);
}

describe('sends after a failure inside the outbox', function() {
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
