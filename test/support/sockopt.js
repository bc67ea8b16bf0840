'use strict';

/** Reads the options of a socket with getsockopt(2), in another process. */

const { execFileSync } = require('node:child_process');
const path = require('node:path');

const { compileProgram } = require('./compile');

const SOURCE = path.join(__dirname, 'tools', 'sockopt.c');

/**
 * @param {number} fd of a socket
 * @param {...string} names such as 'IP_TOS'
 * @returns {Object<string, number|string>} the values by name
 */
function readOptions(fd, ...names) {
  const text = execFileSync(compileProgram(SOURCE), names, {
    encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit', fd],
  });
  return Object.fromEntries(text.trim().split('\n').map((line) => {
    const [name, value] = line.split(' ');
    return [name, name === 'SO_BINDTODEVICE' ? value : Number(value)];
  }));
}

module.exports = { readOptions };
