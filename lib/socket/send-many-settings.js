'use strict';

/**
 * The second argument of sendMany(): settings of all datagrams. A value may be
 * a column with an element per datagram. Used by the fallback as well, which
 * has no addon.
 */

const errors = require('../errors/errors');
const { getLength, kindOf } = require('./outgoing-message');
const { NAMES, readSettings } = require('./send-settings');

function isColumn(value) {
  return Array.isArray(value) || kindOf.call(value) !== undefined;
}

function checkColumn(column, name, count) {
  const length = Array.isArray(column) ? column.length : getLength.call(column);
  // The length of a proxy may be anything.
  if (typeof length !== 'number' || !(length >= count)) {
    throw errors.invalidArgValue(
      `${name}.length`, typeof length === 'number' ? length : NaN,
      `must be at least ${count}, the number of datagrams`);
  }
}

/**
 * Reads each setting, and each element of a column, once.
 * @param {object} given
 * @param {number} count of datagrams
 * @param {4|6} family of the socket
 * @returns {Settings|Array<Settings|null>|null} of all, or by datagram
 * @throws {TypeError} ERR_INVALID_ARG_VALUE, and the errors of readSettings()
 * @throws {RangeError} ERR_OUT_OF_RANGE
 */
function readManySettings(given, count, family) {
  const values = {};
  const columns = new Map();
  for (const name of NAMES) {
    const value = given[name];
    values[name] = value;
    if (isColumn(value)) columns.set(name, value);
  }
  if (columns.size === 0) {
    return readSettings(values, family, (name) => `settings.${name}`,
                        readManySettings);
  }
  for (const [name, column] of columns) {
    checkColumn(column, `settings.${name}`, count);
  }
  return readRows(values, columns, count, family);
}

function readRows(values, columns, count, family) {
  const list = new Array(count);
  let index = 0;
  const nameOf = (name) =>
    `settings.${name}${columns.has(name) ? `[${index}]` : ''}`;
  for (; index < count; index++) {
    for (const [name, column] of columns) values[name] = column[index];
    list[index] = readSettings(values, family, nameOf, readManySettings);
  }
  return simplify(list);
}

/** @returns {Array<Settings|null>|null} null if no datagram has settings */
function simplify(list) {
  return list.some((settings) => settings !== null) ? list : null;
}

module.exports = { readManySettings, simplify };
