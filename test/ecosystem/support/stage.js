'use strict';

/**
 * Creates a folder in which a program finds the packages and the packed
 * dgram-native, as installed by a user. Runs programs there, with node:dgram
 * and with dgram-native, and compares the results.
 */

const assert = require('node:assert');
const { spawn } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');
const { inspect, isDeepStrictEqual } = require('node:util');

const { nodeBinary, versions } = require('../../matrix/nodes');
const { directory: packed } = require('../../support/package');
const { home, installPackages, packageFile } = require('./packages');

const root = path.join(__dirname, '..', '..', '..');
const ADDON = path.join(root, 'build', 'Release', 'dgram_native.node');

/** Time limit of a program, in milliseconds. */
const LIMIT = 60000;

let directory;
let serial = 0;

/** The ways to load the module; the first is the reference. */
const WAYS = {
  'node:dgram': { module: 'node:dgram' },
  'require()': { module: 'dgram-native' },
  'register': { module: 'node:dgram', register: true },
  // For test runners: a file that is loaded before each test file.
  'register as setup file': {
    module: 'node:dgram', env: { ECOSYSTEM_SETUP: 'dgram-native/register' },
  },
};

const USUAL = ['node:dgram', 'require()', 'register'];

// ---------------------------------------------------------------------------
// The folder

/**
 * Installs the packed package, with the addon of this checkout, as FOLDER.
 *
 * @returns {string} FOLDER
 */
function addPackage(folder) {
  fs.cpSync(packed, folder, { recursive: true });
  addAddon(folder);
  return folder;
}

/** Adds the addon where `npm install` puts a compiled one. */
function addAddon(folder) {
  const release = path.join(folder, 'build', 'Release');
  fs.mkdirSync(release, { recursive: true });
  fs.copyFileSync(ADDON, path.join(release, 'dgram_native.node'));
}

function setUp() {
  installPackages();
  // Within the packages' folder, so that programs find them.
  directory = fs.mkdtempSync(path.join(home, 'run-'));
  const modules = path.join(directory, 'node_modules');
  fs.mkdirSync(modules);
  addPackage(path.join(modules, 'dgram-native'));
  fs.cpSync(packageFile('node-gyp-build'),
            path.join(modules, 'node-gyp-build'), { recursive: true });
  for (const name of ['programs', 'projects'])
    fs.cpSync(path.join(__dirname, '..', name), path.join(directory, name),
              { recursive: true });
  fs.copyFileSync(path.join(__dirname, 'evidence.js'),
                  path.join(directory, 'evidence.js'));
}

function tearDown() {
  if (directory === undefined) return;
  fs.rmSync(directory, { recursive: true, force: true, maxRetries: 3 });
  directory = undefined;
}

/** @returns {string} a path within the folder */
function within(...names) {
  return path.join(directory, ...names);
}

// ---------------------------------------------------------------------------
// Programs

/** Without settings of npm, mocha or the terminal. */
function cleanEnvironment() {
  const kept = Object.entries(process.env).filter(([name]) =>
    name === 'DGRAM_NATIVE_TRANSPORT' || name === 'DGRAM_NATIVE_GSO' ||
    name === 'DGRAM_NATIVE_GRO' ||
    !/^(?:npm_|DGRAM_|NODE_|JEST_|VITEST|MOCHA|CI$|FORCE_COLOR$)/i.test(name));
  return { ...Object.fromEntries(kept), NO_COLOR: '1', TZ: 'UTC' };
}

