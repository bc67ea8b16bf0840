'use strict';

/**
 * Copies a message into the arena of a send batch: a string, a view of bytes,
 * or a list of both.
 */

// Node defines the global with a getter, which costs a lookup on each use.
const { Buffer } = require('node:buffer');
const binding = require('../load/binding');

const { DATAGRAM_MAX } = binding.layout;

/** One byte more than the limit, so that the kernel still answers EMSGSIZE. */
const COPY_MAX = DATAGRAM_MAX + 1;

/**
 * The getters of %TypedArray%.prototype read the true length. A subclass may
 * override `length`, and bytes past the end belong to other datagrams.
 */
const getLength = getterOf('length');
const getBuffer = getterOf('buffer');
const getByteOffset = getterOf('byteOffset');

function getterOf(name) {
  const typedArray = Object.getPrototypeOf(Uint8Array.prototype);
  return Object.getOwnPropertyDescriptor(typedArray, name).get;
}

// Buffer.prototype has so many members that V8 does not cache method lookups.
const { set: setBytes } = Uint8Array.prototype;

/**
 * An upper bound of the bytes that writeMessage() writes. It never writes more
 * than BATCH_ARENA: it stops after the part that exceeds COPY_MAX, and in UTF-8
 * a UTF-16 code unit takes up to three bytes.
 */
function maxWrittenSize(message) {
  if (typeof message === 'string') return message.length * 3;
  if (message instanceof Uint8Array) return getLength.call(message);
  if (!Array.isArray(message)) return message.byteLength;
  let size = 0;
  for (const part of message) size += maxWrittenSize(part);
  return size;
}

/**
 * Writes a message into the arena. If it is too long to be sent, writes enough
 * of it for the kernel to reject it.
 * @returns {number} the length of the message in bytes, which may be more than
 *   was written
 */
function writeMessage(arena, offset, message) {
  if (typeof message === 'string') return writeString(arena, offset, message);
  if (Array.isArray(message)) return writeList(arena, offset, message);
  return writeView(arena, offset, message);
}

function writeString(arena, offset, text) {
  if (text.length <= COPY_MAX) return arena.write(text, offset, 'utf8');
  arena.write(text.slice(0, COPY_MAX), offset, 'utf8');
  return Buffer.byteLength(text);
}

function writeView(arena, offset, view) {
  const bytes = view instanceof Uint8Array ?
    view :
    new Uint8Array(view.buffer, view.byteOffset, view.byteLength);
  const length = getLength.call(bytes);
  if (length === 0) return 0;
  setBytes.call(arena, length <= COPY_MAX ? bytes : firstBytes(bytes), offset);
  return length;
}

/** subarray() would call the constructor of a subclass. */
function firstBytes(bytes) {
  return new Uint8Array(getBuffer.call(bytes), getByteOffset.call(bytes),
                        COPY_MAX);
}

function writeList(arena, offset, list) {
  let total = 0;
  for (const part of list) {
    if (total <= COPY_MAX) {
      total += writeMessage(arena, offset + total, part);
    } else {
      total += typeof part === 'string' ? Buffer.byteLength(part) :
        part.byteLength;
    }
  }
  return total;
}

module.exports = {
  COPY_MAX, getLength, maxWrittenSize, setBytes, writeMessage,
};
