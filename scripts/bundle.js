'use strict';

// Generates dist/, the published form of lib/: few files, because Node takes a
// third of a millisecond to find and load each file at every program start.
//
//   index.js      the entry: finds the code cache of the next one
//   evaluate.js   all that usual programs need, compiled or from the cache
//   fallback.js   the fallback, because compiling it takes half a millisecond
//
//   node scripts/bundle.js
//
// The code is included unchanged, without indentation and comments on lines of
// their own: V8 would read them, too. For a file of more than 128 KiB malloc
// and V8 map memory and unmap it again, so Node takes longer to read it.
//
// A bundler would rename identifiers that two files share, and users would see
// `Socket2` in util.inspect() and in stack traces.

const assert = require('node:assert');
const fs = require('node:fs');
const path = require('node:path');

const { LINE } = require('../lib/code-cache');

const root = path.join(__dirname, '..');
const lib = path.join(root, 'lib');
const dist = path.join(root, 'dist');

/** Copied as they are: their relative paths are the same in dist/. */
const COPIED = [
  'cli.js', 'code-cache.js', 'index.mjs', 'promises.js', 'promises.mjs',
  'register.js', 'traced-addon.js',
];

/** index.js requires it; it becomes dist/fallback.js. */
const FALLBACK = 'fallback/index';

/** index.js requires it; with all that it requires, it is dist/evaluate.js. */
const CORE = 'evaluate';

/** index.js requires it; in dist/ it contains the file instead. */
const INCLUDED = 'code-cache';

/**
 * Files that are first required after loading, by programs that need them.
 * They are included as strings, which V8 does not parse before that.
 */
const LATER = [
  'batch/unix-info', 'handle/lookup-cache', 'handle/unix-handle',
  'load/diagnostics', 'node/departures', 'socket/message-iterator',
  'socket/process-ticket', 'socket/send-many-columns', 'socket/send-many-list',
  'socket/send-many-sender', 'socket/ticket', 'socket/unix/bind',
  'socket/unix/connect', 'socket/unix/large-message', 'socket/unix/options',
  'socket/unix/packets', 'socket/unix/path', 'socket/unix/send',
  'socket/unix/socket',
];

/** A comment on lines of its own, at the start of a line. */
const COMMENT = /^ *(?:\/\*[^]*?\*\/|\/\/.*)\n/gm;

const INDENTATION = /^ +/gm;

const REQUIRE_BUILTIN = /\brequire\('node:([\w/]+)'\)/g;
const REQUIRE_FILE = /\brequire\('(\.\.?\/[\w/.-]+)'\)/g;

function read(id) {
  return fs.readFileSync(path.join(lib, `${id}.js`), 'utf8');
}

/**
 * The id of a required file: its path below lib/ without `.js`. The bundle has
 * no folders, so relative paths are replaced by ids.
 */
function resolve(from, request) {
  return path.posix.join(path.posix.dirname(from), request);
}

/**
 * The code of a file without indentation and comments on lines of their own.
 * test/package/bundle.test.js compares its tokens with those of the file.
 * @param {string} id
 * @returns {string}
 */
function code(id) {
  return read(id).replace(COMMENT, '').replace(INDENTATION, '');
}

function readResolved(id) {
  return code(id).replace(REQUIRE_FILE, (_, request) =>
    `require('${resolve(id, request)}')`);
}

/** The file `id` and all that it requires, each after its dependencies. */
function collect(id, found = new Map()) {
  if (found.has(id)) return found;
  for (const [, request] of read(id).matchAll(REQUIRE_FILE)) {
    collect(resolve(id, request), found);
  }
  return found.set(id, readResolved(id));
}

/** lib/index.js lists them for versions without process.getBuiltinModule(). */
function checkBuiltins([id, text]) {
  const listed = read('index');
  for (const [, name] of text.matchAll(REQUIRE_BUILTIN)) {
    if (!listed.includes(`  ${name}: () => require('node:${name}'),`)) {
      throw new Error(
        `lib/index.js does not list node:${name}, which lib/${id}.js requires`);
    }
  }
}

/**
 * `later` has the ids of files to include as strings, see LATER. Of the others,
 * the parentheses have V8 compile the function at once, not twice. It is an
 * argument because V8 would show the name of a property in stack traces.
 */
function wrap([id, text], later) {
  if (later.includes(id)) return `define('${id}', ${JSON.stringify(text)});`;
  return `define('${id}', (function(module, require) {\n${text}}));`;
}