/** Warnings about Node's own features, which are unrelated to sockets. */
const EXPERIMENTAL =
  /^\(node:\d+\) ExperimentalWarning: .*\n(?:\(Use `.*\n)?/gm;

/** Removes text that differs between equal runs. */
function plain(text) {
  return text.replaceAll(directory, '<run>').replace(EXPERIMENTAL, '')
    .replace(/\(node:\d+\)/g, '(node:<pid>)');
}

/**
 * @param {string[]} argv  of Node
 * @param {object} options
 * @param {string} options.way  a name of WAYS
 * @param {string} [options.node]  the binary
 * @param {string} [options.cwd]
 * @param {object} [options.env]
 * @param {string[]} [options.preloads]  files to preload
 * @returns {Promise<{ code: number | null, signal: string | null,
 *   stdout: string, stderr: string, addons: number, sockets: string[] }>}
 *   number of loaded dgram-native addons, and the kind of each socket, see
 *   evidence.js
 */
async function run(argv, { way, node = process.execPath, cwd = directory,
                           env = {}, preloads = [] }) {
  const { module, register = false, env: its = {} } = WAYS[way];
  const evidence = within(`evidence-${++serial}.log`);
  const first = [within('evidence.js'), ...preloads];
  if (register)
    first.push(within('node_modules', 'dgram-native', 'dist', 'register.js'));
  const child = spawn(node, argv, {
    cwd,
    env: {
      ...cleanEnvironment(),
      NODE_OPTIONS: first.map((file) => `--require ${file}`).join(' '),
      ECOSYSTEM_DGRAM: module,
      ECOSYSTEM_EVIDENCE: evidence,
      ...its,
      ...env,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
    // A process group, to end the program with its child processes.
    detached: true,
  });
  const ended = await end(child);
  return { ...ended, ...read(evidence) };
}

function end(child) {
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text) => stdout += text);
  child.stderr.setEncoding('utf8').on('data', (text) => stderr += text);
  return new Promise((resolve, reject) => {
    // The result has the signal and the output so far.
    const late = setTimeout(() => process.kill(-child.pid, 'SIGKILL'), LIMIT);
    child.on('error', reject);
    child.on('close', (code, signal) => {
      clearTimeout(late);
      resolve({ code, signal, stdout: plain(stdout), stderr: plain(stderr) });
    });
  });
}

function read(evidence) {
  const kinds = fs.existsSync(evidence) ?
    fs.readFileSync(evidence, 'utf8').split('\n').filter(Boolean)
      .map((line) => JSON.parse(line).kind) :
    [];
  return {
    addons: kinds.filter((kind) => kind === 'addon').length,
    sockets: kinds.filter((kind) => kind !== 'addon'),
  };
}

/**
 * Checks that a program loaded the addon, and that each of its sockets was of
 * the expected kind.
 *
 * @param {string} way
 * @param {object} result  from run()
 * @param {object} [options]
 * @param {string[]} [options.others]  kinds that are allowed besides `native`
 * @param {boolean} [options.opens]  false: the program opens no socket
 */
function proveOrigin(way, { addons, sockets }, { others = [], opens = true }) {
  const native = way !== 'node:dgram';
  const right = native ? 'native' : 'builtin';
  const wrong = sockets
    .filter((kind) => kind !== right && !others.includes(kind));
  assert.deepStrictEqual(wrong, [],
    `${way}: the sockets were ${sockets.join(', ')}`);
  assert.strictEqual(sockets.includes(right), opens,
    `${way}: the sockets were ${sockets.join(', ') || 'none'}`);
  assert.strictEqual(addons > 0, native, `${way}: ${addons} addons`);
}

/**
 * Runs a program with node:dgram, then in each way with dgram-native. Each run
 * must give `expected` and the right sockets.
 *
 * @param {string[]} argv
 * @param {object} expected  stdout, or a result that differs from success
 * @param {object} [options]  options of run(), and
 * @param {string[]} [options.ways]  names of WAYS
 * @param {string[]} [options.others]  see proveOrigin()
 * @param {boolean} [options.opens]
 * @param {(result: object) => object} [options.of]  returns the part of a
 *   result to compare, instead of the output
 */
async function same(argv, expected, options = {}) {
  const {
    ways = USUAL, others, opens, of: taken = outcome, ...how
  } = options;
  const right = typeof expected === 'string' ? good(expected) : expected;
  for (const way of ways) {
    const result = await run(argv, { ...how, way });
    const seen = await taken(result);
    if (!isDeepStrictEqual(seen, right))
      throw new Error(difference(way, seen, right));
    proveOrigin(way, result, { others, opens });
  }
}

/** mocha's own diff would print each long line three times. */
function difference(way, seen, right) {
  return `with ${way}:\n${inspect(seen)}\ninstead of\n${inspect(right)}`;
}

const outcome = ({ code, signal, stdout, stderr }) =>
  ({ code, signal, stdout, stderr });

/** The outcome of a program that prints `stdout` and succeeds. */
const good = (stdout) => ({ code: 0, signal: null, stdout, stderr: '' });

// ---------------------------------------------------------------------------
// Nodes

const versionOf = (version) => version.split('.').map(Number);

/**
 * The Nodes from `release` on, as [title, binary]: the running one and those of
 * the matrix.
 *
 * @param {string} [release]
 */
function nodes(release = '18.18.0') {
  const isNew = (version) => {
    const [a, b] = [versionOf(version), versionOf(release)];
    return a[0] - b[0] || a[1] - b[1] || a[2] - b[2];
  };
  const others = process.platform === 'linux' ? versions : [];
  return [process.versions.node, ...others]
    .filter((version) => isNew(version) >= 0)
    .map((version) => [`Node ${version}`, () =>
      version === process.versions.node ? process.execPath :
        nodeBinary(version)]);
}

/** To be called within describe(). */
function useStage() {
  before('install the packages', function() {
    this.timeout(600000);
    setUp();
  });
  beforeEach(function() {
    this.currentTest.timeout(6 * LIMIT);
  });
  after('remove the folder', tearDown);
}

module.exports = {
  ADDON, WAYS, addPackage, nodes, packageFile, proveOrigin, run, same,
  useStage, within,
};
