'use strict';

/**
 * Checks the columns of sendMany(): the datagrams as the 'batch' event passes
 * them. Everything is checked before a datagram is sent. Used by the fallback
 * as well, which has no addon.
 */

const errors = require('../errors/errors');
const { validatePort, validateUint32 } = require('../errors/validators');
const { LOOPBACK, familyName } = require('../batch/loopback');
const { getLength, kindOf, trueBytes } = require('./outgoing-message');

/** The expected form, for error messages. */
const COLUMNS_FORM = '{ count, data, offsets, sizes, ports, addresses }';

/** Payloads start and end within this many bytes of `data`. */
const DATA_MAX = 0xffffffff;

/**
 * @typedef {object} Columns
 * @property {number} count datagrams
 * @property {Uint8Array} data of the program
 * @property {Uint32Array} offsets may be of the program
 * @property {Uint32Array} sizes may be of the program
 * @property {boolean} connected no ports and addresses were read
 * @property {number} port of all datagrams, unless there are `ports`
 * @property {string} address of all datagrams, unless there are `addresses`
 * @property {Uint16Array|null} ports by datagram
 * @property {string[]|null} addresses by datagram
 */

/**
 * Reads each property of `batch` once. No code of the program runs after the
 * offsets and sizes have been compared with the length of `data`.
 * @param {object} batch
 * @param {number} count the value of batch.count
 * @param {4|6} family of the socket
 * @param {boolean} connected
 * @param {function(4|6, string, number): boolean} isNumeric see readPackets()
 * @returns {Columns}
 * @throws {TypeError} ERR_INVALID_ARG_TYPE, ERR_INVALID_ARG_VALUE
 * @throws {RangeError} ERR_OUT_OF_RANGE, ERR_SOCKET_BAD_PORT
 */
function readColumns(batch, count, family, connected, isNumeric) {
  validateUint32(count, 'batch.count');
  const { data, offsets, sizes } = batch;
  if (kindOf.call(data) !== 'Uint8Array') {
    throw errors.invalidArgType('batch.data',
                                'an instance of Buffer or Uint8Array', data);
  }
  const columns = {
    count,
    data,
    offsets: readIntegers(offsets, 'batch.offsets', count),
    sizes: readIntegers(sizes, 'batch.sizes', count),
    connected,
    port: 0,
    address: '',
    ports: null,
    addresses: null,
  };
  if (!connected) {
    const { ports, addresses } = batch;
    readDestinations(columns, ports, addresses, family, isNumeric);
  }
  checkRanges(columns);
  return columns;
}

/** @returns {Uint32Array} `column` itself, or a copy of its first elements */
function readIntegers(column, name, count) {
  if (kindOf.call(column) !== 'Uint32Array') {
    return copyIntegers(column, name, count);
  }
  if (getLength.call(column) < count) checkLength(column, name, count);
  return column;
}

function copyIntegers(column, name, count) {
  if (!isList(column)) {
    throw errors.invalidArgType(name, 'an instance of Uint32Array or Array',
                                column);
  }
  checkLength(column, name, count);
  const list = new Uint32Array(count);
  for (let i = 0; i < count; i++) {
    const value = column[i];
    if (typeof value !== 'number' || value !== value >>> 0) {
      validateUint32(value, `${name}[${i}]`);
    }
    list[i] = value;
  }
  return list;
}

function isList(column) {
  return kindOf.call(column) !== undefined || Array.isArray(column);
}

function checkLength(column, name, count) {
  const length =
    kindOf.call(column) === undefined ? column.length : getLength.call(column);
  // The length of a proxy may be anything.
  if (typeof length !== 'number' || !(length >= count)) {
    throw errors.outOfRange(
      'batch.count', `<= ${name}.length (${String(length)})`, count);
  }
}

/**
 * Most batches have few destinations: a datagram with the destination of the
 * one before is not checked again.
 */
