'use strict';

/** Checks the datagrams of sendMany() of a Unix socket. */

const errors = require('../../errors/errors');
const { validateUint32 } = require('../../errors/validators');
const { readMessage, trueBytes } = require('../outgoing-message');
const { isLarge } = require('./large-message');
const { checkPath } = require('./path');

/** The expected form of `packets`, for error messages. */
const CONNECTED_FORM = '[message, message, ...] for a connected socket';
const UNCONNECTED_FORM = '[message, path, ...]';
const COLUMNS_FORM = '{ count, data, offsets, sizes, paths }';

/** The port of each destination in the list. */
const NO_PORT = 0;

/**
 * @typedef {object} Packets
 * @property {Array} list messages, or message, port and path in turn, as the
 *   outbox expects it
 * @property {1|3} width elements of the list per datagram
 */

/**
 * Reads each element once, by index: a program may replace its iterator.
 * @param {Array|object} packets a list or columns
 * @param {boolean} connected
 * @param {function(string): boolean} isValid tells whether a name is short
 *   enough
 * @returns {Packets}
 * @throws {TypeError} ERR_INVALID_ARG_TYPE, ERR_INVALID_ARG_VALUE
 * @throws {RangeError} ERR_OUT_OF_RANGE
 */
function readPackets(packets, connected, isValid) {
  const width = connected ? 1 : 3;
  if (Array.isArray(packets)) {
    return { list: readList(packets, connected, isValid), width };
  }
  if (packets !== null && typeof packets === 'object') {
    const { count } = packets;
    if (count !== undefined) {
      return { list: readColumns(packets, count, connected, isValid), width };
    }
  }
  throw errors.invalidArgType(
    'packets',
    `an instance of Array: ${connected ? CONNECTED_FORM : UNCONNECTED_FORM}, ` +
    `or columns: ${COLUMNS_FORM}`, packets);
}

function readList(packets, connected, isValid) {
  const step = connected ? 1 : 2;
  const form = connected ? CONNECTED_FORM : UNCONNECTED_FORM;
  const { length } = packets;
  if (length % step !== 0) {
    throw errors.invalidArgValue(
      `packets[${length - 1}]`, packets[length - 1],
      `starts an incomplete datagram; an unconnected socket requires ${form}`);
  }
  const list = [];
  for (let i = 0; i < length; i += step) {
    const given = packets[i];
    const message = readMessage(given);
    const name = `packets[${i}]`;
    if (message === null) {
      throw errors.invalidArgType(
        name, `${errors.BUFFER_TYPES}, as the message in ${form}`, given);
    }
    checkSize(message, name);
    list.push(message);
    if (!connected) {
      list.push(NO_PORT,
                readPath(packets[i + 1], `packets[${i + 1}]`, isValid));
    }
  }
  return list;
}

function readPath(path, name, isValid) {
  checkPath(path, name);
  if (!isValid(path)) {
    throw errors.invalidArgValue(
      name, path, 'must be at most 108 bytes long');
  }
  return path;
}

/** The memory of a send batch would cut it. */
function checkSize(message, name) {
  if (!isLarge(message)) return;
  throw errors.invalidArgValue(
    name, message,
    'must be at most 65,535 bytes long for sendMany(); send() has no limit');
}

function readColumns(batch, count, connected, isValid) {
  validateUint32(count, 'batch.count');
  const { data, offsets, sizes } = batch;
  if (!(data instanceof Uint8Array)) {
    throw errors.invalidArgType('batch.data',
                                'an instance of Buffer or Uint8Array', data);
  }
  checkColumn(offsets, 'batch.offsets', count);
  checkColumn(sizes, 'batch.sizes', count);
  const paths = connected ? null : readPaths(batch.paths, count, isValid);
  const list = [];
  const bytes = trueBytes(data);
  for (let i = 0; i < count; i++) {
    const message = slice(bytes, offsets[i], sizes[i], i);
    checkSize(message, `batch.sizes[${i}]`);
    list.push(message);
    if (paths !== null) list.push(NO_PORT, paths[i]);
  }
  return list;
}

function checkColumn(column, name, count) {
  if (!Array.isArray(column) && !ArrayBuffer.isView(column)) {
    throw errors.invalidArgType(name, 'an instance of Uint32Array or Array',
                                column);
  }
  if (!(column.length >= count)) {
    throw errors.outOfRange(
      'batch.count', `<= ${name}.length (${String(column.length)})`, count);
  }
}

/** @returns {string[]} a name for each datagram */
function readPaths(paths, count, isValid) {
  if (typeof paths === 'string') {
    return new Array(count).fill(readPath(paths, 'batch.paths', isValid));
  }
  if (!Array.isArray(paths)) {
    throw errors.invalidArgType(
      'batch.paths', 'of type string or an instance of Array', paths);
  }
  checkColumn(paths, 'batch.paths', count);
  const list = [];
  for (let i = 0; i < count; i++) {
    list.push(readPath(paths[i], `batch.paths[${i}]`, isValid));
  }
  return list;
}

function slice(bytes, offset, size, index) {
  validateUint32(offset, `batch.offsets[${index}]`);
  validateUint32(size, `batch.sizes[${index}]`);
  const { length } = bytes;
  if (offset + size <= length) return bytes.subarray(offset, offset + size);
  throw offset <= length ?
    errors.outOfRange(`batch.sizes[${index}]`,
                      `<= ${length - offset}, up to the end of batch.data`,
                      size) :
    errors.outOfRange(`batch.offsets[${index}]`,
                      `<= ${length}, the length of batch.data`, offset);
}

module.exports = { readPackets };
