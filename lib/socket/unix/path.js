'use strict';

/** Names of Unix sockets, as arguments. */

const errors = require('../../errors/errors');
const { validateString } = require('../../errors/validators');

// Most datagrams of a program go to the same name.
let last;

/**
 * @param {*} path of a file; or an abstract name, with '@' or NUL in front (a
 *   file of that name is './@name')
 * @param {string} name of the argument
 * @param {Function} [above] see errors.js
 * @returns {string} path. One that is too long is an error of the system call:
 *   EINVAL
 * @throws {TypeError} ERR_INVALID_ARG_TYPE, ERR_INVALID_ARG_VALUE
 */
function checkPath(path, name, above = checkPath) {
  if (path === last && path !== undefined) return path;
  validateString(path, name, above);
  if (path === '') {
    throw errors.invalidArgValue(name, path, 'must not be empty', above);
  }
  if (path.includes('\0') && path[0] !== '\0' && path[0] !== '@') {
    throw errors.invalidArgValue(
      name, path,
      'must not contain null bytes unless it is an abstract name', above);
  }
  last = path;
  return path;
}

module.exports = { checkPath };
