'use strict';

/**
 * A stream in the format of RTP (RFC 3550, 5.1): numbered packets of one size.
 * The content of packet n follows from n, so that each side knows the expected
 * content.
 */

const { createHash } = require('node:crypto');

/** Bytes of a packet: as in QUIC or WebRTC implementations. */
const SIZE = 1200;

const HEADER = 12;
const VERSION = 2 << 6;
const PAYLOAD_TYPE = 96; // the first of the dynamic ones
const CLOCK = 3000; // 90 kHz, 30 frames a second
const SSRC = 0x64676e61;

/** @returns {Buffer} packet number n */
function packet(n) {
  const bytes = Buffer.alloc(SIZE);
  bytes[0] = VERSION;
  bytes[1] = PAYLOAD_TYPE;
  bytes.writeUInt16BE(n & 0xffff, 2);
  bytes.writeUInt32BE(n * CLOCK >>> 0, 4);
  bytes.writeUInt32BE(SSRC, 8);
  const seed = createHash('sha256').update(String(n)).digest();
  for (let at = HEADER; at < SIZE; at += seed.length) seed.copy(bytes, at);
  return bytes;
}

/** @returns {Buffer[]} packets first to first + count - 1 */
function packets(first, count) {
  return Array.from({ length: count }, (_, i) => packet(first + i));
}

/**
 * @returns {number | undefined} sequence number; undefined if it is no packet
 */
function sequenceOf(bytes) {
  if (bytes.length !== SIZE || bytes[0] !== VERSION) return undefined;
  return bytes.readUInt16BE(2);
}

module.exports = { SIZE, packet, packets, sequenceOf };
