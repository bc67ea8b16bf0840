'use strict';

// clang-format, clang-tidy and cppcheck over the C sources.
//
//   node scripts/lint-c.js          reports
//   node scripts/lint-c.js --fix    formats, and nothing else

const { spawnSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');

const { nodeHeaders } = require('./node-headers');

const root = path.join(__dirname, '..');
const fix = process.argv.includes('--fix');

function sources(dir) {
  if (!fs.existsSync(path.join(root, dir))) return [];
  return fs.readdirSync(path.join(root, dir), { withFileTypes: true })
    .filter((entry) => entry.name !== 'build')
    .flatMap((entry) => {
      const name = path.join(dir, entry.name);
      if (entry.isDirectory()) return sources(name);
      return /\.[ch]$/.test(name) ? [name] : [];
    })
    .sort();
}

let failures = 0;

function run(tool, args) {
  console.log(`${tool}: ${fix ? 'formatting' : 'checking'}`);
  const { error, status, stderr } = spawnSync(tool, args, {
    cwd: root,
    encoding: 'utf8',
    stdio: ['ignore', 'inherit', 'pipe'],
  });
  // clang-tidy counts what it found in the headers of others.
  if (stderr) process.stderr.write(stderr.replace(/^\d+ warnings?.*\n/gm, ''));
  if (error?.code === 'ENOENT') console.error(`${tool} is not installed`);
  else if (error) throw error;
  if (status !== 0) failures++;
}

const files = ['src', 'test', 'bench'].flatMap(sources);
// Without what needs the headers of Windows, or is wrong on purpose.
const compiled = files.filter((name) =>
  /\.c$/.test(name) && !/\/win\.c$|^test\/memory\//.test(name));

// The fuzz targets put a kernel of their own below the C core.
const isFuzz = (name) => name.startsWith('test/fuzz/');
const FLAGS = [
  '-std=c11', '-D_GNU_SOURCE', '-DNAPI_VERSION=8',
  '-Isrc', '-isystem', nodeHeaders(),
];
const FUZZ_FLAGS = ['-Itest/fuzz', '-include', 'test/fuzz/kernel.h'];

if (fix) {
  run('clang-format', ['-i', ...files]);
} else {
  run('clang-format', ['--dry-run', '-Werror', ...files]);
  run('clang-tidy', [
    '--quiet', ...compiled.filter((name) => !isFuzz(name)), '--', ...FLAGS,
  ]);
  run('clang-tidy', [
    '--quiet', ...compiled.filter(isFuzz), '--', ...FLAGS, ...FUZZ_FLAGS,
  ]);
  run('cppcheck', [
    '--quiet', '--std=c11', '--enable=warning,performance,portability',
    '--inline-suppr', '--suppress=missingIncludeSystem', '--error-exitcode=1',
    '-Isrc', '-Itest/fuzz', ...compiled,
  ]);
}
process.exitCode = failures > 0 ? 1 : 0;
