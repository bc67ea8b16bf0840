'use strict';

/**
 * A send batch: descriptors and payload in memory shared with the C core, and
 * the Sends that belong to them.
 *
 * Its state is a word that C reads and writes too, BATCH_PENDING:
 *
 *   0               empty
 *   n               n descriptors are pending
 *   BATCH_SENT | n  n datagrams were sent, and their statuses are to be taken
 */

// Node defines the global with a getter, which costs a lookup on each use.
const { Buffer } = require('node:buffer');
const binding = require('../load/binding');
const {
  CallbackBatch, isClosed, newTicket, queuedSends, runCallbacks, stillOpen,
} = require('./completions');
const { CONNECTED_PEER, findDestination } = require('./destinations');
const {
  COPY_MAX, getLength, maxWrittenSize, setBytes, writeMessage,
} = require('./message-writer');
const { countReuses } = require('./reuse');
const { NO_SETTINGS } = require('./send-settings');
const { SettingsColumn, slotOf } = require('./slots');

const {
  SEND_WORDS, SEND_SOCKET, SEND_DESTINATION, SEND_SETTINGS, SEND_OFFSET,
  SEND_LENGTH, SEND_TICKET, SEND_STATUS, QUEUED, BATCH_SENDS, BATCH_ARENA,
  BATCH_PENDING, BATCH_CALLBACKS_DUE, BATCH_SENT, DESTINATIONS_MAX,
} = binding.layout;

/** For binding.sendColumns(): the descriptors contain the slots. */
const WRITTEN = -1;

/** Memory of a send batch whose constructor failed, for the next one. */
let spareMemory = null;

class SendBatch {
  // Fields are defined, not assigned: inherited setters are not called.
  id = 0;
  words = null;
  statuses = null;
  arena = null;
  arenaUsed = 0;
  group = null; // the SendGroup of all its datagrams, if they have one
  sends = []; // by descriptor; null: no callback
  flushedSends = []; // flushed, and not in a callback batch yet
  callbackBatches = []; // those with callbacks left to run
  dropsClosed = false;
  sentAtExit = false;
  hasCallbacks = false; // a Send may be pending

  /**
   * @param {boolean} connected pending datagrams leave when the process ends
   * @param {boolean} dropsClosed callbacks of closed sockets are dropped
   */
  constructor(connected, dropsClosed) {
    const memory = spareMemory ?? binding.openSendBatch();
    spareMemory = null;
    try {
      this.use(memory);
      this.dropsClosed = dropsClosed;
      const status = binding.watchSendBatch(memory.id, connected);
      this.sentAtExit = status === 0;
    } catch (error) {
      spareMemory = memory;
      throw error;
    }
  }

  /** The memory stays private to this object, so it cannot be transferred. */
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
   * @param {number} destination a slot, or CONNECTED_PEER
   * @param {number} settings a slot, or NO_SETTINGS
   * @param {string|ArrayBufferView|Array} message
   * @param {Send|null} send
   */
  add(handle, destination, settings, message, send) {
    const length = message instanceof Uint8Array ?
      getLength.call(message) :
      Infinity;
    if (length <= COPY_MAX) { // nearly all messages
      this.reserve(length);
      if (length > 0) setBytes.call(this.arena, message, this.arenaUsed);
      this.append(handle, destination, settings, length, length, send);
    } else {
      this.addOther(handle, destination, settings, message, send);
    }
  }

  /** Any kind of message of any length. */
  addOther(handle, destination, settings, message, send) {
    this.reserve(Math.min(maxWrittenSize(message), BATCH_ARENA));
    const written = writeMessage(this.arena, this.arenaUsed, message);
    this.append(handle, destination, settings, written,
                Math.min(written, COPY_MAX), send);
  }

  /** Makes room for one more datagram. */
  reserve(size) {
    const count = this.words[BATCH_PENDING];
    if (count === 0) { // C may have sent the deferred datagrams
      this.arenaUsed = 0;
    } else if (count >= BATCH_SENDS || this.arenaUsed + size > BATCH_ARENA) {
      // Also with BATCH_SENT, if an earlier flush did not take its statuses.
      this.flush();
    }
  }

