'use strict';

/**
 * Contents of datagrams: ASCII, so that a string says the same, each one
 * different from all others as far as its size allows.
 */

const ALPHABET = 'abcdefghijklmnopqrstuvwxyz0123456789';

const noise = Buffer.alloc(1 << 17);
for (let i = 0, x = 1; i < noise.length; i++) {
  x = Math.imul(x, 1664525) + 1013904223 >>> 0;
  noise[i] = ALPHABET.charCodeAt((x >>> 16) % ALPHABET.length);
}

/** What batch/message-writer.js copies of a datagram: too long to be sent. */
const COPIED_MAX = 65536;

/**
 * The first byte of every datagram of this process: the port that a socket was
 * given may have been the target of another process.
 */
const MARK = 1 + process.pid % 31;

/** From this length on no two datagrams are the same. */
const DISTINCT = 8;

/** @returns {Buffer} */
function payload(id, size) {
  const start = id * 7919 % (noise.length >> 2);
  const bytes = Buffer.from(noise.subarray(start, start + size));
  bytes.write(String.fromCharCode(MARK) + `${id.toString(36)}.`, 'latin1');
  return bytes;
}

/** The part of a payload that the kernel is shown. */
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

/** Whether a datagram is of this process, and can be told from all others. */
const isOurs = (bytes) => bytes.length >= DISTINCT && bytes[0] === MARK;

module.exports = { DISTINCT, FORMS, isOurs, payload, shown };
