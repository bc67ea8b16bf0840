'use strict';

/**
 * What send() takes for a message: a string (UTF-8), any view of bytes, or a
 * list of these.
 */

// As a global it is looked up each time: Node defines it with a getter.
const { Buffer } = require('node:buffer');
const errors = require('../errors/errors');

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
  if (!ArrayBuffer.isView(view)) {
    throw errors.invalidBuffer('buffer', message, sliceMessage);
  }
  offset >>>= 0;
  length >>>= 0;
  if (offset > view.byteLength) {
    throw errors.bufferOutOfBounds('offset', sliceMessage);
  }
  if (offset + length > view.byteLength) {
    throw errors.bufferOutOfBounds('length', sliceMessage);
  }
  return Buffer.from(view.buffer, view.byteOffset + offset, length);
}

const typedArray = Object.getPrototypeOf(Uint8Array.prototype);

/** Reads an internal slot of a view, whatever the object says of itself. */
function slotReader(prototype, name) {
  const { get } = Object.getOwnPropertyDescriptor(prototype, name);
  return (view) => Reflect.apply(get, view, []);
}

const readers = (prototype) => ({
  buffer: slotReader(prototype, 'buffer'),
  byteOffset: slotReader(prototype, 'byteOffset'),
  byteLength: slotReader(prototype, 'byteLength'),
});

const TYPED_ARRAY = readers(typedArray);
const DATA_VIEW = readers(DataView.prototype);

/**
 * 'Uint8Array' of a Buffer and of no other kind of thing; undefined of what is
 * no typed array. Neither realm nor prototype has a say in it.
 */
const { get: kindOf } =
  Object.getOwnPropertyDescriptor(typedArray, Symbol.toStringTag);

/**
 * The bytes of a view as its memory has them: a subclass may say what it
 * likes of its length, and memory may be detached or have shrunk.
 */
function trueBytes(view) {
  const read = kindOf.call(view) === undefined ? DATA_VIEW : TYPED_ARRAY;
  try {
    return Buffer.from(read.buffer(view), read.byteOffset(view),
                       read.byteLength(view));
  } catch {
    return Buffer.alloc(0); // as the built-in sends it
  }
}

/** The parts of a list, read once and in order; null: one is no message. */
function readList(list) {
  const parts = new Array(list.length);
  for (let i = 0; i < parts.length; i++) {
    const part = list[i];
    if (typeof part === 'string' || Buffer.isBuffer(part)) {
      parts[i] = part;
    } else if (ArrayBuffer.isView(part)) {
      parts[i] = Buffer.from(part.buffer, part.byteOffset, part.byteLength);
    } else {
      return null;
    }
  }
  return parts;
}

/**
 * @param {*} message
 * @returns {string|Uint8Array|Array<string|Buffer>} the message; a list comes
 *   as a list of our own, which nobody else changes
 * @throws {TypeError} ERR_INVALID_ARG_TYPE
 */
function checkMessage(message) {
  if (typeof message === 'string') return message;
  // Nearly all are. The outbox asks nothing of them that a subclass could lie
  // about.
  if (kindOf.call(message) === 'Uint8Array' && message instanceof Uint8Array) {
    return message;
  }
  return checkOther(message);
}

function checkOther(message) {
  if (ArrayBuffer.isView(message)) return trueBytes(message);
  if (!Array.isArray(message)) {
    throw errors.invalidBuffer('buffer', message, checkMessage);
  }
  const list = readList(message);
  if (list === null) {
    throw errors.invalidBuffer('buffer list arguments', message, checkMessage);
  }
  return list;
}

function toBuffer(part) {
  return typeof part === 'string' ? Buffer.from(part) : trueBytes(part);
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
