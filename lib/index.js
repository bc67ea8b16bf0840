'use strict';

/**
 * The exports of node:dgram, and `transport`; api.js says more.
 *
 * This file may be evaluated often: by Node, after require.cache was emptied,
 * by Jest for each test file in a sandbox of its own, within a bundle. What
 * evaluate() makes belongs to the thread: there is one of it for each copy of
 * the package, in Node's own realm, and nothing of a sandbox is kept.
 */

const evaluate = require('./evaluate');

/** Of the package; scripts/bundle.js puts it here. */
const VERSION = '';

/** The line of this file on which the text of evaluate() begins, from 0. */
const LINE = 0;

/** In a bundle of ES modules there is neither of the two. */
const directory = typeof __dirname === 'string' ? __dirname : '';
const filename = typeof __filename === 'string' ? __filename : 'dgram-native';

/**
 * Node's own modules, where process cannot give them (before 20.16 and 22.3).
 * Whole calls with a literal, which bundlers understand.
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
 * Past the `require` of a sandbox or a bundle, which has modules of its own, or
 * refuses once its test is over.
 */
const getBuiltin = globalThis.process?.getBuiltinModule;

function builtin(name) {
  return getBuiltin === undefined ? required[name]() : getBuiltin(name);
}

function nodeGypBuild() {
  return require('node-gyp-build');
}

function loadElsewhere() {
  return require('./elsewhere')();
}

const nodeDgram = builtin('dgram');

/** True unless this is a sandbox: the exports of Node are plain objects. */
function isMainRealm() {
  return Object.getPrototypeOf(nodeDgram) === Object.prototype;
}

/** All that may be needed, as long as it can be had. */
function allBuiltins() {
  const all = { __proto__: null };
  for (const name in required) all[name] = required[name]();
  return all;
}

const given = { directory, version: VERSION, nodeGypBuild, loadElsewhere };

function evaluateHere(isShared) {
  return evaluate({ ...given, isShared, builtins: builtin });
}

function evaluateInMainRealm() {
  const again = builtin('vm').runInThisContext(
    `(${evaluate})`, { filename, lineOffset: LINE });
  const builtins = getBuiltin === undefined ? allBuiltins() : undefined;
  return again({ ...given, isShared: true, builtins });
}

function load() {
  const known = nodeDgram[Symbol.for('dgram-native')]?.copies[directory];
  if (known?.version === VERSION) return known.api;
  if (isMainRealm()) return evaluateHere(true);
  try {
    return evaluateInMainRealm();
  } catch {
    // Its text was rewritten, by a minifier or for coverage, and is not enough
    // by itself any more; or what is thrown will be thrown here as well.
    return evaluateHere(false);
  }
}

const { createSocket, Socket, transport } = load();

// In this form, so that Node finds the names for `import { ... }`.
module.exports = { createSocket, Socket, transport };

// Makes bare handles for Node's own cluster code (until Node 24): Node's.
const descriptor =
  Object.getOwnPropertyDescriptor(nodeDgram, '_createSocketHandle');
if (descriptor !== undefined) {
  Object.setPrototypeOf(descriptor, null); // what others put on Object's
  Object.defineProperty(module.exports, '_createSocketHandle', descriptor);
}
