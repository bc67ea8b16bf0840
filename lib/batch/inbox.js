'use strict';

/**
 * Receiving: turns a batch of received datagrams into calls of
 * `handle.onmessage`, one for each datagram, each with its own message and
 * rinfo. As with Node, ticks and microtasks run between two datagrams, a
 * listener that throws does not affect the next datagram, and closing the
 * socket ends the batch. Listeners of 'batch' receive whole blocks before the
 * datagrams are emitted one by one.
 */

const binding = require('../load/binding');
const errors = require('../errors/errors');
const { drain } = require('../node/ticks');
const uncaught = require('../node/uncaught');
const { beginDeferral, deferral, mayDefer } = require('./answers');
const {
  countBytes, findBlockEnd, findFamilyEnd, takePayloads,
} = require('./blocks');
const { takeColumns } = require('./columns');
const { BOTH } = require('./loopback');
const { TEXT_WORDS, findSource, latest } = require('./sources');
const { findPathSources } = require('./unix-sources');
const { markUntransferable } = require('./untransferable');

const {
  RECV_WORDS, RECV_OFFSET, RECV_LENGTH, RECV_SEGMENT, RECV_STATUS, RECV_SLOTS,
  EMITTED, RECV_GRO_BUFFERS, TEXT_BYTES, CURSOR_WORDS, CURSOR_GRO_BUFFER,
  CURSOR_POSITION, CURSOR_COUNT, CURSOR_BUDGET, CURSOR_BLOCK, CURSOR_STEPS,
  INBOX_GRO_BUFFERS, INBOX_TEXTS, INBOX_RECV_BUFFER, INBOXES, FAMILY_UNIX,
} = binding.layout;

/** Return values of deliver(), defined in src/addon/deliver.c as well. */
const DONE = 0;
const MORE = 1;
const LAST_THREW = 2;
/** Instead of a call of deliver(): nobody receives the batch. */
const GONE = 3;

const { Uint8Array } = globalThis;

// The constructor behind Buffer, without Buffer.from()'s argument checks.
const View = Buffer[Symbol.species];

/** Receive memory, and the batch in it. */
class Inbox {
  constructor(memory) {
    /** The id of the memory in the addon; 0 until its first batch. */
    this.name = 0;
    this.cursor = new Uint32Array(memory, 0, CURSOR_WORDS);
    const words = RECV_GRO_BUFFERS * RECV_WORDS;
    this.groBuffers = new Uint32Array(memory, INBOX_GRO_BUFFERS, words);
    this.statuses = new Int32Array(memory, INBOX_GRO_BUFFERS, words);
    this.texts = new Int32Array(memory, INBOX_TEXTS, RECV_SLOTS * TEXT_WORDS);
    this.textBytes = new View(memory, INBOX_TEXTS, RECV_SLOTS * TEXT_BYTES);
    this.memory = memory;
    this.receiveBuffer = new View(memory, INBOX_RECV_BUFFER);
    /**
     * The source of each GRO buffer, looked up before any listener is called:
     * a later GRO buffer, or another batch, may reuse the slot of a source.
     */
    this.sources = new Array(RECV_GRO_BUFFERS).fill(null);
    /** What has come with them, if the socket has asked for it. */
    this.receiveInfo = null;
    this.infos = [];
    this.infoMemory = null;
    /** Index behind the last GRO buffer of the current block. */
    this.blockEnd = 0;
    /** The block's ArrayBuffer: payloads, then the columns of 'batch'. */
    this.block = null;
    /**
     * The block of sockets with the option reuseBatch; null while listeners
     * have it, as a nested event loop delivers the rest of the batch.
     */
    this.reused = null;
    /** The offset of each GRO buffer in `block`. */
    this.starts = new Uint32Array(RECV_GRO_BUFFERS);
  }
}

/** By index, the lower bits of the name. The first one has most batches. */
const inboxes = [];

function open(name) {
  const index = name % INBOXES;
  const memory = binding.inbox(name);
  if (inboxes[index]?.memory !== memory) inboxes[index] = new Inbox(memory);
  inboxes[index].name = name;
  return inboxes[index];
}

/**
 * Creates what the first batch would wait for, while the datagrams behind it
 * fill the socket's receive buffer. Idle sockets need no more, as all sockets
 * of a thread share it.
 */
