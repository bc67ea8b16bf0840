'use strict';

// Builds a copy of the project with AddressSanitizer and
// UndefinedBehaviorSanitizer, runs programs of that copy under them, and reads
// what was reported. Node itself is not instrumented. It is a copy, too, which
// names the sanitizers' libraries as the first that it needs: so its children
// have them as well, whatever environment they are given.

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

/** Node with the sanitizers' libraries. */
const node = path.join(root, '.cache', 'asan', 'bin', 'node');
/** Their options, as a library: see options.c. libasan has to be the first of
 * all libraries, and takes what has its name for itself. */
const settings = path.join(root, '.cache', 'asan', 'bin', 'libasan.so.options');

const FLAGS = '-fsanitize=address,undefined -fno-omit-frame-pointer -g -O1 ' +
  '-DDGRAM_ASSERTIONS';

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
  // What was fetched need not be fetched again.
  const upstream = path.join(root, '.cache', 'upstream');
  fs.mkdirSync(upstream, { recursive: true });
  fs.mkdirSync(path.join(copy, '.cache'));
  fs.symlinkSync(upstream, path.join(copy, '.cache', 'upstream'));
  makeNode();
}

/** A library of gcc's, by its real name. */
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
  // Each is put before the others.
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
      // Without run-time types, as addons are built, there is no vptr check.
      CXXFLAGS: `${FLAGS} -fno-sanitize=vptr`,
      // Never unloaded: the frames of a thread that ended keep their names.
      LDFLAGS: '-fsanitize=address,undefined -Wl,-z,nodelete',
    },
    stdio: ['ignore', 'inherit', 'inherit'],
  });
}

/**
 * Runs Node with `args` in the copy, under the sanitizers, as its children and
 * theirs are.
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
 * What the last run() reported: every memory error, what is undefined, and
 * the leaks of our addons.
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
