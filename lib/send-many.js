'use strict';

/**
 * socket.sendMany(): many datagrams in one call, with the calling convention
 * of Bun's udpSocket.sendMany(). Everything is checked before anything leaves.
 */

const errors = require('./errors');
const outbox = require('./outbox');
const { LOOPBACK } = require('./lookup');
const { checkMessage } = require('./message');
const {
  validateFunction, validatePort, validateString,
} = require('./validators');

function checkPackets(packets, width) {
  if (!Array.isArray(packets)) {
    throw errors.invalidArgType('packets', 'an instance of Array', packets);
  }
  if (packets.length % width !== 0) {
    throw errors.invalidArgValue(
      'packets', packets, 'must hold message, port, address per datagram');
  }
}

/** [msg, msg, ...] */
function readConnected(packets) {
  checkPackets(packets, 1);
  return { messages: packets.map(checkMessage), to: null };
}

/** [msg, port, address, msg, port, address, ...] */
function readUnconnected(packets, family) {
  checkPackets(packets, 3);
  const messages = [];
  const ports = [];
  const addresses = [];
  for (let i = 0; i < packets.length; i += 3) {
    const address = packets[i + 2] || LOOPBACK[family];
    messages.push(checkMessage(packets[i]));
    ports.push(validatePort(packets[i + 1], 'Port', false));
    addresses.push(address);
    checkAddress(family, address, ports.at(-1), `packets[${i + 2}]`);
  }
  return { messages, to: { ports, addresses } };
}

function checkAddress(family, address, port, name) {
  validateString(address, name);
  if (outbox.findPeer(family, address, port) < 0) {
    throw errors.invalidArgValue(
      name, address,
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
 * @returns {{messages: Array, to: {ports: number[], addresses: string[]}|null}}
 * @throws {TypeError} ERR_INVALID_ARG_TYPE, ERR_INVALID_ARG_VALUE
 * @throws {RangeError} ERR_SOCKET_BAD_PORT
 */
function readPackets(packets, callback, family, connected) {
  if (callback !== undefined) validateFunction(callback, 'callback');
  return connected ? readConnected(packets) : readUnconnected(packets, family);
}

/** Leaves out what the block list forbids; `many` is told. */
function filterBlocked({ messages, to }, isBlocked, many) {
  const allowed = to.addresses.map((address) => {
    const blocked = isBlocked(address);
    if (blocked) many?.fail(errors.ipBlocked(address));
    return !blocked;
  });
  const keep = (value, i) => allowed[i];
  return {
    messages: messages.filter(keep),
    to: { ports: to.ports.filter(keep), addresses: to.addresses.filter(keep) },
  };
}

/**
 * @param {UDP} handle
 * @param {object} batch of readPackets()
 * @param {function(string): boolean} [isBlocked]
 * @param {function(Error|null, number)} [callback]
 * @returns {number} datagrams that the kernel, or its queue, was handed
 */
function sendPackets(handle, batch, isBlocked, callback) {
  const many = callback === undefined ?
    null :
    new outbox.SendMany(callback, batch.messages.length);
  if (batch.messages.length === 0) many?.step();
  const { messages, to } = isBlocked === undefined || batch.to === null ?
    batch :
    filterBlocked(batch, isBlocked, many);
  outbox.sendAll(handle, messages, to, many);
  return messages.length;
}

module.exports = { readPackets, sendPackets };