/**
 * A file that exports a function, and all that it requires, as one
 * self-contained function: index.js may compile its text again in another
 * realm. Of its argument it retains only Node's modules and strings.
 */
function selfContained(id, name, later = []) {
  const collected = [...collect(id)];
  collected.forEach(checkBuiltins);
  const files = collected.map((file) => wrap(file, later)).join('\n\n');
  return `(function ${name}(given) {
'use strict';

const { process } = globalThis;
const builtin = builtinsOf(given.builtins);
const files = { __proto__: null };
const loaded = { __proto__: null };

function builtinsOf(builtins) {
  if (builtins === undefined) return process.getBuiltinModule;
  if (typeof builtins === 'function') return builtins;
  const own = { __proto__: null, ...builtins };
  return (name) => own[name];
}

const { directory } = given;

function compile(id, text) {
  const filename = directory + '/' + id + '.js';
  return builtin('vm').compileFunction(
    text, ['module', 'require'], { filename });
}

function require(id) {
  if (id.startsWith('node:')) return builtin(id.slice('node:'.length));
  if (loaded[id] === undefined) {
    const file = files[id];
    const run = typeof file === 'string' ? compile(id, file) : file;
    const module = loaded[id] = { exports: {} };
    let done = false;
    try {
      run(module, require);
      done = true;
    } finally {
      if (!done) delete loaded[id];
    }
  }
  return loaded[id].exports;
}

function define(id, file) {
  files[id] = file;
}

${files}

return require('${id}')(given);
})`;
}

/** Replaces text that occurs exactly once in lib/index.js. */
function replaceOnce(text, what, by) {
  const parts = text.split(what);
  if (parts.length !== 2) {
    throw new Error(
      `lib/index.js must contain exactly once: ${what}; found ` +
      `${parts.length - 1} times`);
  }
  return parts.join(by);
}

const generated = (from) => `// Generated from ${from} by scripts/bundle.js.\n\n`;

/** A file without `require`, as an expression: its exports. */
function expression(id) {
  return `((module) => {\n${code(id)}return module.exports;\n})({})`;
}

function entry() {
  const { version } = require('../package.json');
  let text = read('index');
  for (const [what, by] of [
    [`require('./${INCLUDED}')`, expression(INCLUDED)],
    ['const VERSION = \'\';', `const VERSION = '${version}';`],
  ]) {
    text = replaceOnce(text, what, by);
  }
  return generated('lib/') + text;
}

/**
 * A declaration: of a function that is assigned to module.exports, V8 would put
 * that name before those of the methods in stack traces.
 */
function core() {
  const declaration = selfContained(CORE, CORE, LATER).slice(1, -1);
  const text = `${generated('lib/')}module.exports = ${CORE};\n\n${
    declaration}\n`;
  assert.match(text.split('\n')[LINE], /^function evaluate\(/);
  assert.match(text, /^[\n -~]*$/, 'code-cache.js expects ASCII');
  return text;
}

function fallback() {
  return `${generated('lib/fallback/')}module.exports = ${
    selfContained(FALLBACK, 'evaluateFallback')};\n`;
}

/** Renames the complete file: other processes may be loading the old one. */
function write(name, text) {
  const unfinished = path.join(dist, `${name}.${process.pid}`);
  fs.writeFileSync(unfinished, text);
  fs.renameSync(unfinished, path.join(dist, name));
}

/** Another process may be writing this file; see write(). */
function isUnfinished(name) {
  return /\.\d+$/.test(name);
}

/** package.json publishes all of dist/, even files of an earlier layout. */
function removeStale() {
  const current = ['index.js', 'evaluate.js', 'fallback.js', ...COPIED];
  for (const name of fs.readdirSync(dist)) {
    if (current.includes(name) || isUnfinished(name)) continue;
    fs.rmSync(path.join(dist, name), { recursive: true, force: true });
  }
}

/** Writes all files of dist/. Running programs have already read theirs. */
function bundle() {
  fs.mkdirSync(dist, { recursive: true });
  write('index.js', entry());
  write('evaluate.js', core());
  write('fallback.js', fallback());
  for (const name of COPIED) {
    write(name, fs.readFileSync(path.join(lib, name), 'utf8'));
  }
  removeStale();
}

if (require.main === module) bundle();

module.exports = { bundle, code };
