'use strict';

/**
 * The package as published: the files of `npm pack`, unpacked below .cache/ and
 * packed again when a source has changed. Tests and the benchmark load these;
 * lib/ itself is for tests of internals.
 *
 * DGRAM_TEST_PACKAGE names the folder of another installed package. It is set
 * here, so that child processes and workers use the same one. The addon is that
 * of `npm run build`, unless DGRAM_NATIVE_BINDING names another.
 */

const { execFileSync, spawnSync } = require('node:child_process');
const { createHash } = require('node:crypto');
const fs = require('node:fs');
const path = require('node:path');

const root = path.join(__dirname, '..', '..');
const cache = path.join(root, '.cache', 'packed');

/** Age after which a copy may be deleted. */
const DAY = 24 * 60 * 60 * 1000;

/** The files that determine the published JavaScript. */
function ingredients() {
  const lib = fs.readdirSync(path.join(root, 'lib'), { recursive: true })
    .filter((name) => /\.m?[jt]s$/.test(name))
    .map((name) => path.join('lib', name));
  const examples = fs.readdirSync(path.join(root, 'examples'))
    .map((name) => path.join('examples', name));
  return [...lib, ...examples, path.join('scripts', 'bundle.js'),
          path.join('scripts', 'code-cache.js'), 'package.json'];
}

/** Of the sources, and of this folder: before V8 12 the code cache names it. */
function fingerprint() {
  const hash = createHash('sha256').update(`${root}\n`);
  for (const file of ingredients()) {
    const text = fs.readFileSync(path.join(root, file));
    hash.update(`${file}\n${text.length}\n`).update(text);
  }
  return hash.digest('hex').slice(0, 16);
}

/** npm of the running Node, else the one in PATH. */
function npm(args) {
  const beside = path.join(path.dirname(process.execPath), 'npm');
  const cli = process.env.npm_execpath ??
    (fs.existsSync(beside) ? fs.realpathSync(beside) : null);
  const [command, ...first] = cli === null ? ['npm'] : [process.execPath, cli];
  return execFileSync(command, [...first, ...args], {
    cwd: root,
    encoding: 'utf8',
    env: { ...process.env, NODE_OPTIONS: '' },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
}

/** Deletes copies that are no longer in use. */
function forgetOld() {
  for (const name of fs.readdirSync(cache)) {
    const copy = path.join(cache, name);
    const stat = fs.statSync(copy, { throwIfNoEntry: false });
    if (stat !== undefined && Date.now() - stat.mtimeMs > DAY) {
      fs.rmSync(copy, { recursive: true, force: true });
    }
  }
}

function stage(copy) {
  require('../../scripts/bundle').bundle();
  fs.mkdirSync(cache, { recursive: true });
  forgetOld();
  // Renamed at the end: another process may do the same at that time.
  const unfinished = fs.mkdtempSync(path.join(cache, 'unfinished-'));
  const [{ filename }] = JSON.parse(npm(
    ['pack', '--json', '--ignore-scripts', '--pack-destination', unfinished]));
  const tarball = path.join(unfinished, filename);
  execFileSync('tar', ['-xzf', tarball, '-C', unfinished]);
  fs.rmSync(tarball);
  // The prebuilt binaries may be older than the sources.
  fs.rmSync(path.join(unfinished, 'package', 'prebuilds'),
            { recursive: true, force: true });
  try {
    fs.renameSync(unfinished, copy);
  } catch (error) {
    if (!fs.existsSync(copy)) throw error;
    fs.rmSync(unfinished, { recursive: true });
  }
}

/**
 * As `npm install` does; each Node has a code cache of its own. Failures do not
 * matter: an addon with sanitizers loads only in processes that preload them,
 * and one of those tries again.
 */
function makeCodeCache(directory) {
  const { fileOf } = require(path.join(directory, 'dist', 'code-cache.js'));
  const { version } = require('../../package.json');
  if (fs.existsSync(fileOf(path.join(directory, 'dist'), version))) return;
  spawnSync(process.execPath,
            [path.join(directory, 'scripts', 'code-cache.js')],
            { env: { ...process.env, NODE_OPTIONS: '' } });
}

function find() {
  const copy = path.join(cache, fingerprint());
  if (!fs.existsSync(copy)) stage(copy);
  return path.join(copy, 'package');
}

process.env.DGRAM_NATIVE_BINDING ??= path.join(
  root, 'build', 'Release', 'dgram_native.node');
process.env.DGRAM_TEST_PACKAGE ??= find();

const directory = process.env.DGRAM_TEST_PACKAGE;

// Another Node may have packed it: that of `npm run test:matrix`.
if (path.dirname(path.dirname(directory)) === cache) makeCodeCache(directory);

const main = path.join(directory, 'dist', 'index.js');

/**
 * The addon that this thread's copy of the package uses, for its counters; null
 * if the copy uses node:dgram.
 */
function binding() {
  require(main);
  const { copies } = require('node:dgram')[Symbol.for('dgram-native')];
  return copies[path.dirname(main)].binding;
}

module.exports = {
  /** The folder with its package.json. */
  directory,
  /** The file of `require('dgram-native')`. */
  main,
  /** The file of `import 'dgram-native'`. */
  esm: path.join(directory, 'dist', 'index.mjs'),
  /** `dgram-native/register` */
  register: path.join(directory, 'dist', 'register.js'),
  binding,
};
