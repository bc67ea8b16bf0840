'use strict';

/**
 * Tests of the runner, with a small suite whose files cheat, fail, hang and so
 * on, and the results that the runner must report.
 */

const assert = require('node:assert');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { spawnSync } = require('node:child_process');
const { setTimeout: delay } = require('node:timers/promises');

const { rank } = require('./debian');
const staged = require('../support/package');

const RUNNER = path.join(__dirname, 'run.js');
const LIB = path.join(__dirname, '..', '..', 'lib');
const TIME_LIMIT = 120000;

const SOCKET = `require('node:dgram').createSocket('udp4').close();\n`;

/** Number of earlier runs of this file: 0 in the run on the built-in. */
const RUNS = `
const fs = require('node:fs');
fs.appendFileSync(__filename + '.runs', '.');
const runs = fs.statSync(__filename + '.runs').size - 1;
`;

/** The files of the suite, with their expected results. */
const FILES = {
  'parallel/test-dgram-good.js': {
    text: `
      const { fork } = require('node:child_process');
      const { Worker, isMainThread } = require('node:worker_threads');
      ${SOCKET}
      if (isMainThread && !process.send) {
        fork(__filename, { env: {} });
        fork(__filename, { execArgv: [] });
        new Worker(__filename);
      }
    `,
    result: 'passed',
    sockets: 4,
  },
  'parallel/test-module.mjs': {
    text: `
      import dgram, { createSocket } from 'dgram';
      createSocket('udp4').close();
      dgram.createSocket('udp4').close();
    `,
    result: 'passed',
    sockets: 2,
  },
  'parallel/test-dgram-throws.js': {
    text: `
      const dgram = require('dgram');
      const assert = require('node:assert');
      assert.throws(() => dgram.createSocket('udp5'));
      ${SOCKET}
    `,
    result: 'passed',
    sockets: 2,
  },
  'parallel/test-flags.js': {
    text: `
      // Flags: --expose-internals --no-warnings
      require('internal/dgram');
      ${SOCKET}
    `,
    result: 'passed',
    sockets: 1,
  },
  'parallel/test-dgram-blind-child.js': {
    text: `
      const { spawn } = require('node:child_process');
      if (process.argv[2] === 'child') { ${SOCKET} return; }
      ${SOCKET}
      spawn(process.execPath, [__filename, 'child'], { env: {} });
    `,
    result: 'failed',
    reason: /child process ran without the preload/,
  },
  'parallel/test-dgram-blind-sync.js': {
    text: `
      const { spawnSync } = require('node:child_process');
      ${SOCKET}
      spawnSync(process.execPath, ['-e', ''], { env: {} });
    `,
    result: 'failed',
    reason: /child process ran without the preload/,
  },
  'parallel/test-dgram-blind-worker.js': {
    text: `
      const { Worker } = require('node:worker_threads');
      const text = ${JSON.stringify(SOCKET)};
      ${SOCKET}
      new Worker(text, { eval: true, env: {}, execArgv: [] });
    `,
    result: 'failed',
    reason: /worker thread\(s\) ran without the preload/,
  },
  'parallel/test-dgram-grabbed.js': {
    text: `
      const { Socket } = require('node:dgram');
      ${SOCKET}
      new (globalThis[Symbol.for('grabbed')] ?? Socket)('udp4').close();
    `,
    result: 'failed',
    reason: /1 socket\(s\) of the built-in, created at .*test-dgram-grabbed\.js/,
  },
  'parallel/test-dgram-not-packed.js': {
    text: `
      Object.assign(require('node:dgram'), require(${JSON.stringify(LIB)}));
      ${SOCKET}
    `,
    result: 'failed',
    reason: /sockets of .*lib.*, not of the package under test/,
  },
  'parallel/test-dgram-count.js': {
    text: `${RUNS}
      ${SOCKET}
      if (runs === 0) { ${SOCKET} }
    `,
    result: 'failed',
    reason: /1 sockets constructed \(1 completed\) where the built-in had 2/,
  },
  'parallel/test-dgram-runs.js': {
    text: `${RUNS} ${SOCKET}`,
    result: 'passed',
    sockets: 1,
  },
  'parallel/test-dgram-no-storage.js': {
    // The localStorage of Node 25 makes test/common of older suites warn.
    text: `${SOCKET} process.exitCode = 'localStorage' in globalThis ? 1 : 0;`,
    result: 'passed',
    sockets: 1,
  },
  'parallel/test-dgram-no-socket.js': {
    text: '',
    result: 'failed',
    reason: /created no socket/,
  },
  'parallel/test-dgram-fails.js': {
    text: `${RUNS} ${SOCKET} process.exitCode = runs === 0 ? 0 : 3;`,
    result: 'failed',
    reason: /exit code 3/,
  },
  'parallel/test-dgram-flaky.js': {
    text: `${RUNS} ${SOCKET} process.exitCode = runs === 1 ? 3 : 0;`,
    result: 'flaky',
    reason: /exit code 3/,
  },
  'parallel/test-dgram-fails-everywhere.js': {
    text: `${SOCKET} process.exitCode = 4;`,
    result: 'builtin fails too',
    reason: /exit code 4, twice/,
  },
  'parallel/test-dgram-hangs.js': {
    text: `${RUNS}
      ${SOCKET}
      if (runs > 0) {
        const { spawn } = require('node:child_process');
        const beat = (file) => {
          const { appendFileSync } = require('node:fs');
          setInterval(() => appendFileSync(file, '.'), 20);
        };
        const file = JSON.stringify(__filename + '.beats');
        spawn(process.execPath, ['-e', \`(\${beat})(\${file})\`]);
      }
    `,
    result: 'failed',
    reason: /still running after/,
  },
  'parallel/test-dgram-skips.js': {
    text: `console.log('1..0 # Skipped: no such thing here');`,
    result: 'skipped',
    reason: /^no such thing here$/,
  },
  'parallel/test-dgram-skips-ours.js': {
    text: `${RUNS} ${SOCKET} if (runs > 0) console.log('1..0 # Skipped: hm');`,
    result: 'failed',
    reason: /skipped, but not with the built-in/,
  },
  'parallel/test-dgram-create-socket-handle.js': {
    text: '',
    result: 'exempt',
    reason: /internal\/dgram/,
  },
  'known_issues/test-dgram-issue.js': {
    text: `${SOCKET} process.exitCode = 1;`,
    result: 'passed',
    reason: /known issue/,
  },
  'sequential/test-other.js': { text: `require('node:net');` },
};

