'use strict';

// A user's folder: the package installed from its tarball, without access to
// this repository.

const { execFileSync, spawnSync } = require('node:child_process');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');

const { bundle } = require('../../scripts/bundle');
const { nodeBinary, versions } = require('../matrix/nodes');

const root = path.join(__dirname, '..', '..');
const scratch = fs.mkdtempSync(path.join(os.tmpdir(), 'dgram-package-'));

/** Commands that compile or are required for compiling. */
const COMPILERS = [
  'cc', 'c++', 'gcc', 'g++', 'clang', 'clang++', 'make', 'gmake', 'ninja',
  'python', 'python3',
];

function temporary(name) {
  return fs.mkdtempSync(path.join(scratch, `${name}-`));
}

function cleanUp() {
  fs.rmSync(scratch, { recursive: true, force: true });
}

/**
 * The environment of a user's shell, without settings of npm or tests.
 * @param {string} PATH
 */
function cleanEnvironment(PATH) {
  const kept = Object.entries(process.env).filter(([name]) =>
    !/^(?:npm_|DGRAM_|NODE_|PREBUILDS_ONLY$|LIBC$)/i.test(name));
  return { ...Object.fromEntries(kept), PATH };
}

/** Creates the only directory of PATH: `node`, a shell for npm, no compiler. */
function barePath(node) {
  const directory = temporary('bin');
  fs.symlinkSync(node, path.join(directory, 'node'));
  fs.symlinkSync('/bin/sh', path.join(directory, 'sh'));
  return directory;
}

function npm(args, { cwd, env }) {
  const cli = process.env.npm_execpath ??
    fs.realpathSync(path.join(path.dirname(process.execPath), 'npm'));
  const { status, stdout, stderr } = spawnSync(
    process.execPath, [cli, ...args], { cwd, env, encoding: 'utf8' });
  if (status !== 0) {
    throw new Error(`npm ${args.join(' ')}: ${status}\n${stdout}${stderr}`);
  }
  return { stdout, stderr };
}

/** @returns {string} path of the tarball that `npm pack DIRECTORY` makes */
function pack(directory) {
  const to = temporary('tarball');
  const { stdout } = npm(
    ['pack', '--json', '--ignore-scripts', '--pack-destination', to, directory],
    { cwd: scratch, env: process.env });
  return path.join(to, JSON.parse(stdout)[0].filename);
}

/**
 * Installs tarballs into an empty folder, without a registry.
 * @param {string[]} tarballs
 * @param {{env: object, args?: string[]}} options
 * @returns {{directory: string, output: string}}
 */
function install(tarballs, { env, args = [] }) {
  const directory = temporary('app');
  fs.writeFileSync(path.join(directory, 'package.json'),
                   '{ "name": "app", "private": true }\n');
  const { stdout, stderr } = npm([
    'install', '--offline', '--no-audit', '--no-fund', '--foreground-scripts',
    '--cache', temporary('cache'), ...args, ...tarballs,
  ], { cwd: directory, env });
  return { directory, output: stdout + stderr };
}

/**
 * Runs `argv` of `node` within `directory`.
 * @returns {{status: number, stdout: string, stderr: string}}
 */
function run(node, argv, { cwd, env }) {
  return spawnSync(node, argv, {
    cwd, env, encoding: 'utf8', timeout: 240000,
  });
}

/**
 * Installs the package without compiler and without scripts.
 * @returns {{directory: string, env: object}}
 */
function installed() {
  const env = cleanEnvironment(barePath(process.execPath));
  const args = ['--ignore-scripts'];
  const { directory } = install(tarballs(), { args, env });
  return { directory, env };
}

let packed;

/** The package and its dependency, packed once per process. */
function tarballs() {
  if (packed === undefined) {
    bundle();
    packed = [root, path.dirname(require.resolve('node-gyp-build'))].map(pack);
  }
  return packed;
}

/** What `npm run build:prebuilt -- --all` builds here, below prebuilds/. */
function binaries() {
  const { platform, arch } = process;
  if (platform !== 'linux') return [`${platform}-${arch}/dgram-native.node`];
  const arches = arch === 'x64' ? ['x64', 'arm64'] : [arch];
  return arches.flatMap((name) => ['glibc', 'musl']
    .map((libc) => `linux-${name}/dgram-native.${libc}.node`));
}

/** The supported Nodes; the running one if the matrix has none. */
function nodes() {
  const others = process.platform === 'linux' ? versions.map(nodeBinary) : [];
  return [process.execPath, ...others];
}

/** An addon of the package that is installed in a directory. */
function addonOf(directory) {
  return path.join(directory, 'node_modules', 'dgram-native', 'prebuilds',
    `${process.platform}-${process.arch}`, process.platform === 'linux' ?
      'dgram-native.glibc.node' :
      'dgram-native.node');
}

/** Unpacks to DIRECTORY/package. */
function unpack(tarball, directory) {
  execFileSync('tar', ['-xzf', tarball, '-C', directory]);
}

function versionOf(node) {
  return execFileSync(node, ['-p', 'process.versions.node'],
                      { encoding: 'utf8' }).trim();
}

/** Copies the programs of consumer/ next to an installed package. */
function addConsumer(directory) {
  fs.cpSync(path.join(__dirname, 'consumer'), directory, { recursive: true });
}

/** The path of `command` on `PATH`, or undefined. */
function which(command, PATH) {
  return PATH.split(path.delimiter)
    .map((directory) => path.join(directory, command))
    .find((file) => fs.existsSync(file));
}

/** The files of a tarball, without the leading package/. */
function listing(tarball) {
  return execFileSync('tar', ['-tzf', tarball], { encoding: 'utf8' })
    .trim().split('\n').map((name) => name.replace(/^package\//, ''));
}

after('remove the folders', cleanUp);

module.exports = {
  COMPILERS,
  addConsumer,
  addonOf,
  barePath,
  binaries,
  cleanEnvironment,
  install,
  installed,
  listing,
  nodes,
  npm,
  pack,
  root,
  run,
  tarballs,
  temporary,
  unpack,
  versionOf,
  which,
};
