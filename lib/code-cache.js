'use strict';

/**
 * V8's code cache of evaluate.js, for programs that start often: with it V8
 * reads the bytecode of the package instead of compiling its source.
 * scripts/code-cache.js writes it when the package is installed; nothing is
 * written at run time. index.js includes this file.
 *
 * The layout of the file is: the length of the data (8 bytes), the data, the
 * same data again, the source, and where it was made.
 *
 *  - V8 checks the version, its flags and the length of the source, but not its
 *    text.
 *  - V8 of Node 18 checks the data. That of Node 20 and newer does not: a
 *    flipped bit crashes the process. Comparing two copies takes a fifth of the
 *    time of a checksum in JavaScript that is not compiled yet, or of loading
 *    node:crypto or node:zlib.
 *  - Builds of one version of Node, such as those of a distribution, may differ
 *    in what their bytecode refers to. Their libraries have other versions.
 *  - Before V8 12 stack traces name the folder in which the cache was made.
 */

/** The start of the function that the file exports. */
const FUNCTION = '\nfunction evaluate(';

/** Its line, from 0; scripts/bundle.js checks it. The file ends with it. */
const LINE = 4;

/** Bytes of the header. */
const SIZE = 8;

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

/** As Node names it in stack traces. */
function sourceFile(directory) {
  const separator = globalThis.process.platform === 'win32' ? '\\' : '/';
  return `${directory}${separator}evaluate.js`;
}

/**
 * Compiles the function that evaluate.js exports, as a script: the cache of
 * vm.compileFunction() lacks all functions that are compiled when first called.
 * @param {Function} Script that of node:vm
 * @param {Buffer} source of evaluate.js
 * @param {string} directory
 * @param {Buffer} [cachedData]
 * @returns {vm.Script} its result is the function
 */
function compile(Script, source, directory, cachedData) {
  const start = source.indexOf(FUNCTION);
  // 0.4 ms faster than 'utf8'. scripts/bundle.js checks that it is the same.
  return new Script(`(${source.toString('latin1', start + 1)})`, {
    filename: sourceFile(directory), lineOffset: LINE, cachedData,
  });
}

/** The end of the file: the build of Node, and the folder if it matters. */
function originOf(directory) {
  const { versions } = globalThis.process;
  const folder = parseInt(versions.v8, 10) < 12 ? directory : '';
  return `${Object.values(versions).join(' ')} ${folder}`;
}

/** @returns {Buffer} the contents of a cache file */
function pack(data, source, directory) {
  // Also the alignment that V8 prefers.
  const header = Buffer.alloc(SIZE);
  header.writeUInt32LE(data.length);
  return Buffer.concat(
    [header, data, data, source, Buffer.from(originOf(directory))]);
}

/** @returns {Buffer|undefined} undefined if a byte is missing or wrong */
function unpack(packed, source, directory) {
  if (packed.length < SIZE) return undefined;
  const length = packed.readUInt32LE();
  const middle = SIZE + length;
  const text = middle + length;
  const end = text + source.length;
  if (length === 0 || end > packed.length ||
      packed.compare(packed, middle, text, SIZE, middle) !== 0 ||
      packed.compare(source, 0, source.length, text, end) !== 0 ||
      packed.toString('utf8', end) !== originOf(directory)) {
    return undefined;
  }
  return packed.subarray(SIZE, middle);
}

/** Coverage tools expect offsets in the file, not in the function. */
function isWanted(process, directory) {
  return directory !== '' && isNode(process) &&
    !process.env.NODE_V8_COVERAGE;
}

/** An own property: Object.prototype may have one of this name. */
function without(state) {
  return { evaluate: undefined, state };
}

function read(directory, version, builtin) {
  if (!isWanted(globalThis.process, directory)) return without(ABSENT);
  const fs = builtin('fs');
  const file = fileOf(directory, version);
  if (!fs.existsSync(file)) return without(ABSENT);
  const source = fs.readFileSync(sourceFile(directory));
  const data = unpack(fs.readFileSync(file), source, directory);
  if (data === undefined) return without(DAMAGED);
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
    return without(ABSENT);
  }
}

module.exports = { LINE, compile, fileOf, load, pack, sourceFile };
