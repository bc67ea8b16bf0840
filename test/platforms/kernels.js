'use strict';

/** Linux kernels other than this machine's, as User-Mode Linux. x64 only. */

const path = require('node:path');

const { compileLibrary } = require('../support/compile');
const { allExplained } = require('./report');
const {
  MOCHA, installDebian, mochaArgs, mochaStep, quickFiles, root, testFiles,
  timeFactor,
} = require('./support');
const { upstreamStep } = require('./upstream');
const { INSIDE, prepareKernel, runInKernel } = require('./user-mode-linux');

/** Debian releases with the package user-mode-linux, by kernel. */
const SUITES = {
  '5.10': 'bullseye', '6.1': 'bookworm', '6.12': 'trixie', '7.2': 'sid',
};

/** The kernel interprets every system call of its processes. */
const TIME_FACTOR = 3;

/** What depends on the kernel most. Without --quick all of test/api. */
const QUICK = ['test/api/receive', 'test/api/connect', 'test/native'];
const ALL = ['test/api', 'test/native'];

/** They prove which features of this kernel are used. */
const GATES = ['test/faults/gates.test.js', 'test/faults/sandbox.test.js'];

/** Libraries of the gates' tests. A kernel copies them; it need not compile. */
const LIBRARIES = ['faults', 'sandbox']
  .map((name) => path.join(root, 'test', 'faults', `${name}.c`));

/**
 * Binaries that other tests, such as those of `npm run test:matrix`, replace: a
 * kernel has its own copy.
 */
const BUILDS = [path.join(root, 'build'), path.join(root, 'test/native/build')];

/** Where tests write, apart from the temporary folder. */
const TOOLS_FOLDER = path.join(root, '.cache', 'tools');
const UPSTREAM_FOLDER = path.join(root, '.cache', 'upstream');

const TOOLS = {
  patchelf: 'patchelf', modprobe: 'kmod', ip: 'iproute2', perl: 'perl-base',
};

function runner(kernel, { cache, timeout }) {
  const base = { DGRAM_TEST_TIME_FACTOR: timeFactor(TIME_FACTOR) };
  for (const variable of ['DGRAM_NATIVE_BINDING', 'DGRAM_TEST_PACKAGE']) {
    base[variable] = process.env[variable];
  }
  return (command, env, label, writable = [TOOLS_FOLDER]) =>
    runInKernel(kernel, command, {
      out: path.join(cache, label),
      env: { ...base, ...env },
      timeout,
      writable: [...BUILDS, ...writable],
    });
}

async function runKernel(name, suite, context) {
  await installDebian(TOOLS);
  require('../support/package'); // packed once, on the host
  for (const source of LIBRARIES) compileLibrary(source);
  context.log(`kernel of Debian ${suite}`);
  const kernel = prepareKernel(suite, context.cache);
  const start = runner(kernel, context);
  let release = '';

  const mocha = async (files, { env, label }) => {
    const inside = { ...env, DGRAM_PLATFORM_REPORT: `${INSIDE}/report` };
    const ended = await start(
      [process.execPath, MOCHA, ...mochaArgs(files)], inside, label);
    ({ release } = ended);
    return ended;
  };
  const steps = [await mochaStep({
    platform: name, title: 'api, native, gates', mocha,
    files: [
      ...context.quick ? quickFiles(...QUICK) : testFiles(...ALL),
      ...GATES,
    ],
    log: context.log,
    reportOf: (label) => path.join(context.cache, label, 'report'),
  })];
  if (!context.quick) {
    steps.push(await upstreamStep({
      platform: name,
      start: (command, label) => start(command, {}, label, [UPSTREAM_FOLDER]),
      reports: path.join(context.cache, 'upstream'),
      inside: INSIDE,
    }));
  }
  const how = `User-Mode Linux ${release}, Node ${process.version}`;
  return { name, how, steps, ok: allExplained(steps) };
}

const platforms = {};
for (const [version, suite] of Object.entries(SUITES)) {
  const name = `kernel-${version}`;
  platforms[name] = {
    title: `Linux ${version} on x64, as User-Mode Linux`,
    run: (context) => runKernel(name, suite, context),
  };
}

module.exports = { platforms };
