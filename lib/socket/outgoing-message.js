'use strict';

/**
 * The messages that send() accepts: a string (sent as UTF-8), any view of
 * bytes, or a list of both.
 */

// Read from the module once: the global is a getter, called on each access.
const { Buffer } = require('node:buffer');
const errors = require('../errors/errors');

/**
 * The part of a message that send(msg, offset, length, ...) sends.
 * @param {string|ArrayBufferView} message
 * @param {*} offset bytes (of the UTF-8 form of a string), converted as `>>> 0`
 * @param {*} length bytes, converted as `>>> 0`
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

/** Reads an internal slot of a view, which properties cannot override. */
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
 * Returns 'Uint8Array' for a Buffer and for no other kind of object; undefined
 * for anything but a typed array. It works across realms, and an object's
 * prototype cannot change its answer.
 */
const { get: kindOf } =
  Object.getOwnPropertyDescriptor(typedArray, Symbol.toStringTag);

/**
 * The getter of the number of elements of a typed array, for
 * `getLength.call(array)`; subclasses cannot override it.
 */
const { get: getLength } =
  Object.getOwnPropertyDescriptor(typedArray, 'length');

const { set: setBytes } = typedArray;

/**
 * The bytes of a view according to its internal slots: properties of a subclass
 * may return another length, and the memory may be detached or shrunk.
 */
function trueBytes(view) {
  const read = kindOf.call(view) === undefined ? DATA_VIEW : TYPED_ARRAY;
  try {
    return Buffer.from(read.buffer(view), read.byteOffset(view),
                       read.byteLength(view));
  } catch {
    return Buffer.alloc(0); // as in node:dgram
  }
}

/** Whether `value` can be an element of a list. */
function isPart(value) {
  return typeof value === 'string' || ArrayBuffer.isView(value);
}

/** The parts of a list, each read once and in order; null if one is invalid. */
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

/** Whether `value` is a Uint8Array, or a Buffer: most messages are. */
function isBytes(value) {
  // The outbox reads nothing of it that a subclass can override.
  return kindOf.call(value) === 'Uint8Array' && value instanceof Uint8Array;
}

/**
 * @param {*} message
 * @returns {string|Uint8Array|Array<string|Buffer>} the message; a list is
 *   returned as a new list that the program does not have
 * @throws {TypeError} ERR_INVALID_ARG_TYPE
 */
function checkMessage(message) {
  if (typeof message === 'string') return message;
  // isBytes(), written out: this is the hot path of send().
  if (kindOf.call(message) === 'Uint8Array' && message instanceof Uint8Array) {
    return message;
  }
  return checkOther(message);
}

function checkOther(message) {
  const read = readOther(message);
  if (read === null) {
    const name = Array.isArray(message) ? 'buffer list arguments' : 'buffer';
    throw errors.invalidBuffer(name, message, checkMessage);
  }
  return read;
}

function readOther(message) {
  if (ArrayBuffer.isView(message)) return trueBytes(message);
  return Array.isArray(message) ? readList(message) : null;
}

/**
 * checkMessage() for callers that create the error themselves.
 * @param {*} message
 * @returns {string|Uint8Array|Array<string|Buffer>|null} null: not a message
 */
function readMessage(message) {
  if (typeof message === 'string' || isBytes(message)) return message;
  return readOther(message);
}

function toBuffer(part) {
  return typeof part === 'string' ? Buffer.from(part) : trueBytes(part);
}

/**
 * The list of Buffers that `handle.send()` requires.
 * @param {string|ArrayBufferView|Array} message checked
 * @returns {Buffer[]} views, not copies
 */
function toList(message) {
  if (!Array.isArray(message)) return [toBuffer(message)];
  return message.length === 0 ? [Buffer.alloc(0)] : message.map(toBuffer);
}

/**
 * @param {Uint8Array} bytes see isBytes()
 * @returns {Buffer} a copy
 */
function copyBytes(bytes) {
  const length = getLength.call(bytes);
  const copy = Buffer.allocUnsafe(length);
  // It may be detached, or beyond the end of its memory.
  if (length > 0) setBytes.call(copy, bytes);
  return copy;
}

/**
 * toList() for a message that is sent later: the caller may change its buffers
 * in the meantime.
 * @param {string|ArrayBufferView|Array} message checked
 * @returns {Buffer[]} copies
 */
function copyMessage(message) {
  return toList(message).map((part) => Buffer.from(part));
}

module.exports = {
  checkMessage, copyBytes, copyMessage, getLength, isBytes, isPart, kindOf,
  readMessage, sliceMessage, toList, trueBytes,
};
