'use strict';

/** The arguments of sendMany(), with the checks of socket/send-many.js. */

const errors = require('../errors/errors');
const {
  validateFunction, validatePort, validateString,
} = require('../errors/validators');
const { LOOPBACK, isIP } = require('../handle/lookup');
const { checkMessage } = require('../socket/message');

function listFor(packets, width) {
  if (!Array.isArray(packets)) {
    throw errors.invalidArgType('packets', 'an instance of Array', packets);
  }
  if (packets.length % width !== 0) {
    throw errors.invalidArgValue(
      'packets', packets, 'must hold message, port, address per datagram');
  }
  return new Array(packets.length);
}

/** [msg, msg, ...] */
function readConnected(packets) {
  const list = listFor(packets, 1);
  for (let i = 0; i < list.length; i++) list[i] = checkMessage(packets[i]);
  return list;
}

/** [msg, port, address, msg, port, address, ...] */
function readUnconnected(packets, family) {
  const list = listFor(packets, 3);
  for (let i = 0; i < list.length; i += 3) {
    list[i] = checkMessage(packets[i]);
    list[i + 1] = validatePort(packets[i + 1], 'Port', false);
    list[i + 2] = readAddress(packets[i + 2], family, i + 2);
  }
  return list;
}

function readAddress(address, family, index) {
  if (address == null || address === '') return LOOPBACK[family];
  validateString(address, `packets[${index}]`);
  if (isIP(address) !== family) {
    throw errors.invalidArgValue(
      `packets[${index}]`, address,
      `must be a numeric IPv${family} address; sendMany does not perform ` +
      'DNS resolution');
  }
  return address;
}

/**
 * @param {Array} packets
 * @param {Function} [callback]
 * @param {4|6} family of the socket
 * @param {boolean} connected
 * @returns {{list: Array, width: 1|3}} a copy of the list: messages, or
 *   message, port and address in turn
 * @throws {TypeError} ERR_INVALID_ARG_TYPE, ERR_INVALID_ARG_VALUE
 * @throws {RangeError} ERR_SOCKET_BAD_PORT
 */
function readPackets(packets, callback, family, connected) {
  if (callback !== undefined) validateFunction(callback, 'callback');
  return connected ?
    { list: readConnected(packets), width: 1 } :
    { list: readUnconnected(packets, family), width: 3 };
}

module.exports = { readPackets };
