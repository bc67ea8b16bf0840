'use strict';

// mocha --parallel runs files in worker processes, several in each.

const { WAYS, nodes, packageFile, same, useStage, within } =
  require('./support/stage');

const MOCHA = packageFile('mocha', 'bin', 'mocha.js');

function outcome({ code, stdout, stderr }) {
  let report;
  try {
    report = JSON.parse(stdout);
  } catch {
    return { code, stdout, stderr };
  }
  return {
    code,
    passed: report.passes.map(({ fullTitle }) => fullTitle).sort(),
    failed: report.failures
      .map(({ fullTitle, err }) => `${fullTitle}: ${err.message}`),
    stderr,
  };
}

const TITLES = [
  'leaves a socket to the process', 'receives what a bound socket sends',
  'receives what a connected socket sends',
];

const RIGHT = {
  code: 0,
  passed: ['a', 'b', 'c']
    .flatMap((name) => TITLES.map((title) => `${name} ${title}`)),
  failed: [],
  stderr: '',
};

describe('the tests of a user, in mocha --parallel', () => {
  useStage();

  for (const [title, node] of nodes()) {
    it(`run in two processes, on ${title}`, () =>
      same([MOCHA, '--reporter', 'json'], RIGHT, {
        cwd: within('projects', 'mocha'),
        node: node(),
        of: outcome,
        ways: Object.keys(WAYS),
      }));
  }

  it('run in one process', () =>
    same([MOCHA, '--no-parallel', '--reporter', 'json'], RIGHT, {
      cwd: within('projects', 'mocha'),
      of: outcome,
      ways: Object.keys(WAYS),
    }));
});