function prepare() {
  if (inboxes.length > 0) return;
  try {
    inboxes[0] = new Inbox(binding.inbox(0));
  } catch {
    // There is no memory. deliver() tries again.
  }
}

/** The C core has released all inboxes but the first. */
function forgetSpares() {
  if (inboxes.length > 1) inboxes.length = 1;
}

/**
 * Delivers a batch, or a part of it. The addon calls again for the rest, also
 * after a throw.
 * @param {UDP} handle
 * @param {number} name of the inbox
 * @returns {number} DONE, MORE or LAST_THREW
 */
function deliver(handle, name) {
  let inbox = inboxes[name % INBOXES];
  if (inbox === undefined || inbox.name !== name) inbox = open(name);
  const { cursor } = inbox;
  const count = cursor[CURSOR_COUNT];
  // Whether throws are caught and reported here, see uncaught.js.
  const observed = uncaught.isObserved();
  if (cursor[CURSOR_STEPS] === 0) begin(handle, inbox, count);
  let left = cursor[CURSOR_BUDGET];
  let defers; // undecided
  while (cursor[CURSOR_GRO_BUFFER] < count && !handle.closed) {
    let delivered = 1;
    let succeeded;
    if (cursor[CURSOR_GRO_BUFFER] < inbox.blockEnd) {
      succeeded = deliverNext(handle, inbox, observed);
    } else {
      delivered = beginBlock(handle, inbox, count);
      if (delivered === 0) continue;
      succeeded = delivered > 0;
    }
    // After the last one the call of the addon returns, and Node drains there.
    if (cursor[CURSOR_GRO_BUFFER] >= count) {
      return succeeded ? DONE : LAST_THREW;
    }
    left -= Math.abs(delivered);
    // As with Node, the ticks of a listener that threw run after the next one.
    if (succeeded) {
      // Without drain(), Node drains when the call of the addon returns.
      if (drain === undefined) return MORE;
      defers ??= beginDeferral(handle);
      if (defers) {
        deferral.isActive = true;
        try {
          drain();
        } finally {
          deferral.isActive = false;
        }
        defers = mayDefer(handle);
      } else {
        drain();
      }
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

function begin(handle, inbox, count) {
  inbox.blockEnd = 0;
  inbox.block = null;
  if (handle.family === FAMILY_UNIX) {
    findPathSources(inbox, count);
  } else {
    for (let i = 0; i < count; i++) {
      const at = i * RECV_WORDS;
      if (inbox.statuses[at + RECV_STATUS] >= 0) {
        inbox.sources[i] = findSource(inbox, at);
      }
    }
  }
  inbox.receiveInfo = handle.receiveInfo;
  if (inbox.receiveInfo !== null) inbox.receiveInfo.read(handle, inbox, count);
  inbox.cursor[CURSOR_STEPS] = 1;
}

/**
 * Prepares the next block, and emits it as a 'batch' if there are listeners.
 * @returns {number} datagrams in the emitted 'batch', or 0; negative if the
 *   listener threw and the error was reported
 */
function beginBlock(handle, inbox, count) {
  const { cursor } = inbox;
  const from = cursor[CURSOR_GRO_BUFFER];
  const hasBatch = handle.hasListeners('batch');
  if (!hasBatch && !handle.sharedBuffers) {
    inbox.blockEnd = count;
    return 0;
  }
  const asBatch = hasBatch && !isEmitted(inbox, from);
  let end = findBlockEnd(inbox, from,
                         hasBatch && !asBatch ?
                           findEmittedEnd(inbox, from, count) :
                           count,
                         asBatch ? cursor[CURSOR_BLOCK] : Infinity);
  if (inbox.statuses[from * RECV_WORDS + RECV_STATUS] < 0) {
    inbox.blockEnd = end;
    return 0;
  }
  if (asBatch && handle.family === BOTH) end = findFamilyEnd(inbox, from, end);
  const size = countBytes(inbox, from, end);
  if (asBatch) return emitBatch(handle, inbox, from, end, size);
  if (!handle.sharedBuffers) {
    inbox.block = null;
    inbox.blockEnd = end;
    return 0;
  }
  takePayloads(inbox, from, end, size, 0, false);
  // Transferring one message would detach the others.
  const segment = inbox.groBuffers[from * RECV_WORDS + RECV_SEGMENT];
  if (end - from > 1 || size > segment) markUntransferable(inbox.block);
  inbox.blockEnd = end;
  return 0;
}

/** @returns {boolean} whether a 'batch' before pause() had this GRO buffer */
function isEmitted({ statuses }, index) {
  return statuses[index * RECV_WORDS + RECV_STATUS] === EMITTED;
}

/** @returns {number} index behind the last one: others only follow them */
function findEmittedEnd(inbox, from, count) {
  let end = from + 1;
  while (end < count && isEmitted(inbox, end)) end++;
  return end;
}

function emitBatch(handle, inbox, from, end, size) {
  const { cursor } = inbox;
  const batch = takeColumns(handle, inbox, from, end, size);
  // The cursor advances first, because the listener may throw.
  cursor[CURSOR_STEPS]++;
  inbox.blockEnd = end;
  if (!handle.hasListeners('message')) {
    cursor[CURSOR_GRO_BUFFER] = end;
    cursor[CURSOR_POSITION] = 0;
  } else {
    // If a listener calls pause(), 'message' follows after resume().
    for (let i = from; i < end; i++) {
      inbox.statuses[i * RECV_WORDS + RECV_STATUS] = EMITTED;
    }
    if (handle.sharedBuffers) markUntransferable(inbox.block);
  }
  if (batch.count === 0) return 0;
  const { reused } = inbox;
  inbox.reused = null;
  try {
    return uncaught.run(handle, handle.emit, handle, 'batch', batch) ?
      batch.count :
      -batch.count;
  } finally {
    inbox.reused = reused;
  }
}

/** @returns {boolean} false if a listener threw and the error was reported */
function deliverNext(handle, inbox, observed) {
  const { cursor, groBuffers } = inbox;
  const index = cursor[CURSOR_GRO_BUFFER];
  const at = index * RECV_WORDS;
  const status = inbox.statuses[at + RECV_STATUS];
  if (status < 0) {
    cursor[CURSOR_GRO_BUFFER] = index + 1;
    return uncaught.run(handle, handle.onmessage, handle, status, handle);
  }
  const length = groBuffers[at + RECV_LENGTH];
  const position = cursor[CURSOR_POSITION];
  const size = Math.min(groBuffers[at + RECV_SEGMENT], length - position);
  // The cursor advances first, because the listener may throw.
  if (position + size >= length) {
    cursor[CURSOR_GRO_BUFFER] = index + 1;
    cursor[CURSOR_POSITION] = 0;
  } else {
    cursor[CURSOR_POSITION] = position + size;
  }
  const source = inbox.sources[index];
  const message = handle.sharedBuffers && inbox.block !== null ?
    new View(inbox.block, inbox.starts[index] + position, size) :
    takeMessage(inbox, groBuffers[at + RECV_OFFSET] + position, size);
  if (source.error !== 0) {
    const error = errors.uvException(source.error, 'uv_if_indextoiid');
    return uncaught.run(handle, handle.emit, handle, 'error', error);
  }
  latest.source = source;
  const rinfo = inbox.receiveInfo === null ?
    createRinfo(source) :
    inbox.receiveInfo.createRinfo(source, size, inbox.infos[index]);
  if (observed) {
    return handle.runInAsyncScope(emitObserved, handle, size, message, rinfo);
  }
  handle.runInAsyncScope(handle.onmessage, handle, size, handle, message,
                         rinfo);
  return true;
}

/** socket/receive.js adds the size. */
function createRinfo({ address, family, port }) {
  return { address, family, port };
}

/** Calls onmessage() and reports a throw in its async scope: uncaught.js. */
function emitObserved(size, message, rinfo) {
  try {
    this.onmessage(size, this, message, rinfo);
    return true;
  } catch (error) {
    binding.fatal(error);
    return false;
  }
}

/**
 * A message with its own ArrayBuffer of exactly its size. Up to 64 bytes this
 * takes two thirds of the time of TypedArray.prototype.slice(), which looks up
 * the species of a Buffer.
 */
function takeMessage({ memory }, start, size) {
  return new View(new Uint8Array(memory, INBOX_RECV_BUFFER + start, size));
}

module.exports = { GONE, deliver, forgetSpares, prepare };
