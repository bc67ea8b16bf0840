'use strict';

/** Compiles the small C programs of the tests, into a folder git ignores. */

const fs = require('node:fs');
const path = require('node:path');
const { execFileSync } = require('node:child_process');

const OUT = path.join(__dirname, '..', '..', '.cache', 'tools');

/**
 * @param {string} source a C file
 * @returns {string} the program, compiled unless it is there already
 */
function compile(source) {
  const program = path.join(OUT, path.basename(source, '.c'));
  const files = fs.readdirSync(path.dirname(source))
    .filter((name) => /\.[ch]$/.test(name))
    .map((name) => path.join(path.dirname(source), name));
  const time = (file) => fs.statSync(file, { throwIfNoEntry: false })?.mtimeMs;
  if (files.every((file) => time(program) > time(file))) return program;
  fs.mkdirSync(OUT, { recursive: true });
  // Renamed at the end: another run may start it meanwhile.
  const unfinished = `${program}.${process.pid}`;
  execFileSync(process.env.CC || 'cc', [
    '-std=c11', '-D_GNU_SOURCE', '-O2', '-Wall', '-Wextra', '-Wshadow',
    '-Wconversion', '-Werror', '-o', unfinished, source,
  ], { stdio: ['ignore', 'inherit', 'inherit'] });
  fs.renameSync(unfinished, program);
  return program;
}

module.exports = { compile };
