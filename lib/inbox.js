'use strict';

/**
 * Turns a batch of received datagrams into calls of `handle.onmessage`, one
 * per datagram, each with a message and an rinfo of its own. As with Node,
 * ticks and microtasks run between two datagrams, a listener that throws does
 * not cost the next one, and closing the socket ends the batch.
 */

const { markAsUntransferable } = require('node:worker_threads');
const binding = require('./binding');
const errors = require('./errors');

const {
  RECV_WORDS, RECV_OFFSET, RECV_LENGTH, RECV_SEGMENT, RECV_PEER, RECV_FRESH,
  RECV_STATUS, TEXT_BYTES, TEXT_FAMILY, TEXT_PORT, TEXT_LENGTH, TEXT_ERROR,
  TEXT_TEXT, SOURCES_MAX,
} = binding.layout;

const TEXT_WORDS = TEXT_BYTES / 4;

// Runs what MakeCallback would run after each callback. Node has offered it
// under this name since 0.10; without it C calls us once per datagram.
const drain = process._tickCallback;

// A slice of a Buffer is a view; this is the method that copies. The copy has
// an ArrayBuffer of its own, of exactly its size.
const copySlice = Uint8Array.prototype.slice;

let slab;
let runs;
let statuses;
let texts;
let textBytes;

/** Sources whose address the C core remembers, by slot. */
const sources = new Array(SOURCES_MAX).fill(null);

/** Where the next datagram of the batch is: its run, and how far in that. */
let run = 0;
let position = 0;

function open() {
  const memory = binding.inbox();
  for (const buffer of Object.values(memory)) markAsUntransferable(buffer);
  slab = Buffer.from(memory.slab);
  runs = new Uint32Array(memory.runs);
  statuses = new Int32Array(memory.runs);
  texts = new Int32Array(memory.texts);
  textBytes = Buffer.from(memory.texts);
}

/**
 * Delivers a batch. The addon calls it until it returns false, also after a
 * listener threw: the place in the batch is kept here.
 * @param {UDP} handle
 * @param {number} count of runs in the batch
 * @returns {boolean} true when datagrams are left
 */
function deliver(handle, count) {
  if (runs === undefined) open();
  while (run < count && !handle.closed) {
    deliverNext(handle);
    // After the last one the addon's own call ends, and Node drains there.
    if (run === count) break;
    if (drain === undefined) return true;
    drain();
  }
  run = 0;
  position = 0;
  return false;
}

function deliverNext(handle) {
  const at = run * RECV_WORDS;
  const status = statuses[at + RECV_STATUS];
  if (status < 0) {
    run++;
    handle.runInAsyncScope(handle.onmessage, handle, status, handle);
    return;
  }
  const length = runs[at + RECV_LENGTH];
  const start = runs[at + RECV_OFFSET] + position;
  const size = Math.min(runs[at + RECV_SEGMENT], length - position);
  const source = position === 0 ? findSource(at) : sources[runs[at + RECV_PEER]];
  // The place is moved on first: the listener may throw.
  position += size;
  if (position >= length) {
    run++;
    position = 0;
  }
  if (source.error !== 0) {
    const error = errors.uvException(source.error, 'uv_if_indextoiid');
    handle.runInAsyncScope(handle.onerror, handle, size, handle, error);
    return;
  }
  const message = copySlice.call(slab, start, start + size);
  const { address, family, port } = source;
  handle.runInAsyncScope(handle.onmessage, handle, size, handle, message,
                         { address, family, port });
}

/** The source of a run; a fresh one is read from its text and remembered. */
function findSource(at) {
  const slot = runs[at + RECV_PEER];
  const fresh = runs[at + RECV_FRESH];
  if (fresh === 0) return sources[slot];
  const word = (fresh - 1) * TEXT_WORDS;
  const from = (fresh - 1) * TEXT_BYTES + TEXT_TEXT;
  const source = {
    address: textBytes.latin1Slice(from, from + texts[word + TEXT_LENGTH]),
    family: texts[word + TEXT_FAMILY] === 6 ? 'IPv6' : 'IPv4',
    port: texts[word + TEXT_PORT],
    error: texts[word + TEXT_ERROR],
  };
  sources[slot] = source;
  return source;
}

module.exports = { deliver };
