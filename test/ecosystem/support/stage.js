'use strict';

/**
 * A folder in which a program finds the packages, and the packed dgram-native
 * as a user has it; and how to run it there, once with node:dgram and once
 * with ours, and compare.
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

/** Milliseconds. A program that takes longer on any machine has hung. */
const LIMIT = 60000;

let directory;
let serial = 0;

/** How a program comes to its sockets; the first tells what is right. */
const WAYS = {
  'node:dgram': { module: 'node:dgram' },
  'require()': { module: 'dgram-native' },
  'register': { module: 'node:dgram', register: true },
  // Of test runners: a file that is loaded before each file of tests.
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

/** As `npm install` leaves it where the addon is compiled. */
function addAddon(folder) {
  const release = path.join(folder, 'build', 'Release');
  fs.mkdirSync(release, { recursive: true });
  fs.copyFileSync(ADDON, path.join(release, 'dgram_native.node'));
}

function setUp() {
  installPackages();
  // In it, so that a program finds the installed packages above it.
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

/** Nothing of this run of npm or mocha, and nothing of the user's terminal. */
function cleanEnvironment() {
  const kept = Object.entries(process.env).filter(([name]) =>
    name === 'DGRAM_NATIVE_TRANSPORT' || name === 'DGRAM_NATIVE_GSO' ||
    name === 'DGRAM_NATIVE_GRO' ||
    !/^(?:npm_|DGRAM_|NODE_|JEST_|VITEST|MOCHA|CI$|FORCE_COLOR$)/i.test(name));
  return { ...Object.fromEntries(kept), NO_COLOR: '1', TZ: 'UTC' };
}

/** Of Node's own features: which Node has which says nothing of sockets. */
const EXPERIMENTAL =
  /^\(node:\d+\) ExperimentalWarning: .*\n(?:\(Use `.*\n)?/gm;

/** What differs between runs that went alike is left out. */
function plain(text) {
  return text.replaceAll(directory, '<run>').replace(EXPERIMENTAL, '')
    .replace(/\(node:\d+\)/g, '(node:<pid>)');
}

/**
 * @param {string[]} argv  of the Node
 * @param {object} options
 * @param {string} options.way  a name of WAYS
 * @param {string} [options.node]  the binary
 * @param {string} [options.cwd]
 * @param {object} [options.env]
 * @param {string[]} [options.preloads]  files to be required first
 * @returns {Promise<{ code: number | null, signal: string | null,
 *   stdout: string, stderr: string, addons: number, sockets: string[] }>}
 *   how many addons of ours were loaded, and the kind of each socket, see
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
    // A group of its own, to end it with all that it has started.
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
    // The signal is in the result, and the output says how far it came.
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
 * That a program had the addon, and that every socket of it was what it was to
 * be.
 *
 * @param {string} way
 * @param {object} result  of run()
 * @param {object} [options]
 * @param {string[]} [options.others]  kinds that are right beside the native
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
 * Runs a program with node:dgram, then in each way with ours: all have to
 * show `expected`, and which sockets they had.
 *
 * @param {string[]} argv
 * @param {object} expected  stdout, and what differs from a good end
 * @param {object} [options]  of run(), and
 * @param {string[]} [options.ways]  names of WAYS
 * @param {string[]} [options.others]  see proveOrigin()
 * @param {boolean} [options.opens]
 * @param {(result: object) => object} [options.of]  takes from a result what
 *   is compared, instead of the output
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

/** mocha's own difference would show each long line three times. */
function difference(way, seen, right) {
  return `with ${way}:\n${inspect(seen)}\ninstead of\n${inspect(right)}`;
}

const outcome = ({ code, signal, stdout, stderr }) =>
  ({ code, signal, stdout, stderr });

/** The outcome of a program that prints `stdout` and is content. */
const good = (stdout) => ({ code: 0, signal: null, stdout, stderr: '' });

// ---------------------------------------------------------------------------
// Nodes

const versionOf = (version) => version.split('.').map(Number);

/**
 * The Nodes from `release` on, as [title, binary]: the running one, and
 * those of the matrix.
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
  before('the packages, and a folder with ours', function() {
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
