'use strict';

/**
 * Turns a batch of received datagrams into calls of `handle.onmessage`, one
 * per datagram, each with a message and an rinfo of its own. As with Node,
 * ticks and microtasks run between two datagrams, a listener that throws does
 * not cost the next one, and closing the socket ends the batch. Who listens for
 * 'batch' is given the batch as a whole, before the datagrams one by one.
 */

const binding = require('../load/binding');
const errors = require('../errors/errors');
const { keep } = require('./untransferable');
const { drain } = require('../node/ticks');
const uncaught = require('../node/uncaught');

const {
  RECV_WORDS, RECV_OFFSET, RECV_LENGTH, RECV_SEGMENT, RECV_PEER, RECV_NEW_TEXT,
  RECV_STATUS, RECV_SLOTS, RECV_GRO_BUFFERS, TEXT_BYTES, TEXT_FAMILY, TEXT_PORT,
  TEXT_LENGTH, TEXT_ERROR, TEXT_TEXT, SOURCES_MAX, CURSOR_WORDS,
  CURSOR_GRO_BUFFER,
  CURSOR_POSITION, CURSOR_COUNT, CURSOR_BUDGET, CURSOR_BLOCK, CURSOR_STEPS,
  INBOX_GRO_BUFFERS, INBOX_TEXTS, INBOX_RECV_BUFFER, INBOXES,
} = binding.layout;

const TEXT_WORDS = TEXT_BYTES / 4;

/** What deliver() returns: deliver_t of src/addon/module.c. */
const DONE = 0;
const MORE = 1;
const LAST_THREW = 2;

// A slice of a Buffer is a view; this is the method that copies. The copy has
// an ArrayBuffer of its own, of exactly its size.
const copySlice = Uint8Array.prototype.slice;

const { copy, latin1Slice } = Buffer.prototype;

// The constructor behind Buffer, without Buffer.from()'s argument checks.
const View = Buffer[Symbol.species];

/** Sources whose address the C core remembers, by slot. */
const sources = new Array(SOURCES_MAX).fill(null);

/**
 * Payloads that leave the slab together do so in blocks of whole runs. Larger
 * ones would be mapped and unmapped by malloc each time, page by page; and a
 * message that is kept keeps its block.
 */
const BLOCK_SIZE = 64 * 1024;

/** Receive memory, and the batch in it. */
class Inbox {
  constructor(name) {
    const memory = binding.inbox(name);
    this.name = name;
    this.cursor = new Uint32Array(memory, 0, CURSOR_WORDS);
    const words = RECV_GRO_BUFFERS * RECV_WORDS;
    this.runs = new Uint32Array(memory, INBOX_GRO_BUFFERS, words);
    this.statuses = new Int32Array(memory, INBOX_GRO_BUFFERS, words);
    this.texts = new Int32Array(memory, INBOX_TEXTS, RECV_SLOTS * TEXT_WORDS);
    this.textBytes = new View(memory, INBOX_TEXTS, RECV_SLOTS * TEXT_BYTES);
    this.slab = new View(memory, INBOX_RECV_BUFFER);
    /**
     * The source of each run. They are looked up before any listener is called:
     * a later run, or another batch, may give the slot of one to another.
     */
    this.sources = new Array(RECV_GRO_BUFFERS).fill(null);
    /** The runs of the current block end here. */
    this.blockEnd = 0;
    /** Its memory: payloads one after the other, and columns behind them. */
    this.block = null;
    /** Where each of its runs starts in that. */
    this.starts = new Uint32Array(RECV_GRO_BUFFERS);
  }
}

/** By place, the lower bits of its name. Most batches are in the first. */
const inboxes = [];

function open(name) {
  const inbox = new Inbox(name);
  inboxes[name % INBOXES] = inbox;
  keep(inbox.slab.buffer);
  return inbox;
}

/** C has given up all but the first. */
function forgetSpares() {
  if (inboxes.length > 1) inboxes.length = 1;
}

/**
 * Delivers a batch, or a part of it: the addon calls again, also after a throw.
 * @param {UDP} handle
 * @param {number} name of the inbox
 * @returns {number} DONE, MORE or LAST_THREW
 */
function deliver(handle, name) {
  let inbox = inboxes[name % INBOXES];
  if (inbox === undefined || inbox.name !== name) inbox = open(name);
  const { cursor } = inbox;
  const count = cursor[CURSOR_COUNT];
  // Whether throws are told at once, see uncaught.js.
  const watched = uncaught.isWatched();
  if (cursor[CURSOR_STEPS] === 0) begin(inbox, count);
  let left = cursor[CURSOR_BUDGET];
  while (cursor[CURSOR_GRO_BUFFER] < count && !handle.closed) {
    let given = 1;
    let fine;
    if (cursor[CURSOR_GRO_BUFFER] < inbox.blockEnd) {
      fine = deliverNext(handle, inbox, watched);
    } else {
      given = beginBlock(handle, inbox, count);
      if (given === 0) continue;
      fine = given > 0;
    }
    // After the last one the addon's own call ends, and Node drains there.
    if (cursor[CURSOR_GRO_BUFFER] >= count) return fine ? DONE : LAST_THREW;
    left -= Math.abs(given);
    // As with Node the ticks of a listener that threw wait for the next one's.
    if (fine) {
      // Node drains where C's own call ends.
      if (drain === undefined) return MORE;
      drain();
    }
    if (left <= 0) return MORE;
  }
  if (cursor.length === 0) throw lostMemory();
  return DONE;
}

function lostMemory() {
  return new Error('dgram-native: the receive memory was detached; ' +
    'the datagrams in it are lost');
}

