'use strict';

/** Compiles the libraries of this directory that go into LD_PRELOAD. */

const { execFileSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');

const CACHE = path.join(__dirname, '..', '..', '.cache', 'faults');

const timeOf = (file) => fs.statSync(file, { throwIfNoEntry: false })?.mtimeMs;

/**
 * Compiles NAME.c unless that was done already.
 * @param {string} name
 * @param {function(): string[]} [flags] more of them, for the compiler
 * @returns {string} the path of the library
 * @throws {Error} when it does not compile
 */
function compile(name, flags = () => []) {
  const source = path.join(__dirname, `${name}.c`);
  const library = path.join(CACHE, `${name}.so`);
  if (timeOf(library) > timeOf(source)) return library;
  fs.mkdirSync(CACHE, { recursive: true });
  // Renamed at the end: another run may load it meanwhile.
  const unfinished = `${library}.${process.pid}`;
  execFileSync(process.env.CC || 'cc', [
    '-std=c11', '-D_GNU_SOURCE', '-O2', '-fPIC', '-shared',
    '-fvisibility=hidden', '-Wall', '-Wextra', '-pthread', ...flags(),
    '-o', unfinished, source,
  ], { stdio: ['ignore', 'inherit', 'inherit'] });
  fs.renameSync(unfinished, library);
  return library;
}

module.exports = { compile };