  /** Appends the descriptor of `copied` bytes at the end of the arena. */
  append(handle, destination, settings, length, copied, send) {
    const { words, group } = this;
    const index = words[BATCH_PENDING];
    const at = index * SEND_WORDS;
    words[at + SEND_SOCKET] = handle.id;
    words[at + SEND_DESTINATION] = destination;
    words[at + SEND_SETTINGS] = settings;
    words[at + SEND_OFFSET] = this.arenaUsed;
    words[at + SEND_LENGTH] = copied;
    words[at + SEND_TICKET] = group === null ? 0 : group.ticket;
    if (send !== null) {
      this.hasCallbacks = true;
      send.bytes = length;
      words[at + SEND_TICKET] = newTicket();
      this.sends[index] = send;
    }
    this.arenaUsed += copied;
    words[BATCH_PENDING] = index + 1;
  }

  /**
   * Adds datagrams of a list without settings or callbacks, as long as they
   * have the destination of the first one and there is room. If there is none
   * left, it flushes.
   * @param {object} handle the UDP handle
   * @param {number} destination a slot, or CONNECTED_PEER
   * @param {Array} packets see sendMany() of outbox.js
   * @param {number} from index of the first one
   * @param {1|3} width elements per datagram
   * @returns {number} the index behind the last one. The slot is no longer
   *   valid, as a flush may run user code
   */
  addRun(handle, destination, packets, from, width) {
    const { words, arena } = this;
    const ticket = this.group === null ? 0 : this.group.ticket;
    const socket = handle.id;
    const port = packets[from + 1];
    const address = packets[from + 2];
    let count = words[BATCH_PENDING];
    for (let i = from; i < packets.length; i += width) {
      if (width === 3 &&
          (packets[i + 1] !== port || packets[i + 2] !== address)) {
        return i;
      }
      const message = packets[i];
      const length = message instanceof Uint8Array ?
        getLength.call(message) :
        Infinity;
      if (length > COPY_MAX) {
        if (i > from) return i;
        this.addOther(handle, destination, NO_SETTINGS, message, null);
        return i + width;
      }
      const offset = this.arenaUsed;
      if (count >= BATCH_SENDS || offset + length > BATCH_ARENA) {
        this.flush();
        return i;
      }
      if (length > 0) setBytes.call(arena, message, offset);
      const at = count * SEND_WORDS;
      words[at + SEND_SOCKET] = socket;
      words[at + SEND_DESTINATION] = destination;
      words[at + SEND_SETTINGS] = NO_SETTINGS;
      words[at + SEND_OFFSET] = offset;
      words[at + SEND_LENGTH] = length;
      words[at + SEND_TICKET] = ticket;
      this.arenaUsed = offset + length;
      words[BATCH_PENDING] = ++count;
    }
    return packets.length;
  }

  /**
   * Sends datagrams of columns through this send batch, which must be empty.
   * @param {object} handle the UDP handle
   * @param {Columns} columns see lib/socket/send-many-columns.js
   * @param {Settings|Array<Settings|null>|null} settings of all, or by datagram
   * @param {number} first index of the first datagram
   * @param {number} count at most BATCH_SENDS
   */
  sendColumns(handle, columns, settings, first, count) {
    const { data, offsets, sizes } = columns;
    const settingsSlot = this.writeSettings(settings, first, count);
    const destination =
      this.writeDestinations(handle.family, columns, first, count);
    const ticket = this.group === null ? 0 : this.group.ticket;
    binding.sendColumns(this.id, handle.id, destination, settingsSlot, ticket,
                        first, count, data, offsets, sizes);
    // Without a group no descriptor has a ticket: nothing awaits a status.
    if (this.group === null) this.words[BATCH_PENDING] = 0;
    else this.takeStatuses();
  }

  /** @returns {number} the slot of all, or WRITTEN */
  writeSettings(settings, first, count) {
    if (!Array.isArray(settings)) return slotOf(settings);
    const column = new SettingsColumn(settings);
    let reuses;
    do { // again if slots found before may have been reused
      reuses = countReuses();
      for (let i = 0; i < count; i++) {
        this.words[i * SEND_WORDS + SEND_SETTINGS] = column.findSlot(first + i);
      }
    } while (countReuses() !== reuses);
    return WRITTEN;
  }