describe('the runner of Node\'s own suite', function() {
  this.timeout(TIME_LIMIT);

  let root;
  let directory;
  let report;
  let run;

  /** The packed package, which also exposes the built-in's Socket. */
  function preparePackage() {
    const directory = path.join(root, 'package');
    fs.cpSync(staged.directory, directory, { recursive: true });
    const register = path.join(directory, 'dist', 'register.js');
    fs.renameSync(register, path.join(directory, 'dist', 'original.js'));
    fs.writeFileSync(register, `
      const { Socket } = require('node:dgram');
      globalThis[Symbol.for('grabbed')] = Socket;
      require('./original');
    `);
    return directory;
  }

  function start(...args) {
    const env = { ...process.env, DGRAM_TEST_PACKAGE: directory };
    // The fake suite starts processes without an environment, which would not
    // receive these variables.
    delete env.DGRAM_NATIVE_TRANSPORT;
    delete env.NODE_OPTIONS;
    const result = spawnSync(process.execPath, [
      RUNNER, '--source', root, '--reports', path.join(root, 'reports'),
      ...args,
    ], { encoding: 'utf8', env });
    const lines = result.stdout.trimEnd().split('\n');
    return { ...result, lastLine: lines[lines.length - 1] };
  }

  function readReport(name) {
    return JSON.parse(
      fs.readFileSync(path.join(root, 'reports', `${name}.json`), 'utf8'));
  }

  before(() => {
    root = fs.mkdtempSync(path.join(os.tmpdir(), 'dgram suite-'));
    for (const [file, { text }] of Object.entries(FILES)) {
      const target = path.join(root, 'test', file);
      fs.mkdirSync(path.dirname(target), { recursive: true });
      fs.writeFileSync(target, text);
    }
    directory = preparePackage();
    run = start('--timeout', '4', '--retry');
    report = readReport(`report-${process.versions.node}-default`);
  });

  after(() => fs.rmSync(root, { recursive: true, force: true }));

  for (const [file, expected] of Object.entries(FILES)) {
    if (!expected.result) continue;
    it(`reports ${file} as ${expected.result}`, () => {
      const found = report.files.find((one) => one.file === file);
      assert.strictEqual(found.result, expected.result, found.reason);
      if (expected.reason) assert.match(found.reason, expected.reason);
      if (expected.sockets) {
        assert.strictEqual(found.ours.evidence.ours, expected.sockets);
        assert.strictEqual(found.ours.evidence.builtin, 0);
        assert.strictEqual(found.baseline.evidence.builtin, expected.sockets);
      }
    });
  }

  it('ignores files that do not use dgram', () => {
    const files = report.files.map(({ file }) => file);
    assert(!files.includes('sequential/test-other.js'));
    assert.strictEqual(files.length, Object.keys(FILES).length - 1);
  });

  it('kills the child processes of a hanging file', async () => {
    const file = path.join(root, 'test/parallel/test-dgram-hangs.js.beats');
    const before = fs.statSync(file).size;
    await delay(200);
    assert(before > 0);
    assert.strictEqual(fs.statSync(file).size, before);
  });

  it('exits with 1 after failures and prints the figures last', () => {
    const count = (...results) => Object.values(FILES)
      .filter(({ result }) => results.includes(result)).length;
    assert.strictEqual(run.status, 1, run.stderr);
    assert.strictEqual(run.lastLine, `${count('passed')} passed, ` +
      `${count('failed', 'flaky')} failed, ${count('skipped')} skipped`);
  });

  it('exits with 0 if nothing failed', () => {
    const good = start('--filter', 'test-dgram-good');
    assert.strictEqual(good.lastLine, '1 passed, 0 failed, 0 skipped');
    assert.strictEqual(good.status, 0);
  });

  it('runs a failed file again with --tries, and notes it', () => {
    for (const name of ['flaky', 'fails'])
      fs.rmSync(path.join(root, `test/parallel/test-dgram-${name}.js.runs`));
    const tries = start('--filter', 'test-dgram-flaky', '--tries', '2');
    assert.strictEqual(tries.lastLine, '1 passed, 0 failed, 0 skipped');
    assert.match(tries.stdout, /passed on try 2; before: exit code 3/);
    const fails = start('--filter', 'test-dgram-fails.js', '--tries', '2');
    assert.strictEqual(fails.lastLine, '0 passed, 1 failed, 0 skipped');
  });

  it('prints that a run without a baseline proves less', () => {
    const quick = start('--filter', 'test-dgram-count', '--no-baseline');
    assert.match(quick.stdout, /proves less/);
    assert.strictEqual(quick.lastLine, '1 passed, 0 failed, 0 skipped');
  });

  it('fails if nothing ran', () => {
    const empty = start('--filter', 'no such file');
    assert.strictEqual(empty.lastLine, '0 passed, 0 failed, 0 skipped');
    assert.strictEqual(empty.status, 1);
  });

  describe('with two Nodes and both transports', () => {
    const OTHER = '99.1.0';
    const labels = [process.versions.node, OTHER].flatMap((version) =>
      ['linux', 'uv'].map((transport) => `${version}-${transport}`));
    let all;

    /** The running Node with another version. */
    function makeOther() {
      const pretend = path.join(root, 'pretend.js');
      fs.writeFileSync(pretend, `Object.defineProperty(process, 'versions', {
        value: { ...process.versions, node: '${OTHER}' },
      });\n`);
      const binary = path.join(root, 'node');
      fs.writeFileSync(binary, `#!/bin/sh\nexec '${process.execPath}' ` +
        `--require '${pretend}' "$@"\n`, { mode: 0o755 });
      return binary;
    }

    before(function() {
      if (process.platform !== 'linux') this.skip();
      all = start('--node', process.execPath, '--node', makeOther(),
                  '--transport', 'linux', '--transport', 'uv',
                  '--filter', 'test-dgram-runs');
    });

    it('writes a report for each', () => {
      assert.strictEqual(all.status, 0, all.stderr + all.stdout);
      for (const label of labels) {
        const { node, transports, totals } =
          readReport(`report-${label}-filtered`);
        assert.strictEqual(`${node}-${transports}`, label);
        assert.deepStrictEqual(totals, { passed: 1 });
      }
    });

    it('runs a file on the built-in once for both transports', () => {
      const file = path.join(root, 'test/parallel/test-dgram-runs.js.runs');
      // Includes the two runs of the first start().
      assert.strictEqual(fs.statSync(file).size, 2 + 2 * 3);
    });

    it('prints the sum last', () => {
      assert.strictEqual(all.lastLine,
                         'All runs: 4 passed, 0 failed, 0 skipped');
    });
  });

  describe('the chosen suite', () => {
    const has = ['18.20.4', '22.22.2', '24.22.2', '24.20.1', '24.21.0']
      .map((version) => ({ version }));
    const best = (wanted) => rank(has, wanted).map(({ version }) => version);

    it('is the newest of the major version that is not newer', () => {
      assert.strictEqual(best('24.21.0')[0], '24.21.0');
      assert.strictEqual(best('24.21.5')[0], '24.21.0');
      assert.deepStrictEqual(best('24.21.0').slice(0, 3),
                             ['24.21.0', '24.20.1', '24.22.2']);
    });

    it('is a newer one if all are newer', () => {
      assert.strictEqual(best('24.1.0')[0], '24.20.1');
    });

    it('is that of an earlier major version if there is no other', () => {
      assert.deepStrictEqual(best('26.10.0').slice(0, 2),
                             ['24.22.2', '24.21.0']);
      assert.strictEqual(best('20.20.2')[0], '18.20.4');
      assert.deepStrictEqual(best('16.0.0'), []);
    });
  });

  it('rejects a suite of another major version', () => {
    const other = path.join(root, 'node-v4.0.0');
    fs.mkdirSync(path.join(other, 'test', 'parallel'), { recursive: true });
    const refused = start('--source', other);
    assert.match(refused.stderr, /the suite is of Node 4\.0\.0/);
    assert.strictEqual(refused.status, 2);
  });
});
