'use strict';

// Builds a copy of the project with AddressSanitizer and
// UndefinedBehaviorSanitizer, runs programs of that copy under them, and reads
// their reports. Node itself is not instrumented. It is a copy that lists the
// sanitizers' libraries as its first dependencies, so that child processes load
// them in any environment.

const { execFileSync, spawnSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');

const { nodeHeaders } = require('../../scripts/node-headers');

const root = path.join(__dirname, '..', '..');
/** The instrumented copy; node_modules is in a parent directory. */
const copy = path.join(root, '.cache', 'asan', 'copy');
const reports = path.join(root, '.cache', 'asan', 'reports');

const gyp = require.resolve('node-gyp/bin/node-gyp.js');
const left = new Set(['.cache', '.git', 'build', 'node_modules']);

/** Node linked with the sanitizers' libraries. */
const node = path.join(root, '.cache', 'asan', 'bin', 'node');
/** Their options, as a library: see options.c. libasan has to be the first of
 * all libraries, and overrides symbols of the same name. */
const settings = path.join(root, '.cache', 'asan', 'bin', 'libasan.so.options');

const FLAGS = '-fsanitize=address,undefined -fno-omit-frame-pointer -g -O1 ' +
  '-DDGRAM_ASSERTIONS';

/** Makes a new copy. */
function prepare() {
  fs.rmSync(copy, { recursive: true, force: true });
  fs.mkdirSync(copy, { recursive: true });
  for (const name of fs.readdirSync(root)) {
    if (left.has(name)) continue;
    fs.cpSync(path.join(root, name), path.join(copy, name), {
      recursive: true,
      filter: (source) => !left.has(path.basename(source)),
    });
  }
  // Reuses downloads.
  const upstream = path.join(root, '.cache', 'upstream');
  fs.mkdirSync(upstream, { recursive: true });
  fs.mkdirSync(path.join(copy, '.cache'));
  fs.symlinkSync(upstream, path.join(copy, '.cache', 'upstream'));
  makeNode();
}

/** Real path of one of gcc's libraries. */
function library(name) {
  const file = execFileSync('gcc', [`-print-file-name=${name}`],
                            { encoding: 'utf8' }).trim();
  if (!path.isAbsolute(file)) throw new Error(`gcc has no ${name}`);
  return fs.realpathSync(file);
}

function makeNode() {
  fs.mkdirSync(path.dirname(node), { recursive: true });
  execFileSync('gcc', [
    '-shared', '-fPIC', '-Wall', '-Wextra', '-Werror',
    `-DDGRAM_REPORTS="${reports}"`,
    `-DDGRAM_UBSAN="${library('libubsan.so')}"`,
    path.join(__dirname, 'options.c'), '-o', settings,
  ], { stdio: ['ignore', 'inherit', 'inherit'] });
  fs.rmSync(node, { force: true });
  fs.copyFileSync(process.execPath, node);
  // Each is put before the previous ones.
  for (const needed of [
    library('libubsan.so'), library('libasan.so'), settings,
  ]) {
    execFileSync('patchelf', ['--add-needed', needed, node],
                 { stdio: ['ignore', 'inherit', 'inherit'] });
  }
}

/** @param {string} directory the copy's directory with a binding.gyp */
function build(directory) {
  execFileSync(process.execPath, [
    gyp, 'rebuild', '--loglevel', 'warn',
    '--directory', path.join(copy, directory),
    '--nodedir', path.join(nodeHeaders(), '..', '..'),
  ], {
    env: {
      ...process.env,
      CC: 'gcc',
      CXX: 'g++',
      CFLAGS: FLAGS,
      // Addons are built without RTTI, so there is no vptr check.
      CXXFLAGS: `${FLAGS} -fno-sanitize=vptr`,
      // Never unloaded, so that frames of finished threads have names.
      LDFLAGS: '-fsanitize=address,undefined -Wl,-z,nodelete',
    },
    stdio: ['ignore', 'inherit', 'inherit'],
  });
}

/**
 * Runs Node with `args` in the copy, under the sanitizers, like all its child
 * processes.
 * @param {string[]} args
 * @param {object} [env] variables to set
 * @returns {{ status: number|null, signal: string|null }}
 */
function run(args, env = {}) {
  fs.rmSync(reports, { recursive: true, force: true });
  fs.mkdirSync(reports, { recursive: true });
  return spawnSync(node, args, {
    cwd: copy,
    env: { ...process.env, ...env },
    stdio: ['ignore', 'inherit', 'inherit'],
  });
}

/**
 * Reports of the last run(): memory errors, undefined behaviour, and leaks of
 * the project's addons.
 * @returns {string[]}
 */
function findings() {
  return fs.readdirSync(reports).flatMap((name) => {
    const text = fs.readFileSync(path.join(reports, name), 'utf8');
    if (/ERROR: AddressSanitizer|: runtime error: /.test(text)) return [text];
    return text.split(/\n\s*\n/).filter(isOurLeak);
  });
}

/**
 * A leak of memory that one of the copy's addons allocated, itself or through
 * Node-API. V8's heap does not count: process.exit() leaves it allocated, even
 * the parts that grew while an addon was on the stack.
 */
function isOurLeak(block) {
  if (!/\b(Direct|Indirect) leak of\b/.test(block)) return false;
  const frames = block.split('\n').filter((text) => /^\s*#\d/.test(text));
  const ours = frames.findIndex((frame) => frame.includes(copy));
  return ours !== -1 &&
    !frames.slice(0, ours).some((frame) => frame.includes(' v8::internal::'));
}

module.exports = { build, copy, findings, prepare, run };
