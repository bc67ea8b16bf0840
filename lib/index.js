'use strict';

/**
 * The entry of the package. api.js describes the exports and the order of the
 * folders.
 *
 * This file may be evaluated repeatedly: after require.cache was cleared, in
 * the sandbox of each Jest test file, in a bundle. The result of evaluate()
 * belongs to the thread: there is one per copy of the package, in Node's main
 * realm, and it retains no object of a sandbox.
 */

const codeCache = require('./code-cache');

/** The version of the package; scripts/bundle.js inserts it. */
const VERSION = '';

/** A bundle of ES modules has no __dirname. */
const directory = typeof __dirname === 'string' ? __dirname : '';

/**
 * Node's modules, for versions without process.getBuiltinModule() (before 20.16
 * and 22.3). Each is a call with a literal, which bundlers recognise.
 */
const required = {
  __proto__: null,
  async_hooks: () => require('node:async_hooks'),
  buffer: () => require('node:buffer'),
  child_process: () => require('node:child_process'),
  cluster: () => require('node:cluster'),
  dgram: () => require('node:dgram'),
  diagnostics_channel: () => require('node:diagnostics_channel'),
  dns: () => require('node:dns'),
  events: () => require('node:events'),
  fs: () => require('node:fs'),
  net: () => require('node:net'),
  path: () => require('node:path'),
  timers: () => require('node:timers'),
  util: () => require('node:util'),
  vm: () => require('node:vm'),
  worker_threads: () => require('node:worker_threads'),
};

/**
 * Avoids the `require` of a sandbox or a bundle, which may return other modules
 * or throw once its test has ended.
 */
const getBuiltin = globalThis.process?.getBuiltinModule;

function builtin(name) {
  return getBuiltin === undefined ? required[name]() : getBuiltin(name);
}

function requireNodeGypBuild() {
  return require('node-gyp-build');
}

function loadTracedAddon() {
  return require('./traced-addon')();
}

function requireFallback() {
  return require('./fallback');
}

const nodeDgram = builtin('dgram');

/** False in a sandbox, whose Object is not that of Node's modules. */
function isMainRealm() {
  return Object.getPrototypeOf(nodeDgram) === Object.prototype;
}

/** Loads all modules that may be needed, while the sandbox still allows it. */
function allBuiltins() {
  const all = { __proto__: null };
  for (const name in required) all[name] = required[name]();
  return all;
}

const given = {
  directory, version: VERSION, requireNodeGypBuild, loadTracedAddon,
};

function evaluateHere(isShared) {
  const { evaluate, state } = isShared ?
    codeCache.load(directory, VERSION, builtin) :
    { __proto__: null };
  // A literal, and always reachable: bundlers include the file.
  const run = evaluate ?? require('./evaluate');
  return run({
    ...given, isShared, requireFallback, builtins: builtin, codeCache: state,
  });
}

function requireFallbackInMainRealm() {
  return builtin('vm').runInThisContext(
    `(${requireFallback()})`, { filename: `${directory}/fallback.js` });
}

function evaluateInMainRealm() {
  const again = builtin('vm').runInThisContext(
    `(${require('./evaluate')})`,
    { filename: codeCache.sourceFile(directory), lineOffset: codeCache.LINE });
  const builtins = getBuiltin === undefined ? allBuiltins() : undefined;
  return again({
    ...given, isShared: true, requireFallback: requireFallbackInMainRealm,
    builtins,
  });
}

function load() {
  const known = nodeDgram[Symbol.for('dgram-native')]?.copies[directory];
  if (known?.version === VERSION) return known.api;
  if (isMainRealm()) return evaluateHere(true);
  try {
    return evaluateInMainRealm();
  } catch {
    // A minifier or a coverage tool has rewritten the text of evaluate(), which
    // now depends on variables outside of it. Any other error is thrown again.
    return evaluateHere(false);
  }
}

const { createSocket, Socket, features, stats, transport } = load();

// In this form Node detects the names for `import { ... }`.
module.exports = { createSocket, Socket, features, stats, transport };

// Until Node 24 the cluster module creates handles through this function. It
// remains Node's.
const descriptor =
  Object.getOwnPropertyDescriptor(nodeDgram, '_createSocketHandle');
if (descriptor !== undefined) {
  // Without a prototype it inherits nothing from a modified Object.prototype.
  Object.setPrototypeOf(descriptor, null);
  Object.defineProperty(module.exports, '_createSocketHandle', descriptor);
}