function begin(inbox, count) {
  inbox.blockEnd = 0;
  inbox.block = null;
  for (let i = 0; i < count; i++) {
    const at = i * RECV_WORDS;
    if (inbox.statuses[at + RECV_STATUS] >= 0) {
      inbox.sources[i] = findSource(inbox, at);
    }
  }
  inbox.cursor[CURSOR_STEPS] = 1;
}

/**
 * Prepares the next block, and emits it if somebody wants it whole.
 * @returns {number} of datagrams that were emitted so; negative when the
 *   listener threw, and that was dealt with
 */
function beginBlock(handle, inbox, count) {
  const { cursor } = inbox;
  const from = cursor[CURSOR_GRO_BUFFER];
  const whole = handle.wants('batch');
  if (!whole && !handle.sharedBuffers) {
    inbox.blockEnd = count;
    return 0;
  }
  const end = findBlockEnd(inbox, from, count,
                           whole ? cursor[CURSOR_BLOCK] : Infinity);
  if (inbox.statuses[from * RECV_WORDS + RECV_STATUS] < 0) {
    inbox.blockEnd = end;
    return 0;
  }
  const size = countBytes(inbox, from, end);
  if (whole) return emitBatch(handle, inbox, from, end, size);
  takePayloads(inbox, from, end, size, 0);
  // Who transfers one message would take the others along.
  if (end - from > 1 || size > inbox.runs[from * RECV_WORDS + RECV_SEGMENT]) {
    keep(inbox.block);
  }
  inbox.blockEnd = end;
  return 0;
}

function emitBatch(handle, inbox, from, end, size) {
  const { cursor } = inbox;
  const batch = takeColumns(handle, inbox, from, end, size);
  // All is moved on first: the listener may throw.
  cursor[CURSOR_STEPS]++;
  inbox.blockEnd = end;
  if (!handle.wants('message')) {
    cursor[CURSOR_GRO_BUFFER] = end;
    cursor[CURSOR_POSITION] = 0;
  } else if (handle.sharedBuffers) {
    keep(inbox.block);
  }
  if (batch.count === 0) return 0;
  return uncaught.run(handle, handle.emit, handle, 'batch', batch) ?
    batch.count :
    -batch.count;
}

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

/** @returns {boolean} false when a listener threw, and that was dealt with */
function deliverNext(handle, inbox, watched) {
  const { cursor, runs } = inbox;
  const run = cursor[CURSOR_GRO_BUFFER];
  const at = run * RECV_WORDS;
  const status = inbox.statuses[at + RECV_STATUS];
  if (status < 0) {
    cursor[CURSOR_GRO_BUFFER] = run + 1;
    return uncaught.run(handle, handle.onmessage, handle, status, handle);
  }
  const length = runs[at + RECV_LENGTH];
  const position = cursor[CURSOR_POSITION];
  const size = Math.min(runs[at + RECV_SEGMENT], length - position);
  // The place is moved on first: the listener may throw.
  if (position + size >= length) {
    cursor[CURSOR_GRO_BUFFER] = run + 1;
    cursor[CURSOR_POSITION] = 0;
  } else {
    cursor[CURSOR_POSITION] = position + size;
  }
  const source = inbox.sources[run];
  const message = handle.sharedBuffers && inbox.block !== null ?
    new View(inbox.block, inbox.starts[run] + position, size) :
    takeMessage(inbox, runs[at + RECV_OFFSET] + position, size);
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

/** A message with memory of its own. */
function takeMessage({ slab }, start, size) {
  return copySlice.call(slab, start, start + size);
}

/**
 * The block in columns. `data` is the listener's: nobody writes to it again.
 * @returns {{count: number, data: Buffer, offsets: Uint32Array,
 *   sizes: Uint32Array, ports: Uint16Array, addresses: string[],
 *   family: string}}
 */
function takeColumns(handle, inbox, from, end, size) {
  const { runs } = inbox;
  const most = countDatagrams(inbox, from, end);
  // One memory for all: an allocation costs more than what it is for.
  const padding = -size & 3;
  takePayloads(inbox, from, end, size, padding + most * 10);
  const { block } = inbox;
  const offsets = new Uint32Array(block, size + padding, most);
  const sizes = new Uint32Array(block, size + padding + most * 4, most);
  const ports = new Uint16Array(block, size + padding + most * 8, most);
  const addresses = [];
  let index = 0;
  let offset = 0;
  for (let i = from; i < end; i++) {
    const at = i * RECV_WORDS;
    const { address, family, port } = inbox.sources[i];
    const segment = runs[at + RECV_SEGMENT];
    const stop = offset + runs[at + RECV_LENGTH];
    if (handle.blocks(address, family)) {
      offset = stop;
      continue;
    }
    do {
      offsets[index] = offset;
      sizes[index] = Math.min(segment, stop - offset);
      ports[index] = port;
      addresses.push(address);
      index++;
      offset += segment;
    } while (offset < stop);
    offset = stop;
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

/** The source of a run; a fresh one is read from its text and remembered. */
function findSource(inbox, at) {
  const { runs, texts } = inbox;
  const slot = runs[at + RECV_PEER];
  const fresh = runs[at + RECV_NEW_TEXT];
  if (fresh === 0) return sources[slot];
  const word = (fresh - 1) * TEXT_WORDS;
  const from = (fresh - 1) * TEXT_BYTES + TEXT_TEXT;
  const source = {
    address: latin1Slice.call(inbox.textBytes, from,
                              from + texts[word + TEXT_LENGTH]),
    family: texts[word + TEXT_FAMILY] === 6 ? 'IPv6' : 'IPv4',
    port: texts[word + TEXT_PORT],
    error: texts[word + TEXT_ERROR],
  };
  sources[slot] = source;
  return source;
}

module.exports = { deliver, forgetSpares };
