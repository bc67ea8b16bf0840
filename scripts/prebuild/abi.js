'use strict';

// The symbols and libraries that a compiled addon requires, and whether every
// supported process has them:
//
//   node scripts/prebuild/abi.js FILE.node...
//
// Reads ELF files, with readelf of the binutils. The release workflow checks
// the Linux binaries with it, test/native/abi.test.js all available ones.

const { execFileSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');

const { symbols } = require('node-api-headers');

/** NAPI_VERSION of binding.gyp. */
const NODE_API = 8;

/** The glibc of manylinux2014. Node's own binaries need a newer one. */
const GLIBC_FLOOR = '2.17';

const nodeApi = new Set(Array.from({ length: NODE_API }, (_, i) =>
  Object.values(symbols[`v${i + 1}`])).flat(2));

const libuv = new Set(
  fs.readFileSync(path.join(__dirname, 'libuv-1.44.txt'), 'utf8').split('\n'));

/** Weak symbols that compilers reference in every shared object. */
const OPTIONAL = new Set([
  '_ITM_deregisterTMCloneTable', '_ITM_registerTMCloneTable',
  '__cxa_finalize', '__gmon_start__',
]);

const EXPORTS = new Set([
  'napi_register_module_v1', 'node_api_module_get_api_version_v1',
  '_init', '_fini', // not hidden by musl's start files
]);

const GLIBC = 'libc.so.6';
// The names of musl with Debian's musl-gcc and on Alpine; both work.
const MUSL = /^libc\.(?:so|musl-\w+\.so\.1)$/;

const NEEDED = /\(NEEDED\).*\[(.+)\]/;
const SYMBOL = /^\s*\d+: \w+\s+\w+ \w+\s+(\w+)\s+\w+\s+(\w+) (\w+)(?:@+(\S+))?/;

/**
 * @typedef {object} Facts
 * @property {string[]} needed libraries
 * @property {{name: string, version?: string, weak: boolean}[]} imports
 * @property {string[]} exported names
 * @property {boolean} stripped
 */

/**
 * @param {string} file an ELF shared object
 * @returns {Facts}
 */
function inspect(file) {
  // Sanitized tests preload a library that readelf must not load.
  const env = { ...process.env, LC_ALL: 'C', LD_PRELOAD: '' };
  const lines = execFileSync(
    'readelf', ['--wide', '--dynamic', '--dyn-syms', '--section-headers', file],
    { encoding: 'utf8', env }).split('\n');
  const facts = { needed: [], imports: [], exported: [], stripped: true };
  for (const line of lines) {
    const library = NEEDED.exec(line);
    if (library) facts.needed.push(library[1]);
    if (line.includes(' SYMTAB ')) facts.stripped = false;
    const [, bind, section, name, version] = SYMBOL.exec(line) ?? [];
    if (name === undefined) continue;
    if (section === 'UND') {
      facts.imports.push({ name, version, weak: bind === 'WEAK' });
    } else {
      facts.exported.push(name);
    }
  }
  return facts;
}

function isNewer(version, floor) {
  const [major, minor] = version.split('.').map(Number);
  const [floorMajor, floorMinor] = floor.split('.').map(Number);
  return major > floorMajor || (major === floorMajor && minor > floorMinor);
}

/** Missing in Electron, because of V8's memory cage. */
const FORBIDDEN = new Set([
  'napi_create_external_arraybuffer', 'napi_create_external_buffer',
]);

/** The reason why an import may be missing, or undefined. */
function importProblem({ name, version, weak }, isMusl) {
  if (FORBIDDEN.has(name)) return 'not in Electron';
  if (/^(?:napi|node_api)_/.test(name)) {
    return nodeApi.has(name) ? undefined : `not in Node-API ${NODE_API}`;
  }
  if (name.startsWith('uv_')) {
    return libuv.has(name) ? undefined : 'not in libuv 1.44';
  }
  if (weak && OPTIONAL.has(name)) return undefined;
  if (version === undefined) {
    return isMusl ? undefined : 'not from a library in the list';
  }
  const glibc = /^GLIBC_(\d+\.\d+)/.exec(version)?.[1];
  if (isMusl || glibc === undefined) return `of ${version}`;
  return isNewer(glibc, GLIBC_FLOOR) ?
    `of glibc ${glibc}, newer than ${GLIBC_FLOOR}` : undefined;
}

/**
 * @param {Facts} facts
 * @returns {string[]} the problems, one line each
 */
function problems({ needed, imports, exported }) {
  const isMusl = needed.some((library) => MUSL.test(library));
  const found = needed
    .filter((library) => library !== GLIBC && !MUSL.test(library))
    .map((library) => `needs ${library}`);
  for (const one of imports) {
    const problem = importProblem(one, isMusl);
    if (problem) found.push(`${one.name}: ${problem}`);
  }
  for (const name of exported) {
    if (!EXPORTS.has(name)) found.push(`${name}: exported`);
  }
  if (!exported.includes('napi_register_module_v1')) {
    found.push('napi_register_module_v1: not exported');
  }
  return found;
}

module.exports = {
  /** The functions of Node that an addon may call. */
  available: [...nodeApi].filter((name) => !FORBIDDEN.has(name))
    .concat([...libuv].filter(Boolean)),
  inspect,
  problems,
};

if (require.main === module) {
  for (const file of process.argv.slice(2)) {
    const facts = inspect(file);
    const found = problems(facts);
    if (!facts.stripped) found.push('not stripped');
    for (const problem of found) console.error(`${file}: ${problem}`);
    if (found.length > 0) process.exitCode = 1;
    else console.log(`${file}: ${facts.imports.length} imports, all available`);
  }
}
