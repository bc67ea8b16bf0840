'use strict';

/**
 * Reads and sets options of a socket in another process, with getsockopt(2) and
 * setsockopt(2).
 */

const { execFileSync } = require('node:child_process');
const path = require('node:path');

const { compileProgram } = require('./compile');

const SOURCE = path.join(__dirname, 'tools', 'sockopt.c');

function run(fd, args) {
  return execFileSync(compileProgram(SOURCE), args, {
    encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit', fd],
  });
}

/**
 * @param {number} fd of a socket
 * @param {...string} names such as 'IP_TOS'
 * @returns {Object<string, number|string>} the values by name
 */
function readOptions(fd, ...names) {
  const text = run(fd, names);
  return Object.fromEntries(text.trim().split('\n').map((line) => {
    const [name, value] = line.split(' ');
    return [name, name === 'SO_BINDTODEVICE' ? value : Number(value)];
  }));
}

/**
 * @param {number} fd of a socket
 * @param {Object<string, number>} values by name; see tools/sockopt.c
 */
function setOptions(fd, values) {
  run(fd, Object.entries(values).map(([name, value]) => `${name}=${value}`));
}

module.exports = { readOptions, setOptions };
