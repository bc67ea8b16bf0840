'use strict';

/**
 * The datagrams of the soak: flow number, place in the flow, and bytes that
 * follow from the place. A receiver can thus detect lost, duplicate, reordered
 * and damaged datagrams.
 */

const HEADER = 8;
const PATTERN_PERIOD = 251;

// The period is prime, so that data shifted by a power of two differs.
const pattern = Buffer.alloc(65536 + PATTERN_PERIOD);
for (let i = 0; i < pattern.length; i++)
  pattern[i] = (i % PATTERN_PERIOD) * 7 + (i >> 8);

function write(flow, place, size) {
  const bytes = Buffer.allocUnsafe(size);
  bytes.writeUInt32LE(flow, 0);
  bytes.writeUInt32LE(place, 4);
  const from = place % PATTERN_PERIOD;
  pattern.copy(bytes, HEADER, from, from + size - HEADER);
  return bytes;
}

/** @returns {{flow: number, place: number, intact: boolean}} */
function read(bytes) {
  if (bytes.length < HEADER) return { flow: -1, place: -1, intact: false };
  const place = bytes.readUInt32LE(4);
  const from = place % PATTERN_PERIOD;
  const end = from + bytes.length - HEADER;
  const intact = pattern.compare(bytes, HEADER, bytes.length, from, end) === 0;
  return { flow: bytes.readUInt32LE(0), place, intact };
}

function randomSize(most) {
  return HEADER + Math.floor(Math.random() * (most - HEADER + 1));
}

module.exports = { HEADER, randomSize, read, write };
