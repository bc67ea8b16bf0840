'use strict';

/**
 * socket.sendMany(): many datagrams in one call, with the calling convention
 * of Bun's udpSocket.sendMany(). Everything is checked before anything leaves.
 */

const errors = require('../errors/errors');
const outbox = require('../batch/outbox');
const { LOOPBACK } = require('../batch/loopback');
const { checkMessage, copyMessage } = require('./message');
const {
  validateFunction, validatePort, validateString,
} = require('../errors/validators');

/**
 * Room for a copy of the list, which nobody else changes meanwhile. It is read
 * once, by index: iterators are the program's, and may be anything.
 * @param {*} packets
 * @param {1|3} width elements per datagram
 */
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
  // Most go to where the one before went. NaN equals no port: nothing went
  // before the first.
  let port = NaN;
  let address;
  for (let i = 0; i < list.length; i += 3) {
    list[i] = checkMessage(packets[i]);
    const givenPort = packets[i + 1];
    const givenAddress = packets[i + 2];
    if (givenPort !== port || givenAddress !== address) {
      port = validatePort(givenPort, 'Port', false);
      address = givenAddress == null || givenAddress === '' ?
        LOOPBACK[family] :
        givenAddress;
      checkAddress(family, address, port, i + 2);
    }
    list[i + 1] = port;
    list[i + 2] = address;
  }
  return list;
}

function checkAddress(family, address, port, index) {
  if (typeof address !== 'string') {
    validateString(address, `packets[${index}]`);
  }
  if (outbox.findPeer(family, address, port) < 0) {
    throw errors.invalidArgValue(
      `packets[${index}]`, address,
      `must be a numeric IPv${family} address; sendMany does not perform ` +
      'DNS resolution');
  }
}

/**
 * Checks the arguments.
 * @param {Array} packets
 * @param {Function} [callback]
 * @param {4|6} family of the socket
 * @param {boolean} connected
 * @returns {{list: Array, width: 1|3}} a list of our own: messages, or message,
 *   port and address in turn
 * @throws {TypeError} ERR_INVALID_ARG_TYPE, ERR_INVALID_ARG_VALUE
 * @throws {RangeError} ERR_SOCKET_BAD_PORT
 */
function readPackets(packets, callback, family, connected) {
  if (callback !== undefined) validateFunction(callback, 'callback');
  return connected ?
    { list: readConnected(packets), width: 1 } :
    { list: readUnconnected(packets, family), width: 3 };
}

/** Messages that have to wait are copied: the caller may use its buffers. */
function copyPackets({ list, width }) {
  for (let i = 0; i < list.length; i += width) list[i] = copyMessage(list[i]);
}

/** Leaves out what the block list forbids; `many` is told. */
function filterBlocked(list, isBlocked, many) {
  const allowed = [];
  for (let i = 0; i < list.length; i += 3) {
    if (isBlocked(list[i + 2])) many?.fail(errors.ipBlocked(list[i + 2]));
    else allowed.push(list[i], list[i + 1], list[i + 2]);
  }
  return allowed;
}

/**
 * @param {UDP} handle
 * @param {{list: Array, width: 1|3}} batch of readPackets()
 * @param {function(string): boolean} [isBlocked]
 * @param {function(Error|null, number)} [callback]
 * @returns {number} datagrams that the kernel, or its queue, was handed
 */
function sendPackets(handle, { list, width }, isBlocked, callback) {
  const many = callback === undefined ?
    null :
    new outbox.SendMany(callback, list.length / width);
  if (list.length === 0) many?.step(0);
  const packets = isBlocked === undefined || width === 1 ?
    list :
    filterBlocked(list, isBlocked, many);
  outbox.sendAll(handle, packets, width, many);
  return packets.length / width;
}

module.exports = { copyPackets, readPackets, sendPackets };
