'use strict';

// Runs the API tests with a garbage collection at every call into the C core
// and back: no object in use is collected.
//
// --gc-interval alone has no effect: V8 ignores it unless built for its own
// fuzzers, and Node's releases are not. See collector.js.

const assert = require('node:assert');
const fs = require('node:fs');
const path = require('node:path');
const { spawnSync } = require('node:child_process');

const { root, temporary } = require('../support/dgram');

const mocha = require.resolve('mocha/bin/mocha.js');

/**
 * The tests with the most calls and the most values retained across calls. With
 * --stress-compaction every object moves at every collection, which takes some
 * 50 ms.
 */
const RUNS = {
  'collected': {
    flags: ['--expose-gc', '--gc-interval=1'],
    files: ['receive/batch', 'send/buffer-reuse',
      'receive/throwing-listener', 'socket/close-in-listener',
      'connect/connect', 'send/send-and-close', 'send/send-queue'],
    enough: 1000,
  },
  'moved': {
    flags: ['--expose-gc', '--gc-interval=1', '--stress-compaction'],
    files: ['send/send-queue', 'receive/throwing-listener'],
    enough: 50,
  },
};

describe('garbage collection at every native call', () => {
  const cases = ['linux', 'uv'].flatMap((transport) =>
    Object.entries(RUNS).map(([what, settings]) =>
      ({ transport, what, ...settings })));

  for (const { transport, what, flags, files, enough } of cases) {
    it(`leaves no object in use ${what}, ${transport}`, async function() {
      this.timeout(300000); // longer than the default of ../support/dgram
      const log = temporary('collections', '');
      const { status, signal, stdout } = spawnSync(process.execPath, [
        ...flags, '--require', path.join(__dirname, 'collector.js'),
        mocha, '--timeout', '120000', '--reporter', 'dot',
        ...files.map((name) => path.join(root, 'test/api', `${name}.test.js`)),
      ], {
        encoding: 'utf8',
        env: {
          ...process.env, DGRAM_NATIVE_TRANSPORT: transport,
          DGRAM_COLLECTIONS: log, DGRAM_TEST_TIME_FACTOR: '12',
        },
      });
      assert.strictEqual(signal ?? status, 0, stdout);
      assert.match(stdout, /\d+ passing/);
      const counts = fs.readFileSync(log, 'utf8').trim().split('\n')
        .map((line) => JSON.parse(line).crossings);
      assert.ok(Math.max(...counts) > enough, `${counts} collections`);
    });
  }
});
