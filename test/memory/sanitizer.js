'use strict';

// Builds a copy of the project with AddressSanitizer, runs programs of that
// copy under it, and reads what was reported. Node itself is not instrumented:
// the sanitizer's runtime is preloaded into it.

const { execFileSync, spawnSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');

const { nodeHeaders } = require('../../scripts/node-headers');

const root = path.join(__dirname, '..', '..');
/** The instrumented copy; it finds node_modules above itself. */
const copy = path.join(root, '.cache', 'asan', 'copy');
const reports = path.join(root, '.cache', 'asan', 'reports');

const gyp = require.resolve('node-gyp/bin/node-gyp.js');
const left = new Set(['.cache', '.git', 'build', 'node_modules']);

const FLAGS = '-fsanitize=address -fno-omit-frame-pointer -g -O1';
const OPTIONS = {
  ASAN_OPTIONS: [
    // The code of an exit would say the same for a leak of Node's own.
    'abort_on_error=1',
    'detect_leaks=1',
    'detect_odr_violation=0',
    'malloc_context_size=12',
    `log_path=${path.join(reports, 'asan')}`,
    // Names the module of each frame, whether its source is known or not.
    'stack_trace_format="    #%n %p %F %L (%m)"',
  ].join(':'),
  // Node may leave memory behind when it exits, so leaks are for findings()
  // to judge, not for the exit code.
  LSAN_OPTIONS: 'exitcode=0',
};

/** Makes the copy anew. */
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
      CXXFLAGS: FLAGS,
      // Never unloaded: the frames of a thread that ended keep their names.
      LDFLAGS: '-fsanitize=address -Wl,-z,nodelete',
    },
    stdio: ['ignore', 'inherit', 'inherit'],
  });
}

/** The shared library of gcc's runtime, which has to be loaded first. */
function runtime() {
  const name = execFileSync('gcc', ['-print-file-name=libasan.so'],
                            { encoding: 'utf8' }).trim();
  if (!path.isAbsolute(name)) throw new Error('gcc has no libasan.so');
  return fs.realpathSync(name);
}

/**
 * Runs Node with `args` in the copy, under the sanitizer. Its children and
 * theirs inherit that.
 * @param {string[]} args
 * @param {object} [env] variables to set
 * @returns {{ status: number|null, signal: string|null }}
 */
function run(args, env = {}) {
  fs.rmSync(reports, { recursive: true, force: true });
  fs.mkdirSync(reports, { recursive: true });
  return spawnSync(process.execPath, args, {
    cwd: copy,
    env: { ...process.env, ...OPTIONS, LD_PRELOAD: runtime(), ...env },
    stdio: ['ignore', 'inherit', 'inherit'],
  });
}

/**
 * What the last run() reported: every memory error, and the leaks of our
 * addons.
 * @returns {string[]}
 */
function findings() {
  return fs.readdirSync(reports).flatMap((name) => {
    const text = fs.readFileSync(path.join(reports, name), 'utf8');
    if (/ERROR: AddressSanitizer/.test(text)) return [text];
    return text.split(/\n\s*\n/).filter(isOurLeak);
  });
}

/**
 * A leak of memory that one of the copy's addons allocated, by itself or
 * through Node-API. Its heap is V8's business: process.exit() leaves that
 * behind, also the parts that grew while an addon was on the stack.
 */
function isOurLeak(block) {
  if (!/\b(Direct|Indirect) leak of\b/.test(block)) return false;
  const frames = block.split('\n').filter((text) => /^\s*#\d/.test(text));
  const ours = frames.findIndex((frame) => frame.includes(copy));
  return ours !== -1 &&
    !frames.slice(0, ours).some((frame) => frame.includes(' v8::internal::'));
}

module.exports = { build, copy, findings, prepare, run };
