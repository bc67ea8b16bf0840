'use strict';

/**
 * Contents of datagrams: ASCII, so that a string has the same bytes. Each is
 * different from all others, as far as its size allows.
 */

const ALPHABET = 'abcdefghijklmnopqrstuvwxyz0123456789';

const noise = Buffer.alloc(1 << 18);
for (let i = 0, x = 1; i < noise.length; i++) {
  x = Math.imul(x, 1664525) + 1013904223 >>> 0;
  noise[i] = ALPHABET.charCodeAt((x >>> 16) % ALPHABET.length);
}

/** Bytes that lib/batch/message-writer.js copies at most: too many to send. */
const COPIED_MAX = 65536;

/**
 * The first byte of every datagram of this process and its child (visits.js).
 * Another process may send to a port that it used before.
 */
const MARK = 1 + Number(process.env.PROPERTIES_PID ?? process.pid) % 31;

/** From this length on datagrams are unique. */
const DISTINCT = 8;

/** @returns {Buffer} */
function payload(id, size) {
  const start = id * 7919 % (noise.length >> 2);
  const bytes = Buffer.from(noise.subarray(start, start + size));
  bytes.write(String.fromCharCode(MARK) + `${id.toString(36)}.`, 'latin1');
  return bytes;
}

/** The part of a payload that is passed to the kernel. */
const shown = (bytes) => bytes.subarray(0, COPIED_MAX);

/** The same content in the other forms that send() takes. */
const FORMS = {
  buffer: (bytes) => bytes,
  string: (bytes) => bytes.toString('latin1'),
  list: (bytes) => {
    const middle = bytes.length >> 1;
    return [bytes.subarray(0, middle), bytes.toString('latin1', middle)];
  },
  view: (bytes) =>
    new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength),
};

/** Whether a datagram is unique and was sent by this process. */
const isIdentifiable = (bytes) => bytes.length >= DISTINCT && bytes[0] === MARK;

module.exports = { DISTINCT, FORMS, isIdentifiable, payload, shown };
