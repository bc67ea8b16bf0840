'use strict';

/**
 * Turns a batch of received datagrams into calls of `handle.onmessage`, one
 * per datagram, each with a message and an rinfo of its own. As with Node,
 * ticks and microtasks run between two datagrams, a listener that throws does
 * not cost the next one, and closing the socket ends the batch. Who listens for
 * 'batch' is given the batch as a whole, before the datagrams one by one.
 */

const binding = require('./binding');
const errors = require('./errors');
const { keep } = require('./memory');
const uncaught = require('./uncaught');

const {
  RECV_WORDS, RECV_OFFSET, RECV_LENGTH, RECV_SEGMENT, RECV_PEER, RECV_FRESH,
  RECV_STATUS, RECV_SLOTS, TEXT_BYTES, TEXT_FAMILY, TEXT_PORT, TEXT_LENGTH,
  TEXT_ERROR, TEXT_TEXT, SOURCES_MAX,
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

/**
 * The source of each run of the block. They are looked up in order, and all at
 * once: a later run may give the slot of an earlier one to another source.
 */
const runSources = new Array(RECV_SLOTS).fill(null);

/** Whether throws in this batch are told at once, see uncaught.js. */
let watched = false;

/** Where the next datagram of the batch is: its run, and how far in that. */
let run = 0;
let position = 0;

/**
 * Payloads that leave the slab together do so in blocks of whole runs. Larger
 * ones would be mapped and unmapped by malloc each time, page by page; and a
 * message that is kept keeps its block.
 */
const BLOCK_SIZE = 64 * 1024;

/** The runs of the current block end here. */
let blockEnd = 0;

/** Its memory: payloads one after the other, and columns behind them. */
let block = null;

/** Where the next message starts in it. */
let blockAt = 0;

function open() {
  const memory = binding.inbox();
  for (const buffer of Object.values(memory)) keep(buffer);
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
  watched = uncaught.isWatched();
  while (run < count && !handle.closed) {
    if (run === blockEnd) {
      beginBlock(handle, count);
      continue;
    }
    const fine = deliverNext(handle);
    // After the last one the addon's own call ends, and Node drains there.
    if (run === count) break;
    // As with Node the ticks of a listener that threw wait for the next one's.
    if (!fine) continue;
    if (drain === undefined) return true;
    drain();
  }
  run = 0;
  position = 0;
  blockEnd = 0;
  block = null;
  return false;
}

/** Prepares the next block, and emits it if somebody wants it whole. */
function beginBlock(handle, count) {
  const from = run;
  const whole = handle.wants('batch');
  const together = whole || handle.sharedBuffers;
  blockEnd = together ? findBlockEnd(count) : count;
  findSources(from);
  if (!together) return;
  blockAt = 0;
  if (statuses[from * RECV_WORDS + RECV_STATUS] < 0) return;
  if (!whole) {
    takePayloads(from, countBytes(from), 0);
    return;
  }
  const batch = takeColumns(handle, from);
  // The place is moved on first: the listener may throw.
  if (!handle.wants('message')) run = blockEnd;
  if (batch.count === 0) return;
  const fine = uncaught.run(handle, handle.emit, handle, 'batch', batch);
  if (fine && run < count) drain?.();
}

/** A block is runs of up to BLOCK_SIZE bytes, or one error. */
function findBlockEnd(count) {
  let end = run;
  let size = 0;
  while (end < count && statuses[end * RECV_WORDS + RECV_STATUS] >= 0) {
    size += runs[end * RECV_WORDS + RECV_LENGTH];
    if (size > BLOCK_SIZE && end > run) break;
    end++;
  }
  return Math.max(end, run + 1);
}

/**
 * Takes the payloads of the block from the slab. Is there no memory for them,
 * they are lost, once; to try again might be for ever.
 * @param {number} from the first run
 * @param {number} size of the payloads, in bytes
 * @param {number} extra bytes behind them
 */
function takePayloads(from, size, extra) {
  run = blockEnd;
  // Not zeroed: every byte is written, here or below.
  const bytes = Buffer.allocUnsafeSlow(size + extra);
  if (extra > 0) bytes.fill(0, size);
  let to = 0;
  for (let i = from; i < blockEnd; i++) {
    const start = runs[i * RECV_WORDS + RECV_OFFSET];
    const length = runs[i * RECV_WORDS + RECV_LENGTH];
    slab.copy(bytes, to, start, start + length);
    to += length;
  }
  block = bytes.buffer;
  run = from;
}

/** @returns {boolean} false when a listener threw, and that was dealt with */
function deliverNext(handle) {
  const at = run * RECV_WORDS;
  const status = statuses[at + RECV_STATUS];
  if (status < 0) {
    run++;
    return uncaught.run(handle, handle.onmessage, handle, status, handle);
  }
  const length = runs[at + RECV_LENGTH];
  const start = runs[at + RECV_OFFSET] + position;
  const size = Math.min(runs[at + RECV_SEGMENT], length - position);
  const source = runSources[run];
  // The place is moved on first: the listener may throw.
  position += size;
  if (position >= length) {
    run++;
    position = 0;
  }
  const message = takeMessage(handle, start, size);
  if (source.error !== 0) {
    const error = errors.uvException(source.error, 'uv_if_indextoiid');
    return uncaught.run(handle, handle.emit, handle, 'error', error);
  }
  const { address, family, port } = source;
  const rinfo = { address, family, port };
  if (watched) {
    return handle.runInAsyncScope(emitWatched, handle, size, message, rinfo);
  }
  handle.runInAsyncScope(handle.onmessage, handle, size, handle, message,
                         rinfo);
  return true;
}

/** The handle's onmessage(); a throw is told where it is, see uncaught.js. */
function emitWatched(size, message, rinfo) {
  try {
    this.onmessage(size, this, message, rinfo);
    return true;
  } catch (error) {
    binding.fatal(error);
    return false;
  }
}

/** A message with memory of its own, or a view of the batch's. */
function takeMessage(handle, start, size) {
  if (!handle.sharedBuffers) return copySlice.call(slab, start, start + size);
  const at = blockAt;
  blockAt += size;
  return new View(block, at, size);
}

/**
 * The block in columns. `data` is the listener's: nobody writes to it again.
 * @returns {{count: number, data: Buffer, offsets: Uint32Array,
 *   sizes: Uint32Array, ports: Uint16Array, addresses: string[],
 *   family: string}}
 */
function takeColumns(handle, from) {
  const size = countBytes(from);
  const most = countDatagrams(from);
  // One memory for all: an allocation costs more than what it is for.
  const padding = -size & 3;
  takePayloads(from, size, padding + most * 10);
  const offsets = new Uint32Array(block, size + padding, most);
  const sizes = new Uint32Array(block, size + padding + most * 4, most);
  const ports = new Uint16Array(block, size + padding + most * 8, most);
  const addresses = [];
  let index = 0;
  let offset = 0;
  for (let i = from; i < blockEnd; i++) {
    const at = i * RECV_WORDS;
    const { address, family, port } = runSources[i];
    const segment = runs[at + RECV_SEGMENT];
    const end = offset + runs[at + RECV_LENGTH];
    if (handle.blocks(address, family)) {
      offset = end;
      continue;
    }
    do {
      offsets[index] = offset;
      sizes[index] = Math.min(segment, end - offset);
      ports[index] = port;
      addresses.push(address);
      index++;
      offset += segment;
    } while (offset < end);
    offset = end;
  }
  return {
    count: index,
    data: new View(block, 0, size),
    offsets: index === most ? offsets : offsets.slice(0, index),
    sizes: index === most ? sizes : sizes.slice(0, index),
    ports: index === most ? ports : ports.slice(0, index),
    addresses,
    family: handle.family === 6 ? 'IPv6' : 'IPv4',
  };
}

function countBytes(from) {
  let bytes = 0;
  for (let i = from; i < blockEnd; i++) {
    bytes += runs[i * RECV_WORDS + RECV_LENGTH];
  }
  return bytes;
}

function countDatagrams(from) {
  let total = 0;
  for (let i = from; i < blockEnd; i++) {
    const segment = runs[i * RECV_WORDS + RECV_SEGMENT];
    total += segment === 0 ?
      1 :
      Math.ceil(runs[i * RECV_WORDS + RECV_LENGTH] / segment);
  }
  return total;
}

function findSources(from) {
  for (let i = from; i < blockEnd; i++) {
    const at = i * RECV_WORDS;
    if (statuses[at + RECV_STATUS] >= 0) runSources[i] = findSource(at);
  }
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
