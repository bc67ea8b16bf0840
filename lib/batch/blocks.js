'use strict';

/**
 * Blocks: consecutive GRO buffers of a batch whose payloads are copied out of
 * the receive buffer together.
 */

const binding = require('../load/binding');
const { markUntransferable } = require('./untransferable');

const {
  RECV_WORDS, RECV_OFFSET, RECV_LENGTH, RECV_SEGMENT, RECV_STATUS,
  CURSOR_GRO_BUFFER, CURSOR_POSITION,
} = binding.layout;

const { copy } = Buffer.prototype;

/**
 * The size limit of a block, in bytes. malloc would map and unmap larger ones
 * each time, page by page. Retaining one message retains its whole block.
 */
const BLOCK_SIZE = 64 * 1024;

/** Reused blocks are larger by up to this, so that few are ever created. */
const REUSED_UNIT = 32 * 1024;

/**
 * A block is GRO buffers of up to BLOCK_SIZE bytes, at least one, or one error.
 * @param {Inbox} inbox
 * @param {number} from index of the first GRO buffer
 * @param {number} count GRO buffers of the batch
 * @param {number} most datagrams, unless the block is a single GRO buffer
 * @returns {number} index behind the last GRO buffer
 */
function findBlockEnd(inbox, from, count, most) {
  const { groBuffers, statuses } = inbox;
  let end = from;
  let size = 0;
  let datagrams = 0;
  while (end < count && statuses[end * RECV_WORDS + RECV_STATUS] >= 0) {
    size += groBuffers[end * RECV_WORDS + RECV_LENGTH];
    datagrams += countSegments(groBuffers, end);
    if ((size > BLOCK_SIZE || datagrams > most) && end > from) break;
    end++;
  }
  return Math.max(end, from + 1);
}

/**
 * Shortens a block, so that its datagrams have the same family.
 * @param {Inbox} inbox
 * @param {number} from index of the first GRO buffer
 * @param {number} end index behind the last one
 * @returns {number} index behind the last one of the same family
 */
function findFamilyEnd({ sources }, from, end) {
  const { family } = sources[from];
  let next = from + 1;
  while (next < end && sources[next].family === family) next++;
  return next;
}

/**
 * @param {Inbox} inbox
 * @param {number} size in bytes
 * @param {boolean} reuse whether the last block may be written again
 * @returns {Buffer} of this size, not zeroed: every byte is written. A reused
 *   one may be larger, and has no byte that was not initialized
 */
function allocate(inbox, size, reuse) {
  if (!reuse) return Buffer.allocUnsafeSlow(size);
  if (inbox.reused === null || inbox.reused.length < size) {
    const units = Math.ceil(size / REUSED_UNIT);
    inbox.reused = Buffer.alloc(units * REUSED_UNIT);
    // A transfer would detach the columns of the next batch.
    markUntransferable(inbox.reused.buffer);
  }
  return inbox.reused;
}

/**
 * Copies the payloads of a block out of the receive buffer. If the allocation
 * fails, the payloads are dropped: trying again might never end.
 * @param {Inbox} inbox
 * @param {number} from index of the first GRO buffer
 * @param {number} end index behind the last GRO buffer
 * @param {number} size of the payloads, in bytes
 * @param {number} extra bytes behind them. Those up to a multiple of four are
 *   zero, the caller writes the others
 * @param {boolean} reuse whether the block is valid only until the next one
 */
function takePayloads(inbox, from, end, size, extra, reuse) {
  const { cursor, groBuffers, receiveBuffer, starts } = inbox;
  const position = cursor[CURSOR_POSITION];
  cursor[CURSOR_GRO_BUFFER] = end;
  cursor[CURSOR_POSITION] = 0;
  const bytes = allocate(inbox, size + extra, reuse);
  cursor[CURSOR_GRO_BUFFER] = from;
  cursor[CURSOR_POSITION] = position;
  if (extra > 0) for (let i = size; i % 4 !== 0; i++) bytes[i] = 0;
  let to = 0;
  for (let i = from; i < end; i++) {
    const start = groBuffers[i * RECV_WORDS + RECV_OFFSET];
    const length = groBuffers[i * RECV_WORDS + RECV_LENGTH];
    starts[i] = to;
    copy.call(receiveBuffer, bytes, to, start, start + length);
    to += length;
  }
  inbox.block = bytes.buffer;
}

function countBytes({ groBuffers }, from, end) {
  let bytes = 0;
  for (let i = from; i < end; i++) {
    bytes += groBuffers[i * RECV_WORDS + RECV_LENGTH];
  }
  return bytes;
}

function countSegments(groBuffers, i) {
  const segment = groBuffers[i * RECV_WORDS + RECV_SEGMENT];
  return segment === 0 ?
    1 :
    Math.ceil(groBuffers[i * RECV_WORDS + RECV_LENGTH] / segment);
}

function countDatagrams({ groBuffers }, from, end) {
  let total = 0;
  for (let i = from; i < end; i++) total += countSegments(groBuffers, i);
  return total;
}

module.exports = {
  countBytes, countDatagrams, findBlockEnd, findFamilyEnd, takePayloads,
};