  /** @returns {number} the slot of all, or WRITTEN */
  writeDestinations(family, columns, first, count) {
    const { connected, port, address, ports, addresses } = columns;
    if (connected) return CONNECTED_PEER;
    if (ports === null) {
      // A zone that no longer exists has no slot. C rejects the maximum.
      const slot = findDestination(family, address, port);
      return slot < 0 ? DESTINATIONS_MAX : slot;
    }
    let reuses;
    do { // again if slots found before may have been reused
      reuses = countReuses();
      for (let i = 0; i < count; i++) {
        this.words[i * SEND_WORDS + SEND_DESTINATION] =
          findDestination(family, addresses[first + i], ports[first + i]);
      }
    } while (countReuses() !== reuses);
    return WRITTEN;
  }

  /** @returns {boolean} whether a datagram of this handle is pending */
  hasPending(handle) {
    const { words } = this;
    const count = words[BATCH_PENDING];
    if (count >= BATCH_SENT) return false;
    for (let index = 0; index < count; index++) {
      if (words[index * SEND_WORDS + SEND_SOCKET] === handle.id) return true;
    }
    return false;
  }

  /** Sends the pending datagrams. Afterwards each Send has its status. */
  flush() {
    const count = this.words[BATCH_PENDING];
    if (count === 0) return;
    if (count < BATCH_SENT) binding.flush(this.id, count);
    this.takeStatuses();
  }

  /** Takes the statuses of a flush, if they have not been taken yet. */
  takeStatuses() {
    const { words, group } = this;
    const count = words[BATCH_PENDING] - BATCH_SENT;
    if (count < 0) return;
    if (group === null) this.takeSendStatuses(count);
    this.arenaUsed = 0;
    words[BATCH_PENDING] = 0;
    if (group !== null) group.takeStatuses(this.statuses, count);
  }

  takeSendStatuses(count) {
    const { sends, words, statuses, flushedSends } = this;
    for (let index = 0; index < count; index++) {
      const at = index * SEND_WORDS;
      const ticket = words[at + SEND_TICKET];
      if (ticket === 0) continue;
      const send = sends[index];
      if (send === null) continue; // already taken: the batch was flushed again
      const status = statuses[at + SEND_STATUS];
      if (status === QUEUED) queuedSends.set(ticket, send);
      if (send.recordStatus(status)) flushedSends.push(send);
      words[at + SEND_TICKET] = 0;
      sends[index] = null;
    }
    this.hasCallbacks = false;
    if (flushedSends.length > 0) words[BATCH_CALLBACKS_DUE] = 1;
  }

  /**
   * Moves the sends flushed since the last call into a callback batch.
   * @returns {CallbackBatch|null}
   */
  takeCallbacks() {
    let { flushedSends } = this;
    if (flushedSends.length === 0) return null;
    // Node drops the send of a socket that is closed before its tick.
    if (this.dropsClosed && hasClosed(flushedSends)) {
      flushedSends = flushedSends.filter(stillOpen);
    }
    const batch = new CallbackBatch(this, flushedSends);
    const next = [];
    this.callbackBatches.push(batch);
    this.flushedSends = next;
    return batch;
  }

  /** Removes a callback batch whose callbacks have all been called. */
  removeCallbacks(batch) {
    const { callbackBatches } = this;
    if (callbackBatches.length === 1 && callbackBatches[0] === batch) {
      callbackBatches.pop(); // splice() costs as much as the callback
    } else {
      const at = callbackBatches.indexOf(batch);
      if (at >= 0) callbackBatches.splice(at, 1);
    }
    if (callbackBatches.length === 0 && this.flushedSends.length === 0) {
      this.words[BATCH_CALLBACKS_DUE] = 0;
    }
  }

  /** Does the work of all ticks that did not run. */
  settle() {
    this.flush();
    this.takeCallbacks();
    while (this.callbackBatches.length > 0) {
      runCallbacks(this.callbackBatches[0]);
    }
    this.words[BATCH_CALLBACKS_DUE] = 0;
  }
}

/** Array.prototype.some() costs more for one send, the usual number. */
function hasClosed(sends) {
  for (let i = 0; i < sends.length; i++) {
    if (isClosed(sends[i])) return true;
  }
  return false;
}

module.exports = { SendBatch };
