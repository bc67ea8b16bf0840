'use strict';

/**
 * Checks and copies the datagrams of sendMany(). The calling convention of the
 * list is that of Bun's udpSocket.sendMany(); send-many-columns.js checks the
 * columns. The whole list is checked before a datagram is sent. Used by the
 * fallback as well, which has no addon.
 */

const errors = require('../errors/errors');
const {
  validateFunction, validatePort, validateUint32,
} = require('../errors/validators');
const { LOOPBACK, familyName } = require('../batch/loopback');
const { copyMessage, isPart, readMessage } = require('./outgoing-message');
const { COLUMNS_FORM, readColumns, toList } = require('./send-many-columns');
const { readManySettings, simplify } = require('./send-many-settings');
const { isTarget, readSettings } = require('./send-settings');

/** The expected form of `packets`, for error messages. */
const CONNECTED_FORM = '[message, message, ...] for a connected socket';
const UNCONNECTED_FORM = '[message, port, address, ...]';
const TARGETS_FORM = '[message, { port, address, ...settings }, ...]';

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
        throw notNumeric(family, address, `packets[${i + 2}]`,
                         UNCONNECTED_FORM);
      }
    }
    list[i + 1] = port;
    list[i + 2] = address;
  }
  return list;
}

/**
 * [message, { port, address, ...settings }, ...]; connected:
 * [message, { ...settings }, ...]
 */
function readTargets(packets, family, connected, isNumeric) {
  const { length } = createList(packets, TARGETS_FORM);
  const list = [];
  const settings = [];
  let index = 1;
  const nameOf = (name) => `packets[${index}].${name}`;
  for (; index <= length; index += 2) {
    const message = readMessage(packets[index - 1]);
    if (message === null) {
      throw invalidMessage(index - 1, packets[index - 1], TARGETS_FORM);
    }
    const target = packets[index];
    if (!isTarget(target)) {
      throw errors.invalidArgType(
        `packets[${index}]`, `of type object, as in ${TARGETS_FORM}`, target);
    }
    const { port, address } = target;
    settings.push(readSettings(target, family, nameOf, readTargets));
    list.push(message);
    if (!connected) {
      list.push(...readTarget(port, address, family, isNumeric, nameOf));
    } else if (port || address) {
      throw errors.isConnected();
    }
  }
  return { list, settings: simplify(settings) };
}

function readTarget(port, address, family, isNumeric, nameOf) {
  const checked = validatePort(port, nameOf('port'), false);
  const text = address == null || address === '' ? LOOPBACK[family] : address;
  if (typeof text !== 'string') {
    throw errors.invalidArgType(nameOf('address'), 'of type string', text);
  }
  if (!isNumeric(family, text, checked)) {
    throw notNumeric(family, text, nameOf('address'), TARGETS_FORM);
  }
  return [checked, text];
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

function notNumeric(family, address, name, form) {
  return errors.invalidArgValue(
    name, address, `must be a numeric ${familyName(family)} address, as in ` +
    `${form}; sendMany does not perform DNS resolution`);
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
 * @property {Settings|Array<Settings|null>|null} settings of all datagrams, or
 *   by datagram; null: none; see send-settings.js
 */

/**
 * Checks the arguments of sendMany().
 * @param {Array|object} packets a list or columns
 * @param {object} [settings] of all datagrams
 * @param {Function} [callback]
 * @param {4|6} family of the socket
 * @param {boolean} connected
 * @param {function(4|6, string, number): boolean} isNumeric tells whether an
 *   address (with its port) is a numeric one of the family
 * @returns {Packets}
 * @throws {TypeError} ERR_INVALID_ARG_TYPE, ERR_INVALID_ARG_VALUE,
 *   ERR_INVALID_IP_ADDRESS
 * @throws {RangeError} ERR_OUT_OF_RANGE, ERR_SOCKET_BAD_PORT
 * @throws {Error} ERR_SOCKET_DGRAM_IS_CONNECTED
 */
function readPackets(packets, settings, callback, family, connected,
                     isNumeric) {
  if (callback !== undefined) validateFunction(callback, 'callback');
  if (!Array.isArray(packets) && typeof packets === 'object' &&
      packets !== null) {
    const { count } = packets;
    if (count !== undefined) {
      // Before the columns: reading settings may run code of the program.
      validateUint32(count, 'batch.count');
      const read = readForAll(settings, count, family);
      const columns =
        readColumns(packets, count, family, connected, isNumeric);
      return { list: null, width: 1, columns, settings: read };
    }
  }
  const width = connected ? 1 : 3;
  if (Array.isArray(packets) && isTarget(packets[1])) {
    if (settings !== undefined) {
      throw errors.invalidArgType(
        'settings', `undefined for ${TARGETS_FORM}`, settings);
    }
    const read = readTargets(packets, family, connected, isNumeric);
    return { width, columns: null, ...read };
  }
  const list = connected ?
    readConnected(packets) :
    readUnconnected(packets, family, isNumeric);
  return {
    list, width, columns: null,
    settings: readForAll(settings, list.length / width, family),
  };
}

function readForAll(settings, count, family) {
  return settings === undefined ?
    null :
    readManySettings(settings, count, family);
}

/**
 * Converts columns into a list, for the ways of sending that need one.
 * @param {Packets} batch changed
 */
function expandColumns(batch) {
  if (batch.columns === null) return;
  const { list, width } = toList(batch.columns);
  batch.list = list; // in the order of the columns, as the settings
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
