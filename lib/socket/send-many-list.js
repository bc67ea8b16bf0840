'use strict';

/**
 * Checks and copies the datagrams of sendMany(). The calling convention of the
 * list is that of Bun's udpSocket.sendMany(); send-many-columns.js checks the
 * columns. The whole list is checked before a datagram is sent. Used by the
 * fallback as well, which has no addon.
 */

const errors = require('../errors/errors');
const { validateFunction, validatePort } = require('../errors/validators');
const { LOOPBACK } = require('../batch/loopback');
const { copyMessage, isPart, readMessage } = require('./outgoing-message');
const { COLUMNS_FORM, readColumns, toList } = require('./send-many-columns');

/** The expected form of `packets`, for error messages. */
const CONNECTED_FORM = '[message, message, ...] for a connected socket';
const UNCONNECTED_FORM = '[message, port, address, ...]';

/**
 * An empty list of the same length for the checked elements, which the program
 * cannot change. `packets` is read once, by index: a program may replace its
 * iterator.
 * @param {*} packets
 * @param {string} form
 */
function createList(packets, form) {
  if (!Array.isArray(packets)) {
    throw errors.invalidArgType(
      'packets', `an instance of Array: ${form}, or columns: ${COLUMNS_FORM}`,
      packets);
  }
  return new Array(packets.length);
}

/** [message, message, ...] */
function readConnected(packets) {
  const list = createList(packets, CONNECTED_FORM);
  for (let i = 0; i < list.length; i++) {
    const given = packets[i];
    const message = readMessage(given);
    if (message === null) throw invalidMessage(i, given, CONNECTED_FORM);
    list[i] = message;
  }
  return list;
}

/** [message, port, address, message, port, address, ...] */
function readUnconnected(packets, family, isNumeric) {
  const list = createList(packets, UNCONNECTED_FORM);
  if (list.length % 3 !== 0) throw incompleteDatagram(packets, list.length);
  // Most datagrams have the destination of the one before, which was checked.
  // No port equals NaN: there is no destination before the first datagram.
  let port = NaN;
  let address;
  for (let i = 0; i < list.length; i += 3) {
    const given = packets[i];
    const message = readMessage(given);
    if (message === null) throw invalidMessage(i, given, UNCONNECTED_FORM);
    list[i] = message;
    const givenPort = packets[i + 1];
    const givenAddress = packets[i + 2];
    if (givenPort !== port || givenAddress !== address) {
      port = checkPort(givenPort, i + 1);
      address = givenAddress == null || givenAddress === '' ?
        LOOPBACK[family] :
        givenAddress;
      checkAddress(address, i + 2);
      if (!isNumeric(family, address, port)) {
        throw notNumeric(family, address, i + 2);
      }
    }
    list[i + 1] = port;
    list[i + 2] = address;
  }
  return list;
}

function checkPort(port, index) {
  // Most ports return here, without building the name for an error.
  if (typeof port === 'number' && port > 0 && port === (port & 0xffff)) {
    return port;
  }
  return validatePort(
    port, `packets[${index}] (the port in ${UNCONNECTED_FORM})`, false);
}

function checkAddress(address, index) {
  if (typeof address !== 'string') {
    throw errors.invalidArgType(
      `packets[${index}]`,
      `of type string, as the address in ${UNCONNECTED_FORM}`, address);
  }
}

function notNumeric(family, address, index) {
  return errors.invalidArgValue(
    `packets[${index}]`, address,
    `must be a numeric IPv${family} address, as in ${UNCONNECTED_FORM}; ` +
    'sendMany does not perform DNS resolution');
}

function incompleteDatagram(packets, length) {
  const start = length - length % 3;
  const rest = [];
  for (let i = start; i < length; i++) rest.push(packets[i]);
  return errors.invalidArgValue(
    `packets[${start}]`, rest,
    'starts an incomplete datagram; an unconnected socket requires ' +
    UNCONNECTED_FORM);
}

/** Names the element of a list that is invalid, not only the list. */
function invalidMessage(index, message, form) {
  const part = Array.isArray(message) ? findInvalidPart(message) : -1;
  const [name, value] = part < 0 ?
    [`packets[${index}]`, message] :
    [`packets[${index}][${part}]`, message[part]];
  return errors.invalidArgType(
    name, `${errors.BUFFER_TYPES}, as the message in ${form}`, value);
}

function findInvalidPart(list) {
  for (let i = 0; i < list.length; i++) if (!isPart(list[i])) return i;
  return -1; // the program's getters have changed it since
}

/**
 * The datagrams of one sendMany(), in one of two forms.
 * @typedef {object} Packets
 * @property {Array|null} list messages, or message, port and address in turn;
 *   not the program's
 * @property {1|3} width elements of the list per datagram
 * @property {Columns|null} columns instead of a list; see send-many-columns.js
 */

/**
 * Checks the arguments of sendMany().
 * @param {Array|object} packets a list or columns
 * @param {Function} [callback]
 * @param {4|6} family of the socket
 * @param {boolean} connected
 * @param {function(4|6, string, number): boolean} isNumeric tells whether an
 *   address (with its port) is a numeric one of the family
 * @returns {Packets}
 * @throws {TypeError} ERR_INVALID_ARG_TYPE, ERR_INVALID_ARG_VALUE
 * @throws {RangeError} ERR_OUT_OF_RANGE, ERR_SOCKET_BAD_PORT
 */
function readPackets(packets, callback, family, connected, isNumeric) {
  if (callback !== undefined) validateFunction(callback, 'callback');
  if (!Array.isArray(packets) && typeof packets === 'object' &&
      packets !== null) {
    const { count } = packets;
    if (count !== undefined) {
      const columns =
        readColumns(packets, count, family, connected, isNumeric);
      return { list: null, width: 1, columns };
    }
  }
  return connected ?
    { list: readConnected(packets), width: 1, columns: null } :
    {
      list: readUnconnected(packets, family, isNumeric),
      width: 3,
      columns: null,
    };
}

/**
 * Converts columns into a list, for the ways of sending that need one.
 * @param {Packets} batch changed
 */
function expandColumns(batch) {
  if (batch.columns === null) return;
  const { list, width } = toList(batch.columns);
  batch.list = list;
  batch.width = width;
  batch.columns = null;
}

/**
 * Copies messages that are sent later: the caller may change its buffers in the
 * meantime.
 * @param {Packets} batch of readPackets(); changed
 */
function copyPackets(batch) {
  expandColumns(batch);
  const { list, width } = batch;
  for (let i = 0; i < list.length; i += width) list[i] = copyMessage(list[i]);
}

module.exports = { copyPackets, expandColumns, readPackets };
