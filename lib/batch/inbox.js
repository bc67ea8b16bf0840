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
const { drain } = require('../node/ticks');
const uncaught = require('../node/uncaught');
const { countBytes, findBlockEnd, takePayloads } = require('./blocks');
const { takeColumns } = require('./columns');
const { TEXT_WORDS, findSource } = require('./sources');
const { keep } = require('./untransferable');

const {
  RECV_WORDS, RECV_OFFSET, RECV_LENGTH, RECV_SEGMENT, RECV_STATUS, RECV_SLOTS,
  RECV_GRO_BUFFERS, TEXT_BYTES, CURSOR_WORDS, CURSOR_GRO_BUFFER,
  CURSOR_POSITION, CURSOR_COUNT, CURSOR_BUDGET, CURSOR_BLOCK, CURSOR_STEPS,
  INBOX_GRO_BUFFERS, INBOX_TEXTS, INBOX_RECV_BUFFER, INBOXES,
} = binding.layout;

/** What deliver() returns: deliver_t of src/addon/module.c. */
const DONE = 0;
const MORE = 1;
const LAST_THREW = 2;

// A slice of a Buffer is a view; this is the method that copies. The copy has
// an ArrayBuffer of its own, of exactly its size.
const copySlice = Uint8Array.prototype.slice;

// The constructor behind Buffer, without Buffer.from()'s argument checks.
const View = Buffer[Symbol.species];

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

module.exports = { deliver, forgetSpares };
