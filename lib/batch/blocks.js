'use strict';

/** Blocks: the payloads that leave the slab together. */

const binding = require('../load/binding');

const {
  RECV_WORDS, RECV_OFFSET, RECV_LENGTH, RECV_SEGMENT, RECV_STATUS,
  CURSOR_GRO_BUFFER, CURSOR_POSITION,
} = binding.layout;

const { copy } = Buffer.prototype;

/**
 * Payloads that leave the slab together do so in blocks of whole runs. Larger
 * ones would be mapped and unmapped by malloc each time, page by page; and a
 * message that is kept keeps its block.
 */
const BLOCK_SIZE = 64 * 1024;

/** A block is runs of up to BLOCK_SIZE bytes, or one error. */
function findBlockEnd(inbox, from, count, most) {
  const { runs, statuses } = inbox;
  let end = from;
  let size = 0;
  let datagrams = 0;
  while (end < count && statuses[end * RECV_WORDS + RECV_STATUS] >= 0) {
    size += runs[end * RECV_WORDS + RECV_LENGTH];
    datagrams += countRun(runs, end);
    if ((size > BLOCK_SIZE || datagrams > most) && end > from) break;
    end++;
  }
  return Math.max(end, from + 1);
}

/**
 * Takes the payloads of the block from the slab. Is there no memory for them,
 * they are lost, once; to try again might be for ever.
 * @param {Inbox} inbox
 * @param {number} from the first run
 * @param {number} end behind the last run
 * @param {number} size of the payloads, in bytes
 * @param {number} extra bytes behind them
 */
function takePayloads(inbox, from, end, size, extra) {
  const { cursor, runs, slab, starts } = inbox;
  const position = cursor[CURSOR_POSITION];
  cursor[CURSOR_GRO_BUFFER] = end;
  cursor[CURSOR_POSITION] = 0;
  // Not zeroed: every byte is written, here or below.
  const bytes = Buffer.allocUnsafeSlow(size + extra);
  cursor[CURSOR_GRO_BUFFER] = from;
  cursor[CURSOR_POSITION] = position;
  if (extra > 0) bytes.fill(0, size);
  let to = 0;
  for (let i = from; i < end; i++) {
    const start = runs[i * RECV_WORDS + RECV_OFFSET];
    const length = runs[i * RECV_WORDS + RECV_LENGTH];
    starts[i] = to;
    copy.call(slab, bytes, to, start, start + length);
    to += length;
  }
  inbox.block = bytes.buffer;
}

function countBytes({ runs }, from, end) {
  let bytes = 0;
  for (let i = from; i < end; i++) bytes += runs[i * RECV_WORDS + RECV_LENGTH];
  return bytes;
}

function countRun(runs, i) {
  const segment = runs[i * RECV_WORDS + RECV_SEGMENT];
  return segment === 0 ?
    1 :
    Math.ceil(runs[i * RECV_WORDS + RECV_LENGTH] / segment);
}

function countDatagrams({ runs }, from, end) {
  let total = 0;
  for (let i = from; i < end; i++) total += countRun(runs, i);
  return total;
}

module.exports = { countBytes, countDatagrams, findBlockEnd, takePayloads };
