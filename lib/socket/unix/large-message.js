'use strict';

/**
 * Messages that are too long for the memory of a send batch. A Unix socket
 * accepts up to its send buffer size, 212,960 bytes by default. C reads them
 * from the memory of the program, so they leave within send().
 */

const { Buffer } = require('node:buffer');
const binding = require('../../load/binding');
const outbox = require('../../batch/outbox');
const errors = require('../../errors/errors');
const { getLength, toList } = require('../outgoing-message');

/** Longer messages of UDP do not exist, and the send batch cuts them. */
const { DATAGRAM_MAX } = binding.layout;

/** @param {string|Uint8Array|Array} message checked */
function isLarge(message) {
  if (typeof message === 'string') {
    return message.length * 3 > DATAGRAM_MAX &&
      Buffer.byteLength(message) > DATAGRAM_MAX;
  }
  if (!Array.isArray(message)) return getLength.call(message) > DATAGRAM_MAX;
  let size = 0;
  for (const part of toList(message)) size += part.length;
  return size > DATAGRAM_MAX;
}

/** The bytes as one Buffer; a view if there is one part. */
function toBytes(message) {
  const list = toList(message);
  return list.length === 1 ? list[0] : Buffer.concat(list);
}

/** A send whose error names the destination. */
class LargeSend extends outbox.SendGroup {
  constructor(handle, path, size, callback) {
    super((error) => {
      if (error === null) callback(null, size);
      else callback(error);
    }, 1, handle);
    this.path = path;
  }

  recordCode(code) {
    this.recordError(
      errors.hostPortException(code, 'send', this.path ?? undefined));
  }
}

/**
 * @param {UnixHandle} handle
 * @param {string|Uint8Array|Array} message checked
 * @param {string|null} path null: the connected peer
 * @param {Function} [callback] (error) or (null, bytes)
 */
function sendLarge(handle, message, path, callback) {
  const data = toBytes(message);
  const columns = {
    count: 1,
    data,
    offsets: new Uint32Array([0]),
    sizes: new Uint32Array([data.length]),
    connected: path === null,
    port: 0,
    address: path ?? '',
    ports: null,
    addresses: null,
  };
  const group = callback === undefined ?
    null :
    new LargeSend(handle, path, data.length, callback);
  outbox.sendColumns(handle, columns, null, group);
}

module.exports = { isLarge, sendLarge };
