'use strict';

// Jest runs each file in a sandbox (vm), several in one process, and destroys
// it; the addon stays loaded.

const { WAYS, nodes, packageFile, same, useStage, within } =
  require('./support/stage');

const JEST = packageFile('jest', 'bin', 'jest.js');

/** The number of tests of each file. */
const FILES = {
  requires: 1, closes: 1, receives: 4, fakes: 3, leaves: 1, resets: 1,
};

/** Jest's warnings besides the results of the tests. */
const COMPLAINTS = new RegExp([
  'Jest did not exit one second', 'leaking memory', 'open handles?',
  'environment has been torn down', 'after tests are done', '\\w*Warning',
  'A worker process has failed to exit',
].join('|'), 'g');

/** The message and the place of an error. */
const head = (text) => text.split('\n', 2).map((line) => line.trim()).join(' ');

/** The part of --json that a user reads. */
function outcome({ code, stdout, stderr }) {
  let report;
  try {
    report = JSON.parse(stdout);
  } catch {
    return { code, stdout, stderr };
  }
  return {
    code,
    passed: report.numPassedTests,
    failed: report.testResults.flatMap(({ assertionResults, message }) => [
      ...assertionResults.filter(({ status }) => status !== 'passed')
        .map(({ title, failureMessages }) =>
          `${title}: ${failureMessages.map(head).join()}`),
      // A failure of the whole file, such as a leak.
      ...assertionResults.every(({ status }) => status === 'passed') ?
        [message].filter(Boolean) : [],
    ]),
    openHandles: report.openHandles.length,
    complaints: [...new Set(stderr.match(COMPLAINTS) ?? [])],
  };
}

const right = (files) => ({
  code: 0,
  passed: files.reduce((sum, name) => sum + FILES[name], 0),
  failed: [],
  openHandles: 0,
  complaints: [],
});

/** Runs these files in this order, in each way of loading the module. */
function jest(files, flags, options) {
  return same([JEST, '--json', ...flags], right(files), {
    cwd: within('projects', 'jest'),
    env: { ECOSYSTEM_ORDER: files.join() },
    of: outcome,
    ways: Object.keys(WAYS),
    ...options,
  });
}

describe('the tests of a user, in Jest', () => {
  useStage();

  for (const files of [
    ['requires', 'receives'], ['receives', 'requires'],
    ['fakes', 'receives'], ['receives', 'fakes'],
    ['leaves', 'receives'], ['receives', 'leaves'],
    ['resets', 'receives'],
    ['requires', 'fakes', 'leaves', 'receives'],
  ]) {
    it(`run ${files.join(', then ')}, in one process`, () =>
      jest(files, ['--runInBand']));
  }

  for (const [title, node] of nodes().slice(1)) {
    it(`run all in one process, on ${title}`, () =>
      jest(['requires', 'fakes', 'leaves', 'receives'], ['--runInBand'],
           { node: node() }));
  }

  it('run all in one worker process', () =>
    jest(['requires', 'fakes', 'leaves', 'receives'], ['--maxWorkers=1']));

  it('run all in two worker processes', () =>
    jest(['requires', 'fakes', 'leaves', 'receives'], ['--maxWorkers=2']));

  it('run all in two worker threads', () =>
    jest(['requires', 'fakes', 'leaves', 'receives'],
         ['--maxWorkers=2', '--workerThreads']));

  it('have no leak if they only require the module', () =>
    jest(['requires'], ['--detectLeaks', '--runInBand'], { opens: false }));

  // node:dgram leaks on earlier Nodes, after a single closed socket.
  for (const [title, node] of nodes('24.0.0')) {
    it(`have no leak if their socket is closed, on ${title}`, () =>
      jest(['closes'], ['--detectLeaks', '--runInBand'], { node: node() }));
  }

  it('have no open handle if all sockets are closed', () =>
    jest(['requires', 'receives'], ['--detectOpenHandles']));
});
