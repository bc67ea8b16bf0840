'use strict';

/**
 * Turns a batch of received datagrams into calls of `handle.onmessage`, one
 * per datagram, each with a message and an rinfo of its own. As with Node,
 * ticks and microtasks run between two datagrams, a listener that throws does
 * not cost the next one, and closing the socket ends the batch. Who listens for
 * 'batch' is given the batch as a whole, before the datagrams one by one.
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

// The constructor behind Buffer, without Buffer.from()'s argument checks.
const View = Buffer[Symbol.species];

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

/** begin() was called for this batch. */
let begun = false;

/** Somebody wants the datagrams one by one. */
let single = true;

/** The payloads of the batch, one after the other, for those who share them. */
let shared = null;

/** Where the next message starts in `shared`. */
let sharedAt = 0;

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
  if (!begun) begin(handle, count);
  while (run < count && !handle.closed) {
    if (!single) skipPayloads(count);
    if (run === count) break;
    deliverNext(handle);
    // After the last one the addon's own call ends, and Node drains there.
    if (run === count) break;
    if (drain === undefined) return true;
    drain();
  }
  run = 0;
  position = 0;
  begun = false;
  shared = null;
  return false;
}

/** Emits the batch as a whole, and prepares for its datagrams. */
function begin(handle, count) {
  begun = true;
  const whole = handle.wants('batch');
  single = !whole || handle.wants('message');
  if (whole || handle.sharedBuffers) {
    shared = copyPayloads(count);
    sharedAt = 0;
  }
  if (!whole) return;
  const batch = takeColumns(handle, count);
  if (batch.count === 0) return;
  handle.runInAsyncScope(handle.onbatch, handle, handle, batch);
  if (single) drain?.();
}

/** Moves on to the next error, for those who do not want single datagrams. */
function skipPayloads(count) {
  while (run < count && statuses[run * RECV_WORDS + RECV_STATUS] >= 0) run++;
}

/** The payloads of all runs in memory of their own. */
function copyPayloads(count) {
  let size = 0;
  for (let at = 0; at < count * RECV_WORDS; at += RECV_WORDS) {
    size += runs[at + RECV_LENGTH];
  }
  // Not zeroed, and filled to the last byte.
  const bytes = Buffer.allocUnsafeSlow(size);
  let to = 0;
  for (let at = 0; at < count * RECV_WORDS; at += RECV_WORDS) {
    const from = runs[at + RECV_OFFSET];
    const length = runs[at + RECV_LENGTH];
    slab.copy(bytes, to, from, from + length);
    to += length;
  }
  return bytes;
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
  const source = position === 0 ?
    findSource(at) :
    sources[runs[at + RECV_PEER]];
  // The place is moved on first: the listener may throw.
  position += size;
  if (position >= length) {
    run++;
    position = 0;
  }
  const message = takeMessage(handle, start, size);
  if (source.error !== 0) {
    const error = errors.uvException(source.error, 'uv_if_indextoiid');
    handle.runInAsyncScope(handle.onerror, handle, size, handle, error);
    return;
  }
  const { address, family, port } = source;
  handle.runInAsyncScope(handle.onmessage, handle, size, handle, message,
                         { address, family, port });
}

/** A message with memory of its own, or a view of the batch's. */
function takeMessage(handle, start, size) {
  if (!handle.sharedBuffers) return copySlice.call(slab, start, start + size);
  const at = sharedAt;
  sharedAt += size;
  return new View(shared.buffer, at, size);
}

/**
 * A batch in columns. `data` is the listener's: nobody writes to it again.
 * @returns {{count: number, data: Buffer, offsets: Uint32Array,
 *   sizes: Uint32Array, ports: Uint16Array, addresses: string[],
 *   family: string}}
 */
function takeColumns(handle, count) {
  const most = countDatagrams(count);
  const offsets = new Uint32Array(most);
  const sizes = new Uint32Array(most);
  const ports = new Uint16Array(most);
  const addresses = new Array(most);
  let index = 0;
  let offset = 0;
  for (let at = 0; at < count * RECV_WORDS; at += RECV_WORDS) {
    if (statuses[at + RECV_STATUS] < 0) continue;
    const { address, family, port } = findSource(at);
    const end = offset + runs[at + RECV_LENGTH];
    if (handle.blocks(address, family)) {
      offset = end;
      continue;
    }
    const segment = runs[at + RECV_SEGMENT];
    do {
      const size = Math.min(segment, end - offset);
      offsets[index] = offset;
      sizes[index] = size;
      ports[index] = port;
      addresses[index] = address;
      index++;
      offset += size;
    } while (offset < end);
  }
  addresses.length = index;
  return {
    count: index,
    data: shared,
    offsets: offsets.subarray(0, index),
    sizes: sizes.subarray(0, index),
    ports: ports.subarray(0, index),
    addresses,
    family: handle.family === 6 ? 'IPv6' : 'IPv4',
  };
}

function countDatagrams(count) {
  let total = 0;
  for (let at = 0; at < count * RECV_WORDS; at += RECV_WORDS) {
    if (statuses[at + RECV_STATUS] < 0) continue;
    const segment = runs[at + RECV_SEGMENT];
    total += segment === 0 ? 1 : Math.ceil(runs[at + RECV_LENGTH] / segment);
  }
  return total;
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
