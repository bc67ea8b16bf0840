'use strict';

// How `npm run test:platforms` judges: a failure that is neither the platform's
// nor that of node:dgram must fail the command.

const assert = require('node:assert');
const fs = require('node:fs');
const path = require('node:path');

const { allExplained, concluded, isFault, knownFailures, toStep } =
  require('./report');
const { isFalseStart } = require('./windows');
const { MOCHA, mochaArgs, mochaStep, root, run } = require('./support');

/** A zombie has ended; not every init process collects it. */
function isRunning(pid) {
  const file = `/proc/${pid}/stat`;
  return fs.existsSync(file) &&
    !/^\d+ \(.*\) [ZX]/.test(fs.readFileSync(file, 'utf8'));
}

const NO_LIST = 'a-platform-without-list';

describe('npm run test:platforms', () => {
  let directory;

  before(() => {
    // Below the checkout: the files require mocha's globals only, but a report
    // names files relative to it.
    fs.mkdirSync(path.join(root, '.cache'), { recursive: true });
    directory = fs.mkdtempSync(path.join(root, '.cache', 'report-test-'));
  });

  after(() => fs.rmSync(directory, { recursive: true, force: true }));

  const reportFile = (name) => path.join(directory, `${name}.jsonl`);

  /** Runs a test file with the reporter, in a process of its own. */
  async function mocha(name, source, { env = {}, timeout = 60000 } = {}) {
    const file = path.join(directory, `${name}.js`);
    fs.writeFileSync(file, source);
    const report = reportFile(name);
    fs.rmSync(report, { force: true });
    const ended = await run(process.execPath,
      [MOCHA, '--no-config', ...mochaArgs([file])],
      { timeout,
        env: { ...process.env, ...env, DGRAM_PLATFORM_REPORT: report } });
    return concluded(report, ended);
  }

  it('counts passed, failed and skipped tests, with names', async () => {
    const report = await mocha('mixed', `
      describe('a', () => {
        it('passes', () => {});
        it('fails', () => { throw new Error('on purpose'); });
        it.skip('is skipped', () => {});
      });`);
    assert.deepStrictEqual(report.passed, ['a passes']);
    assert.strictEqual(report.pending, 1);
    assert.deepStrictEqual(report.failed.map(({ test }) => test), ['a fails']);
    assert.match(report.failed[0].error, /on purpose/);
    assert.ok(report.failed[0].file.endsWith('/mixed.js'));
  });

  it('reports a crash, and the test during which it happened', async () => {
    const report = await mocha('crash', `
      it('passes', () => {});
      it('crashes', () => { process.kill(process.pid, 'SIGSEGV');
                            for (;;); });`);
    assert.deepStrictEqual(report.passed, ['passes']);
    assert.deepStrictEqual(report.failed.map(({ test }) => test),
      ['(mocha exited with SIGSEGV during "crashes")']);
  });

  it('reports a hanging process, and ends it with its children', async () => {
    const pidFile = path.join(directory, 'child-pid');
    const report = await mocha('hang', `
      it('hangs', () => {
        const child = require('node:child_process')
          .spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)']);
        require('node:fs').writeFileSync(process.env.PID_FILE,
                                         String(child.pid));
        for (;;);
      });`, { timeout: 3000, env: { PID_FILE: pidFile } });
    assert.deepStrictEqual(report.failed.map(({ test }) => test),
      ['(mocha was killed after its time limit during "hangs")']);
    assert.strictEqual(isRunning(fs.readFileSync(pidFile, 'utf8')), false);
  });

  it('reports a run without tests, and a program that cannot start',
    async () => {
      const empty = await mocha('empty', '');
      assert.strictEqual(empty.failed.length, 1);
      const none = concluded(reportFile('none'),
        { code: 127, signal: null, timedOut: false, output: 'no such file' });
      assert.match(none.failed[0].error, /no such file/);
    });

  it('runs failed files of test/api again, with node:dgram', async () => {
    const runs = [];
    const tests = {
      'test/api/one.test.js': { 'both fail': [1, 1], 'ours fails': [1, 0] },
      'test/native/two.test.js': { 'native fails': [1] },
      'test/api/three.test.js': { passes: [0, 0] },
    };
    const step = await mochaStep({
      platform: NO_LIST, title: 'judged', files: Object.keys(tests),
      log: () => {}, reportOf: reportFile,
      mocha: async (files, { env, label }) => {
        const control = env.DGRAM_UNDER_TEST === 'node';
        runs.push([control, files]);
        const events = files.flatMap((file) => Object.entries(tests[file])
          .map(([test, fails]) => ({
            event: fails[Number(control)] ? 'fail' : 'pass', test, file,
          })));
        fs.writeFileSync(reportFile(label), [...events, { event: 'end' }]
          .map((event) => `${JSON.stringify(event)}\n`).join(''));
        return { code: 1, signal: null, timedOut: false, output: '' };
      },
    });
    assert.deepStrictEqual(runs, [
      [false, Object.keys(tests)], [true, ['test/api/one.test.js']],
    ]);
    assert.deepStrictEqual(
      step.failures.map((one) => [one.test, one.controlFailed, isFault(one)]),
      [['both fail', true, false], ['ours fails', false, true],
       ['native fails', false, true]]);
    assert.strictEqual(allExplained([step]), false);
  });

  it('accepts failures of node:dgram, nothing else, and no empty run', () => {
    const judge = (failed, control, passed = ['x']) => allExplained([
      toStep(NO_LIST, 'title', { passed, failed, pending: 0 },
             new Set(control), 1),
    ]);
    assert.strictEqual(judge([], []), true);
    assert.strictEqual(judge([{ test: 'a' }], ['a']), true);
    assert.strictEqual(judge([{ test: 'a' }], ['b']), false);
    assert.strictEqual(judge([], [], []), false);
  });

  it('has one list for all kernels, and one for all of qemu-user', () => {
    const [kernel, qemu] = ['kernel', 'qemu'].map(knownFailures);
    for (const version of ['5.10', '7.2'])
      assert.deepStrictEqual(knownFailures(`kernel-${version}`), kernel);
    assert.deepStrictEqual(knownFailures('linux-arm64'), qemu);
    const s390x = knownFailures('linux-s390x');
    assert.ok(s390x.size > qemu.size);
    for (const [test, reason] of qemu)
      assert.strictEqual(s390x.get(test), reason);
  });

  it('accepts listed failures, and reports those that pass', () => {
    const lists = fs.readdirSync(path.join(__dirname, 'known'))
      .filter((name) => name.endsWith('.json'));
    for (const list of lists) {
      const platform = path.basename(list, '.json');
      const known = [...knownFailures(platform)];
      assert.ok(known.length > 0, list);
      for (const [test, reason] of known)
        assert.ok(test.length > 0 && reason.length > 10, `${list}: ${test}`);
      const [[test, reason]] = known;
      const failed = toStep(platform, 'title',
        { passed: ['x'], failed: [{ test }], pending: 0 }, new Set(), 1);
      assert.strictEqual(failed.failures[0].reason, reason);
      assert.strictEqual(allExplained([failed]), true);
      const passed = toStep(platform, 'title',
        { passed: [test], failed: [], pending: 0 }, new Set(), 1);
      assert.deepStrictEqual(passed.unexpected, [test]);
    }
  });

  it('tells a process that wine did not start from a failed test', () => {
    const test = 'a test';
    const stack = '    at ChildProcess.spawn (node:internal/child_process)';
    for (const call of ['spawn', 'spawnSync C:\\node.exe']) {
      const error = `Error: ${call} UNKNOWN\n${stack}`;
      assert.ok(isFalseStart({ test, error }), error);
      assert.ok(!isFalseStart({ test: '(mocha exited with 5)', error }));
    }
    for (const error of [
      `Error: spawn ENOENT\n${stack}`,
      "AssertionError [ERR_ASSERTION]: '' == 'Error: spawn UNKNOWN'",
      `AssertionError [ERR_ASSERTION]: stderr:\nError: spawn UNKNOWN\n${stack}`,
    ]) assert.ok(!isFalseStart({ test, error }), error);
  });

  it('prints its platforms', async () => {
    const { code, output } = await run(process.execPath,
      [path.join(__dirname, 'run.js'), '--list'], { env: process.env });
    assert.strictEqual(code, 0);
    for (const name of ['kernel-5.10', 'kernel-6.1', 'kernel-6.12',
      'kernel-7.2', 'linux-arm64', 'linux-s390x'])
      assert.match(output, new RegExp(`^${name} `, 'm'));
    const wrong = await run(process.execPath,
      [path.join(__dirname, 'run.js'), 'kernel-1.0'], { env: process.env });
    assert.strictEqual(wrong.code, 1);
    assert.match(wrong.output, /no such platform: kernel-1\.0/);
  });
});