function readDestinations(columns, ports, addresses, family, isNumeric) {
  const portList = readPortColumn(columns, ports);
  const addressList = readAddressColumn(columns, addresses, family);
  if (portList === null && addressList === null) {
    checkNumeric(family, columns.address, columns.port, -1, isNumeric);
    return;
  }
  const { count, port: onePort, address: oneAddress } = columns;
  let port = 0;
  let address = '';
  let isSplit = false;
  for (let i = 0; i < count; i++) {
    const givenPort = portList === null ? onePort : portList[i];
    const givenAddress = addressList === null ? oneAddress : addressList[i];
    if (i === 0 || givenPort !== port || givenAddress !== address) {
      if (i > 0 && !isSplit) {
        splitDestinations(columns, i, port, address);
        isSplit = true;
      }
      port = checkPort(givenPort, i);
      address = checkAddress(givenAddress, family, i);
      checkNumeric(family, address, port, addressList === null ? -1 : i,
                   isNumeric);
    }
    if (isSplit) {
      columns.ports[i] = port;
      columns.addresses[i] = address;
    }
  }
  if (count > 0) {
    columns.port = port;
    columns.address = address;
  }
}

/** The second destination was found: stores those of the first datagrams. */
function splitDestinations(columns, end, port, address) {
  columns.ports = new Uint16Array(columns.count).fill(port, 0, end);
  columns.addresses = new Array(columns.count).fill(address, 0, end);
}

/** @returns {object|null} null: `columns.port` is the port of all */
function readPortColumn(columns, ports) {
  if (typeof ports === 'number' || typeof ports === 'string') {
    columns.port = validatePort(ports, 'batch.ports', false);
    return null;
  }
  if (!isList(ports)) {
    throw errors.invalidArgType(
      'batch.ports', 'of type number or an instance of Uint16Array or Array',
      ports);
  }
  checkLength(ports, 'batch.ports', columns.count);
  return ports;
}

/** @returns {object|null} null: `columns.address` is the address of all */
function readAddressColumn(columns, addresses, family) {
  if (addresses == null || addresses === '') {
    columns.address = LOOPBACK[family];
    return null;
  }
  if (typeof addresses === 'string') {
    columns.address = addresses;
    return null;
  }
  if (!Array.isArray(addresses)) {
    throw errors.invalidArgType(
      'batch.addresses', 'of type string or an instance of Array', addresses);
  }
  checkLength(addresses, 'batch.addresses', columns.count);
  return addresses;
}

function checkPort(port, index) {
  // Most ports return here, without building the name for an error.
  if (typeof port === 'number' && port > 0 && port === (port & 0xffff)) {
    return port;
  }
  return validatePort(port, `batch.ports[${index}]`, false);
}

function checkAddress(address, family, index) {
  if (address == null || address === '') return LOOPBACK[family];
  if (typeof address !== 'string') {
    throw errors.invalidArgType(`batch.addresses[${index}]`, 'of type string',
                                address);
  }
  return address;
}

/** @param {number} index -1: the address of all datagrams */
function checkNumeric(family, address, port, index, isNumeric) {
  if (!isNumeric(family, address, port)) {
    throw errors.invalidArgValue(
      index < 0 ? 'batch.addresses' : `batch.addresses[${index}]`, address,
      `must be a numeric ${familyName(family)} address; ` +
      'sendMany does not perform DNS resolution');
  }
}

/** Each payload must be within `data`. Negated: a missing element is NaN. */
function checkRanges({ count, data, offsets, sizes }) {
  const length = Math.min(getLength.call(data), DATA_MAX);
  for (let i = 0; i < count; i++) {
    if (!(offsets[i] + sizes[i] <= length)) {
      throw outOfData(i, offsets[i], sizes[i], length);
    }
  }
}

function outOfData(index, offset, size, length) {
  return offset <= length ?
    errors.outOfRange(`batch.sizes[${index}]`,
                      `<= ${length - offset}, up to the end of batch.data`,
                      size) :
    errors.outOfRange(`batch.offsets[${index}]`,
                      `<= ${length}, the length of batch.data`, offset);
}

/**
 * The list form of the same datagrams.
 * @param {Columns} columns
 * @returns {{list: Array, width: 1|3}} see readPackets(); messages are views
 */
function toList(columns) {
  const { count, offsets, sizes, connected, port, address, ports, addresses } =
    columns;
  const data = trueBytes(columns.data);
  const list = [];
  for (let i = 0; i < count; i++) {
    list.push(data.subarray(offsets[i], offsets[i] + sizes[i]));
    if (!connected) {
      list.push(ports === null ? port : ports[i],
                addresses === null ? address : addresses[i]);
    }
  }
  return { list, width: connected ? 1 : 3 };
}

module.exports = { COLUMNS_FORM, readColumns, toList };
