'use strict';

/**
 * Compiles the small C programs of the tests, and the libraries for LD_PRELOAD,
 * into a folder that git ignores.
 */

const fs = require('node:fs');
const path = require('node:path');
const { execFileSync } = require('node:child_process');

const OUT = path.join(__dirname, '..', '..', '.cache', 'tools');

const FLAGS = [
  '-std=c11', '-D_GNU_SOURCE', '-O2', '-Wall', '-Wextra', '-Wshadow',
  '-Wconversion', '-Werror',
];
const LIBRARY = ['-fPIC', '-shared', '-fvisibility=hidden', '-pthread'];

const timeOf = (file) => fs.statSync(file, { throwIfNoEntry: false })?.mtimeMs;

/** The source and everything it may include: all C files of its folder. */
function ingredients(source) {
  const directory = path.dirname(source);
  return fs.readdirSync(directory)
    .filter((name) => /\.[ch]$/.test(name))
    .map((name) => path.join(directory, name));
}

function build(source, out, flags) {
  if (ingredients(source).every((file) => timeOf(out) > timeOf(file))) return;
  fs.mkdirSync(OUT, { recursive: true });
  // Renamed at the end: another process may be using the file.
  const unfinished = `${out}.${process.pid}`;
  execFileSync(process.env.CC || 'cc', [
    ...FLAGS, ...flags(), '-o', unfinished, source,
  ], { stdio: ['ignore', 'inherit', 'inherit'] });
  fs.renameSync(unfinished, out);
}

/**
 * @param {string} source a C file
 * @returns {string} the program, compiled unless it is up to date
 * @throws {Error} if it does not compile
 */
function compileProgram(source) {
  const program = path.join(OUT, path.basename(source, '.c'));
  build(source, program, () => []);
  return program;
}

/**
 * @param {string} source a C file
 * @param {function(): string[]} [flags] additional compiler flags
 * @returns {string} the shared object, compiled unless it is up to date
 * @throws {Error} if it does not compile
 */
function compileLibrary(source, flags = () => []) {
  const library = path.join(OUT, `${path.basename(source, '.c')}.so`);
  build(source, library, () => [...LIBRARY, ...flags()]);
  return library;
}

module.exports = { compileLibrary, compileProgram };
