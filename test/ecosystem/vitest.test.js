'use strict';

// vitest runs each file in a process, a thread, or a vm context of a thread.

const { WAYS, packageFile, same, useStage, within } =
  require('./support/stage');

const VITEST = packageFile('vitest', 'vitest.mjs');

/** The part of the JSON reporter that a user reads. */
function outcome({ code, stdout, stderr }) {
  let report;
  try {
    report = JSON.parse(stdout);
  } catch {
    return { code, stdout, stderr };
  }
  const all = report.testResults.flatMap(({ assertionResults }) =>
    assertionResults);
  const files = report.testResults.filter(({ status }) => status !== 'passed');
  return {
    code,
    passed: all.filter(({ status }) => status === 'passed').length,
    failed: [
      ...all.filter(({ status }) => status === 'failed')
        .map(({ title, failureMessages }) => `${title}: ${failureMessages}`),
      ...files.map(({ message }) => message).filter(Boolean),
    ],
    stderr,
  };
}

const right = (passed) => ({ code: 0, passed, failed: [], stderr: '' });

describe('the tests of a user, in vitest', () => {
  useStage();

  for (const [pool, passed] of Object.entries({
    forks: 4, threads: 5, vmThreads: 5, vmForks: 4,
  })) {
    it(`run in the pool ${pool}`, () =>
      same([VITEST, 'run', '--reporter=json'], right(passed), {
        cwd: within('projects', 'vitest'),
        env: { ECOSYSTEM_POOL: pool },
        of: outcome,
        ways: Object.keys(WAYS),
      }));
  }
});
