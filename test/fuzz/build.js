'use strict';

// Builds a target: the C core with clang's libFuzzer, AddressSanitizer and
// UndefinedBehaviorSanitizer, and Debian's libuv.

const { spawnSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');

const { targets } = require('./targets');

const root = path.join(__dirname, '..', '..');
/** Binaries, extended corpora and failing inputs. */
const cache = path.join(root, '.cache', 'fuzz');

const FLAGS = [
  '-std=c11', '-D_GNU_SOURCE', '-g', '-O1', '-fno-omit-frame-pointer',
  '-Wall', '-Wextra', '-Wshadow', '-Wconversion', '-Werror',
  '-fsanitize=fuzzer,address,undefined', '-fno-sanitize-recover=all',
  '-DDGRAM_ASSERTIONS', '-Isrc', '-Itest/fuzz',
  '-include', 'test/fuzz/kernel.h',
];

function check(tool, args) {
  const { status, error } = spawnSync(tool, args, { stdio: 'ignore' });
  return !error && status === 0;
}

/** @returns {string|null} the missing tool or library, or null */
function missing() {
  if (process.platform !== 'linux') return 'Linux';
  if (!check('clang', ['--version'])) {
    return 'clang (Debian: clang, libclang-rt-14-dev)';
  }
  if (!check('pkg-config', ['--exists', 'libuv-static'])) {
    return 'libuv and pkg-config (Debian: libuv1-dev, pkg-config)';
  }
  return null;
}

function libuv() {
  const { stdout } = spawnSync('pkg-config',
    ['--cflags', '--libs', 'libuv-static'], { encoding: 'utf8' });
  return stdout.trim().split(/\s+/);
}

/**
 * @param {string} name of a target
 * @returns {string} the binary
 * @throws {Error} if the compiler fails; it prints the reason
 */
function build(name) {
  fs.mkdirSync(path.join(cache, 'bin'), { recursive: true });
  const binary = path.join(cache, 'bin', name);
  const { status } = spawnSync('clang', [
    ...FLAGS, `test/fuzz/targets/${name}.c`, ...targets[name], ...libuv(),
    '-o', binary,
  ], { cwd: root, stdio: ['ignore', 'inherit', 'inherit'] });
  if (status !== 0) throw new Error(`clang cannot build the target ${name}`);
  return binary;
}

module.exports = { build, cache, missing, root };
