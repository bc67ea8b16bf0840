'use strict';

/**
 * V8's code cache of evaluate.js, for programs that start often: with it V8
 * reads the bytecode of the package instead of compiling its source.
 * scripts/code-cache.js writes it when the package is installed; nothing is
 * written at run time. index.js includes this file.
 *
 * The layout of the file is: data, the same data again, source.
 *
 *  - V8 checks the version, its flags and the length of the source, but not its
 *    text.
 *  - Since 10.x it does not check the data either: a flipped bit crashes the
 *    process (seen on Node 20, 22, 24 and 26). Comparing two copies takes a
 *    tenth of the time of a checksum in JavaScript that is not compiled yet, or
 *    of loading node:crypto or node:zlib.
 */

/** The file is `module.exports = (function evaluate() { ... });`. */
const FUNCTION = '(function ';

/** The line of FUNCTION, from 0; scripts/bundle.js checks it. */
const LINE = 2;

/** The states that `npx dgram-native info` prints. */
const ABSENT = 'none';
const DAMAGED = 'not used: stale or damaged';
const REJECTED = 'not used: made with other V8 flags';
const USED = 'in use';

/** Bun and Deno name the versions of a Node and a V8 that they are not. */
function isNode({ versions }) {
  return versions.bun === undefined && versions.deno === undefined;
}

/**
 * The version and the configuration that determine the format of bytecode. V8
 * checks the version, too, but not in a way that it documents.
 */
function tagOf({ version, platform, arch, versions, config }) {
  const compressed = config?.variables?.v8_enable_pointer_compression;
  return `${version}-${platform}-${arch}-${versions.v8}` +
    `${compressed ? '-compressed' : ''}`;
}

/**
 * @param {string} directory of evaluate.js
 * @param {string} version of the package
 * @returns {string} the cache file for the running Node
 */
function fileOf(directory, version) {
  return `${directory}/evaluate-${version}-${tagOf(globalThis.process)}.cache`;
}

function sourceFile(directory) {
  return `${directory}/evaluate.js`;
}

/**
 * Compiles the function that evaluate.js exports, as a script: V8 has no code
 * cache of functions that were compiled late in a module.
 * @param {Function} Script that of node:vm
 * @param {Buffer} source of evaluate.js
 * @param {string} directory
 * @param {Buffer} [cachedData]
 * @returns {vm.Script} its result is the function
 */
function compile(Script, source, directory, cachedData) {
  const start = source.indexOf(FUNCTION);
  return new Script(source.toString('utf8', start), {
    filename: sourceFile(directory), lineOffset: LINE, cachedData,
  });
}

/** @returns {Buffer} the contents of a cache file */
function pack(data, source) {
  return Buffer.concat([data, data, source]);
}

/** @returns {Buffer|undefined} undefined if a byte is missing or wrong */
function unpack(packed, source) {
  const end = packed.length - source.length;
  const middle = end / 2;
  if (end <= 0 || packed.compare(source, 0, source.length, end) !== 0 ||
      packed.compare(packed, middle, end, 0, middle) !== 0) {
    return undefined;
  }
  return packed.subarray(0, middle);
}

/** Coverage tools expect offsets in the file, not in the function. */
function isWanted(process, directory) {
  return directory !== '' && isNode(process) &&
    !process.env.NODE_V8_COVERAGE;
}

function read(directory, version, builtin) {
  if (!isWanted(globalThis.process, directory)) return { state: ABSENT };
  const fs = builtin('fs');
  const file = fileOf(directory, version);
  if (!fs.existsSync(file)) return { state: ABSENT };
  const source = fs.readFileSync(sourceFile(directory));
  const data = unpack(fs.readFileSync(file), source);
  if (data === undefined) return { state: DAMAGED };
  const script = compile(builtin('vm').Script, source, directory, data);
  return {
    evaluate: script.runInThisContext(),
    state: script.cachedDataRejected ? REJECTED : USED,
  };
}

/**
 * @param {string} directory of evaluate.js; '' in a bundle of ES modules
 * @param {string} version of the package
 * @param {function(string): object} builtin returns a module of Node
 * @returns {{evaluate: Function|undefined, state: string}} the export of
 *   evaluate.js; undefined without a cache that fits
 */
function load(directory, version, builtin) {
  try {
    return read(directory, version, builtin);
  } catch {
    return { state: ABSENT };
  }
}

module.exports = { LINE, compile, fileOf, load, pack, sourceFile };
