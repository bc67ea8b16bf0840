'use strict';

/**
 * What send() takes for a message: a string (UTF-8), any view of bytes, or a
 * list of these.
 */

const errors = require('./errors');

/**
 * The part of a message that send(msg, offset, length, ...) names; both count
 * bytes, in any view and in the UTF-8 form of a string.
 * @param {string|ArrayBufferView} message
 * @param {*} offset converted as `>>> 0`
 * @param {*} length converted as `>>> 0`
 * @returns {Buffer} a view, not a copy
 * @throws {TypeError} ERR_INVALID_ARG_TYPE
 * @throws {RangeError} ERR_BUFFER_OUT_OF_BOUNDS
 */
function sliceMessage(message, offset, length) {
  const view = typeof message === 'string' ? Buffer.from(message) : message;
  if (!ArrayBuffer.isView(view)) throw errors.invalidBuffer('buffer', message);
  offset >>>= 0;
  length >>>= 0;
  if (offset > view.byteLength) throw errors.bufferOutOfBounds('offset');
  if (offset + length > view.byteLength) {
    throw errors.bufferOutOfBounds('length');
  }
  return Buffer.from(view.buffer, view.byteOffset + offset, length);
}

/**
 * @param {*} message
 * @returns {string|ArrayBufferView|Array<string|ArrayBufferView>} the message;
 *   a list comes as a list of our own, which nobody else changes
 * @throws {TypeError} ERR_INVALID_ARG_TYPE
 */
function checkMessage(message) {
  if (typeof message === 'string' || ArrayBuffer.isView(message)) {
    return message;
  }
  if (!Array.isArray(message)) throw errors.invalidBuffer('buffer', message);
  const list = Array.from(message);
  for (const part of list) {
    if (typeof part !== 'string' && !ArrayBuffer.isView(part)) {
      throw errors.invalidBuffer('buffer list arguments', message);
    }
  }
  return list;
}

function toBuffer(part) {
  return typeof part === 'string' ?
    Buffer.from(part) :
    Buffer.from(part.buffer, part.byteOffset, part.byteLength);
}

/**
 * The list of Buffers that `handle.send()` takes.
 * @param {string|ArrayBufferView|Array} message checked
 * @returns {Buffer[]} views, not copies
 */
function toList(message) {
  if (!Array.isArray(message)) return [toBuffer(message)];
  return message.length === 0 ? [Buffer.alloc(0)] : message.map(toBuffer);
}

/**
 * The same of a message that has to wait: copies, so that the caller may change
 * its buffers meanwhile.
 * @param {string|ArrayBufferView|Array} message checked
 * @returns {Buffer[]}
 */
function copyMessage(message) {
  return toList(message).map((part) => Buffer.from(part));
}

module.exports = { checkMessage, copyMessage, sliceMessage, toList };
