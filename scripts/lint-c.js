'use strict';

// clang-format, clang-tidy and cppcheck for the C sources.
//
//   node scripts/lint-c.js [FILE...]    reports
//   node scripts/lint-c.js --fix        only formats

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

function run(tool, args, inputs = files) {
  if (inputs.length === 0) return;
  console.log(`${tool}: ${fix ? 'formatting' : 'checking'}`);
  const { error, status, stderr } = spawnSync(tool, args, {
    cwd: root,
    encoding: 'utf8',
    stdio: ['ignore', 'inherit', 'pipe'],
  });
  // clang-tidy prints a count of warnings in system headers.
  if (stderr) process.stderr.write(stderr.replace(/^\d+ warnings?.*\n/gm, ''));
  if (error?.code === 'ENOENT') console.error(`${tool} is not installed`);
  else if (error) throw error;
  if (status !== 0) failures++;
}

const named = process.argv.slice(2).filter((name) => /\.[ch]$/.test(name));
const files = named.length > 0 ?
  named :
  ['src', 'test', 'bench'].flatMap(sources);
// Without files that need Windows headers or contain deliberate errors.
const compiled = files.filter((name) =>
  /\.c$/.test(name) && !/\/win\.c$|^test\/memory\//.test(name));

// The fuzz targets replace the system calls of the C core.
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
  const fuzz = compiled.filter(isFuzz);
  const others = compiled.filter((name) => !isFuzz(name));
  run('clang-tidy', ['--quiet', ...others, '--', ...FLAGS], others);
  run('clang-tidy', ['--quiet', ...fuzz, '--', ...FLAGS, ...FUZZ_FLAGS], fuzz);
  run('cppcheck', [
    '--quiet', '--std=c11', '--enable=warning,performance,portability',
    '--inline-suppr', '--suppress=missingIncludeSystem', '--error-exitcode=1',
    '-Isrc', '-Itest/fuzz', ...compiled,
  ], compiled);
}
process.exitCode = failures > 0 ? 1 : 0;
