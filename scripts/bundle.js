'use strict';

// Makes dist/, which is what is published of lib/: one file, since Node takes
// a third of a millisecond to find and load each, at every start of a program.
//
//   node scripts/bundle.js
//
// The files go in as they are. A bundler would rename what two of them have in
// common, and with it what users see: `Socket2` in util.inspect() and in stack
// traces.

const fs = require('node:fs');
const path = require('node:path');

const root = path.join(__dirname, '..');
const lib = path.join(root, 'lib');
const dist = path.join(root, 'dist');

/** They have ./index.js beside them here as in lib/. */
const COPIED = ['cli.js', 'elsewhere.js', 'index.mjs', 'register.js'];

/** What index.js requires, and gets as a function instead. */
const CORE = 'evaluate';

const REQUIRE_BUILTIN = /\brequire\('node:([\w/]+)'\)/g;
const REQUIRE_FILE = /\brequire\('(\.\.?\/[\w/.-]+)'\)/g;

function read(id) {
  return fs.readFileSync(path.join(lib, `${id}.js`), 'utf8');
}

/** A file's id is its path below lib/: there are no folders in the bundle. */
function resolve(from, request) {
  return path.posix.join(path.posix.dirname(from), request);
}

function readResolved(id) {
  return read(id).replace(REQUIRE_FILE, (_, request) =>
    `require('${resolve(id, request)}')`);
}

/** The files that `id` needs, and it: what is required comes first. */
function collect(id, found = new Map()) {
  if (found.has(id)) return found;
  for (const [, request] of read(id).matchAll(REQUIRE_FILE)) {
    collect(resolve(id, request), found);
  }
  return found.set(id, readResolved(id));
}

/** lib/index.js has to list them, for Nodes whose `process` has no getter. */
function checkBuiltins([id, text]) {
  const listed = read('index');
  for (const [, name] of text.matchAll(REQUIRE_BUILTIN)) {
    if (!listed.includes(`  ${name}: () => require('node:${name}'),`)) {
      throw new Error(`lib/index.js does not list node:${name}, of ${id}.js`);
    }
  }
}

/**
 * In parentheses, so that V8 compiles it at once and not twice; an argument,
 * since V8 would put a property's name into stack traces.
 */
function wrap([id, text]) {
  return `define('${id}', (function(module, require) {\n${text}}));`;
}

/**
 * lib/evaluate.js and all that it requires, as one function whose text is
 * enough: index.js compiles it again in another realm. It keeps nothing of what
 * it is given but Node's own modules.
 */
function coreFunction() {
  const collected = [...collect(CORE)];
  collected.forEach(checkBuiltins);
  const files = collected.map(wrap).join('\n\n');
  return `(function evaluate(given) {
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

function require(id) {
  if (id.startsWith('node:')) return builtin(id.slice('node:'.length));
  if (loaded[id] === undefined) {
    const module = loaded[id] = { exports: {} };
    files[id](module, require);
  }
  return loaded[id].exports;
}

function define(id, file) {
  files[id] = file;
}

${files}

return require('${CORE}')(given);
})`;
}

/** Replaces what has to be there exactly once. */
function replaceOnce(text, what, by) {
  const parts = text.split(what);
  if (parts.length !== 2) throw new Error(`lib/index.js: ${what}?`);
  return parts.join(by);
}

function entry() {
  const { version } = require('../package.json');
  const text = replaceOnce(
    replaceOnce(read('index'), 'const VERSION = \'\';',
                `const VERSION = '${version}';`),
    `require('./${CORE}')`, '/* below */');
  const [head, tail] = text.split('/* below */');
  const start = `// Made of lib/ by scripts/bundle.js.\n\n${head}`;
  const line = start.split('\n').length - 1;
  return replaceOnce(start + coreFunction() + tail, 'const LINE = 0;',
                     `const LINE = ${line};`);
}

/** Never half a file: other processes may be loading it. */
function write(name, text) {
  const unfinished = path.join(dist, `${name}.${process.pid}`);
  fs.writeFileSync(unfinished, text);
  fs.renameSync(unfinished, path.join(dist, name));
}

/** Writes dist/ anew. Programs that run have read theirs. */
function bundle() {
  fs.mkdirSync(dist, { recursive: true });
  write('index.js', entry());
  for (const name of COPIED) {
    write(name, fs.readFileSync(path.join(lib, name), 'utf8'));
  }
}

if (require.main === module) bundle();

module.exports = { bundle };
