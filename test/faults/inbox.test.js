'use strict';

// JavaScript may throw or be terminated at any line of the receiving files of
// lib/batch/: each lost datagram is reported once, and the next one is
// delivered.

const assert = require('node:assert');
const { spawnSync } = require('node:child_process');
const path = require('node:path');
const { scaled } = require('../support/time');

const program = path.join(__dirname, 'inbox-saboteur.js');

// V8 can deadlock when a process ends while its compiler, on another thread,
// waits for a garbage collection. This program allocates enough for that.
const FLAGS = ['--no-concurrent-recompilation'];

describe('the inbox, failing at each point in turn', function() {
  this.timeout(scaled(120000));

  for (const way of ['throw', 'after', 'terminate', 'cut']) {
    for (const [title, options, ...events] of [
      ['message', {}, 'message'],
      ['message, sharedBuffers', { sharedBuffers: true }, 'message'],
      ['batch', {}, 'batch'],
      ['batch and message', { sharedBuffers: true }, 'batch', 'message'],
    ]) {
      it(`${way}: ${title}`, () => {
        const { stdout, stderr, status } = spawnSync(process.execPath,
          [...FLAGS, program, way, JSON.stringify(options), ...events],
          { encoding: 'utf8', timeout: 100000 });
        const lines = stdout.trim().split('\n');
        const points = Number(lines.pop());
        assert.deepStrictEqual({ lines, stderr, status },
          { lines: [], stderr: '', status: 0 });
        assert.ok(points > 40, `${points} points`);
      });
    }
  }
});
