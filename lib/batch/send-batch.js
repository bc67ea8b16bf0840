'use strict';

/** One lane: memory that JavaScript and C share, and what is in it. */

// As globals they are looked up each time: Node defines them with getters.
const { Buffer } = require('node:buffer');
const binding = require('../load/binding');
const {
  Batch, finishBatch, isClosed, newTicket, stillOpen, waiting,
} = require('./completions');
const {
  COPY_MAX, copyTo, realLength, sizeBound, writeMessage,
} = require('./message-writer');

const {
  SEND_WORDS, SEND_SOCKET, SEND_PEER, SEND_OFFSET, SEND_LENGTH, SEND_TICKET,
  SEND_STATUS, QUEUED, BATCH_SENDS, BATCH_ARENA, BATCH_PENDING,
  BATCH_CALLBACKS_DUE, BATCH_SENT,
} = binding.layout;

/** Memory of a lane that could not be made: it is for the next one. */
let spareMemory = null;

/**
 * Memory for some datagrams: descriptors, payload, and the Sends of those that
 * have one, by descriptor.
 */
class Lane {
  // As fields they are defined, whatever setters there are to inherit.
  id = 0;
  words = null;
  statuses = null;
  arena = null;
  used = 0;
  many = null; // whose datagrams these are, if they have one callback
  sends = [];
  settled = []; // those that have left, and are in no batch yet
  due = []; // batches that are to be called back
  forgetful = false;
  watched = 0;

  /**
   * @param {boolean} connected what waits leaves when the process ends
   * @param {boolean} forgetful sends of closed sockets are not called back
   */
  constructor(connected, forgetful) {
    const memory = spareMemory ?? binding.openSendBatch();
    spareMemory = null;
    try {
      this.use(memory);
      this.forgetful = forgetful;
      this.watched = binding.watchSendBatch(memory.id, connected);
    } catch (error) {
      spareMemory = memory;
      throw error;
    }
  }

  /** Nobody else has this memory, so nobody can give it away. */
  use({ id, sends, arena }) {
    this.id = id;
    this.words = new Uint32Array(sends);
    this.statuses = new Int32Array(sends);
    this.arena = Buffer.from(arena);
    this.sends = new Array(BATCH_SENDS).fill(null);
  }

  /**
   * Copies a message and appends its descriptor.
   * @param {object} handle the UDP handle
   * @param {number} peer a slot, or CONNECTED_PEER
   * @param {string|ArrayBufferView|Array} message
   * @param {Send|null} send
   */
  push(handle, peer, message, send) {
    const length = message instanceof Uint8Array ?
      realLength.call(message) :
      Infinity;
    if (length <= COPY_MAX) { // nearly all are
      this.reserve(length);
      if (length > 0) copyTo.call(this.arena, message, this.used);
      this.append(handle, peer, length, length, send);
    } else {
      this.pushOther(handle, peer, message, send);
    }
  }

  /** Whatever it is, and however long. */
  pushOther(handle, peer, message, send) {
    this.reserve(Math.min(sizeBound(message), BATCH_ARENA));
    const written = writeMessage(this.arena, this.used, message);
    this.append(handle, peer, written, Math.min(written, COPY_MAX), send);
  }

  /** Makes room for one more datagram. */
  reserve(size) {
    // When they have left, but nobody took their statuses, it is more, too.
    if (this.words[BATCH_PENDING] >= BATCH_SENDS ||
        this.used + size > BATCH_ARENA) {
      this.flush();
    }
  }

  /** Describes the bytes that were written behind the last datagram's. */
  append(handle, peer, length, copied, send) {
    const { words, many } = this;
    const index = words[BATCH_PENDING];
    const at = index * SEND_WORDS;
    words[at + SEND_SOCKET] = handle.id;
    words[at + SEND_PEER] = peer;
    words[at + SEND_OFFSET] = this.used;
    words[at + SEND_LENGTH] = copied;
    words[at + SEND_TICKET] = many === null ? 0 : many.ticket;
    if (send !== null) {
      send.bytes = length;
      words[at + SEND_TICKET] = newTicket();
      this.sends[index] = send;
    }
    this.used += copied;
    words[BATCH_PENDING] = index + 1;
  }

  /** True when a datagram of this handle has not left yet. */
  holds(handle) {
    const { words } = this;
    const count = words[BATCH_PENDING];
    if (count >= BATCH_SENT) return false;
    for (let index = 0; index < count; index++) {
      if (words[index * SEND_WORDS + SEND_SOCKET] === handle.id) return true;
    }
    return false;
  }

  /** Sends what is there. Each Send has its status then. */
  flush() {
    const count = this.words[BATCH_PENDING];
    if (count === 0) return;
    if (count < BATCH_SENT) binding.flush(this.id, count);
    this.tell();
  }

  /** Takes the statuses of what has left; also when that was left undone. */
  tell() {
    const { words, many } = this;
    const count = words[BATCH_PENDING] - BATCH_SENT;
    if (count < 0) return;
    if (many === null) this.tellSends(count);
    this.used = 0;
    words[BATCH_PENDING] = 0;
    if (many !== null) many.flushed(this.statuses, count);
  }

  tellSends(count) {
    const { sends, words, statuses, settled } = this;
    for (let index = 0; index < count; index++) {
      const at = index * SEND_WORDS;
      const ticket = words[at + SEND_TICKET];
      if (ticket === 0) continue;
      const send = sends[index];
      if (send === null) continue; // told before: the lane was flushed again
      const status = statuses[at + SEND_STATUS];
      if (status === QUEUED) waiting.set(ticket, send);
      if (send.sent(status)) settled.push(send);
      words[at + SEND_TICKET] = 0;
      sends[index] = null;
    }
    if (settled.length > 0) words[BATCH_CALLBACKS_DUE] = 1;
  }

  /**
   * All that has left since this was last asked, to be called back together.
   * @returns {Batch|null}
   */
  takeBatch() {
    let { settled } = this;
    if (settled.length === 0) return null;
    // Node forgets the send of a socket that was closed before its tick came.
    if (this.forgetful && settled.some(isClosed)) {
      settled = settled.filter(stillOpen);
    }
    const batch = new Batch(this, settled);
    const next = [];
    this.due.push(batch);
    this.settled = next;
    return batch;
  }

  /** That batch is done with. */
  forget(batch) {
    const { due } = this;
    const at = due.indexOf(batch);
    if (at >= 0) due.splice(at, 1);
    if (due.length === 0 && this.settled.length === 0) {
      this.words[BATCH_CALLBACKS_DUE] = 0;
    }
  }

  /** Does all that ticks should have done. */
  settle() {
    this.flush();
    this.takeBatch();
    while (this.due.length > 0) finishBatch(this.due[0]);
    this.words[BATCH_CALLBACKS_DUE] = 0;
  }
}

module.exports = { Lane };
