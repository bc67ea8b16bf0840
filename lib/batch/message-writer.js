'use strict';

/** Writes what send() was given into a lane's arena. */

// As globals they are looked up each time: Node defines them with getters.
const { Buffer } = require('node:buffer');
const binding = require('../load/binding');

const { DATAGRAM_MAX } = binding.layout;

/** One byte more than fits: the kernel answers EMSGSIZE to the rest as well. */
const COPY_MAX = DATAGRAM_MAX + 1;

/**
 * How many bytes there are, whatever a `length` of the view's own says: what
 * the arena holds behind them belongs to other datagrams.
 */
const realLength = getterOf('length');
const realBuffer = getterOf('buffer');
const realOffset = getterOf('byteOffset');

function getterOf(name) {
  const typedArray = Object.getPrototypeOf(Uint8Array.prototype);
  return Object.getOwnPropertyDescriptor(typedArray, name).get;
}

// Buffer's prototype has so many members that V8 looks methods up each time.
const { set: copyTo } = Uint8Array.prototype;

/**
 * What writeMessage() may write at most, within BATCH_ARENA: it stops after the
 * part that passes COPY_MAX, and a UTF-16 unit takes three bytes at most.
 */
function sizeBound(message) {
  if (typeof message === 'string') return message.length * 3;
  if (message instanceof Uint8Array) return realLength.call(message);
  if (!Array.isArray(message)) return message.byteLength;
  let size = 0;
  for (const part of message) size += sizeBound(part);
  return size;
}

/**
 * Writes a message into the arena, or so much of it that it cannot be sent.
 * @returns {number} its length in bytes, which may be more
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
  const length = realLength.call(bytes);
  if (length === 0) return 0;
  copyTo.call(arena, length <= COPY_MAX ? bytes : firstBytes(bytes), offset);
  return length;
}

/** Not subarray(), which asks the view's own constructor. */
function firstBytes(bytes) {
  return new Uint8Array(realBuffer.call(bytes), realOffset.call(bytes),
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

module.exports = { COPY_MAX, copyTo, realLength, sizeBound, writeMessage };
