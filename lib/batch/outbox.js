'use strict';

/**
 * Sending, as a socket and its handle call it. Datagrams are collected in send
 * batches (send-batch.js), which the C core sends with one call each. A program
 * can observe when its datagrams leave, in which order, and when its callbacks
 * run. The rules follow node:dgram, see docs/how-it-works.md:
 *
 *  1. Unconnected: nothing leaves within send(). Node calls the lookup first,
 *     which takes one tick; the callback takes a second tick. Answers to the
 *     datagrams of a received batch may leave together: answers.js.
 *  2. Connected: node:dgram sends within send(), and the callback takes one
 *     tick. Here the first datagram of a tick is sent within send(). Later ones
 *     leave together, at the end of the tick at the latest. Their callbacks
 *     take two ticks, so that none overtakes a tick scheduled before its
 *     send().
 *  3. The bytes are copied within send(), so the caller may reuse its buffer.
 *  4. A callback runs in the async context of its send().
 *
 * JavaScript may throw or be terminated at any line, and a scheduled tick may
 * never run. Each step therefore leaves a state that the next one can continue
 * from:
 *
 *  5. The number of pending descriptors of a send batch is a word shared with
 *     C. It is written last when a descriptor is appended. After sending, C
 *     marks there that statuses are to be taken, and the next entry takes them.
 *  6. A flag records a scheduled tick after it was scheduled. A callback batch
 *     is kept until all of its callbacks have been called, and advances before
 *     it calls one, so that each is called once.
 *  7. If anything is left when the event loop continues, C calls
 *     settleStalled().
 */

const binding = require('../load/binding');
const { beforeEnding } = require('../node/endings');
const { schedule } = require('../node/ticks');
const { isObserved } = require('../node/uncaught');
const { defer, deferral, flushDeferred } = require('./answers');
const {
  QueuedRequest, Send, SendGroup, UNSENT, finishSend, newRequest, queuedSends,
  runCallbacks, stillOpen,
} = require('./completions');
const { CONNECTED_PEER, findDestination } = require('./destinations');
const { LOOPBACK } = require('./loopback');
const { beforeReuse, countReuses } = require('./reuse');
const { SendBatch } = require('./send-batch');
const { NO_SETTINGS } = require('./send-settings');
const { SettingsColumn, findSettingsFor, slotOf } = require('./slots');

const { process } = globalThis;

const { QUEUED, BATCH_PENDING, BATCH_SENDS } = binding.layout;

/** Maximum of connected datagrams that wait for the end of a tick. */
const CONNECTED_MAX = 64;

// One send batch for each way of sending, created when it is first needed.
let unconnectedBatch = null; // leaves in the next tick
let connectedBatch = null; // leaves by the end of this tick
let immediateBatch = null; // leaves at once: sendNow(), sendMany()

let unconnectedScheduled = false;
let connectedScheduled = false;

/** Whether connected datagrams leave before process.kill() and the like. */
let watchesProcessEnd = false;

/** @returns {Array<SendBatch|null>} in the order in which they are flushed */
function sendBatches() {
  return [connectedBatch, unconnectedBatch, immediateBatch];
}

beforeReuse(() => {
  for (const sendBatch of sendBatches()) sendBatch?.flush();
});

// Creating a send batch may run user code, which may create the same one.

function openUnconnected() {
  const sendBatch = new SendBatch(false, true);
  unconnectedBatch ??= sendBatch;
}

function openConnected() {
  const sendBatch = new SendBatch(true, false);
  connectedBatch ??= sendBatch;
}

function openImmediate() {
  const sendBatch = new SendBatch(false, false);
  immediateBatch ??= sendBatch;
}

/**
 * Sends to a numeric address in the next tick.
 * @param {UDP} handle
 * @param {string|ArrayBufferView|Array} message
 * @param {string} [address] of the handle's family; falsy: loopback
 * @param {number} port
 * @param {Function} [callback] (error) or (null, bytes)
 * @param {Settings|null} settings see lib/socket/send-settings.js
 * @param {string} [ip] the numeric address, if `address` is a name
 * @returns {boolean} false if the address is not numeric or not of this family;
 *   nothing was done
 */
function sendUnconnected(handle, message, address, port, callback, settings,
                         ip = address) {
  const { family } = handle;
  const text = ip || LOOPBACK[family];
  let destination = findDestination(family, text, port);
  if (destination < 0) return false;
  const reuses = countReuses();
  const send = callback === undefined ?
    null :
    new Send(handle, callback, address, port);
  if (unconnectedBatch === null) openUnconnected();
  // Both may run user code, whose sends may reuse the slot.
  if (countReuses() !== reuses) {
    destination = findDestination(family, text, port);
  }
  let settingsSlot = NO_SETTINGS;
  if (settings !== null) {
    settingsSlot = findSettingsFor(family, text, port, settings);
    destination = findDestination(family, text, port);
  }
  // C moves descriptors when it sends deferred ones, so there are none while a
  // Send is pending.
  if (send !== null) flushDeferred();
  unconnectedBatch.add(handle, destination, settingsSlot, message, send);
  if (!unconnectedScheduled) {
    schedule(endUnconnectedTick);
    unconnectedScheduled = true;
  }
  if (send !== null && send.hasOwnTicks) {
    process.nextTick(sendInOwnTick, send);
  }
  return true;
}

function endUnconnectedTick() {
  unconnectedScheduled = false;
  flushConnected(); // node:dgram sent these within send()
  if (deferral.isActive && defer(unconnectedBatch)) return;
  unconnectedBatch.flush();
  const batch = unconnectedBatch.takeCallbacks();
  if (batch !== null) schedule(runCallbacks, batch);
}

/**
 * The first tick of a send while process.nextTick() is replaced. node:dgram
 * calls it within send() and again after sending, so the callback runs in its
 * zone, or waits until the fake clock advances.
 */
function sendInOwnTick(send) {
  if (send.status === UNSENT) {
    flushConnected();
    unconnectedBatch.flush();
  }
  if (stillOpen(send)) process.nextTick(finishInOwnTick, send);
}

function finishInOwnTick(send) {
  if (send.status === UNSENT) connectedBatch.flush();
  finishSend(send, isObserved());
}

/**
 * Sends to the connected peer of the socket.
 * @param {UDP} handle
 * @param {string|ArrayBufferView|Array} message
 * @param {Function} [callback] (error) or (null, bytes)
 * @param {Settings|null} settings
 */
function sendConnected(handle, message, callback, settings) {
  flushDeferred();
  const send = callback === undefined ?
    null :
    new Send(handle, callback, undefined, undefined);
  if (connectedBatch === null) openConnected();
  connectedBatch.add(handle, CONNECTED_PEER, slotOf(settings), message, send);
  if (!connectedScheduled) sendFirstOfTick();
  else deferToTickEnd();
  if (send !== null && send.hasOwnTicks) {
    process.nextTick(finishInOwnTick, send);
  }
}

/**
 * Sends to the name of a Unix socket, as to a connected peer: no lookup comes
 * first. So datagrams of one socket leave in order, connected or not.
 * @param {UnixHandle} handle
 * @param {string|ArrayBufferView|Array} message
 * @param {string} name
 * @param {Function} [callback] (error) or (null, bytes)
 * @returns {boolean} false if the name is too long; nothing was done
 */
function sendNamed(handle, message, name, callback) {
  if (findDestination(handle.family, name, 0) < 0) return false;
  flushDeferred();
  const send = callback === undefined ?
    null :
    new Send(handle, callback, name, 0);
  if (connectedBatch === null) openConnected();
  // Both may have run user code, whose sends may have reused the slot.
  const destination = findDestination(handle.family, name, 0);
  connectedBatch.add(handle, destination, NO_SETTINGS, message, send);
  if (!connectedScheduled) sendFirstOfTick();
  else deferToTickEnd();
  if (send !== null && send.hasOwnTicks) {
    process.nextTick(finishInOwnTick, send);
  }
  return true;
}

function sendFirstOfTick() {
  connectedBatch.flush();
  schedule(endConnectedTick, connectedBatch.takeCallbacks());
  connectedScheduled = true;
}

function deferToTickEnd() {
  // While the process exits no tick runs any more. On Windows C cannot send at
  // its end, and an uncaught error ends it without any JavaScript.
  if (process._exiting || !connectedBatch.sentAtExit ||
      connectedBatch.words[BATCH_PENDING] >= CONNECTED_MAX) {
    connectedBatch.flush();
  } else if (!watchesProcessEnd) {
    watchesProcessEnd = true;
    beforeEnding(flushConnected);
  }
}

/** @param {CallbackBatch|null} first callbacks of what left within send() */
function endConnectedTick(first) {
  connectedScheduled = false;
  flushAndSchedule(connectedBatch);
  if (first !== null) runCallbacks(first);
}

/**
 * Before a socket closes: sends what node:dgram would have sent by now, and
 * schedules the callbacks in a tick ahead of 'close'.
 */
function flushBeforeClose() {
  flushDeferred();
  flushAndSchedule(connectedBatch);
}

/**
 * Before another socket takes the descriptor: the unconnected datagrams leave,
 * too, and their callbacks will run although the socket is closed.
 */
function flushBeforeLeave() {
  flushBeforeClose();
  flushAndSchedule(unconnectedBatch);
}

/** Sends the pending datagrams now and schedules their callbacks. */
function flushAndSchedule(sendBatch) {
  if (sendBatch === null) return;
  sendBatch.flush();
  const batch = sendBatch.takeCallbacks();
  if (batch !== null) schedule(runCallbacks, batch);
}

/**
 * Sends what node:dgram would have sent by now: deferred datagrams, and the
 * pending ones of connected sockets.
 */
function flushDue() {
  flushDeferred();
  flushConnected();
}

/** Sends the pending connected datagrams now. */
function flushConnected() {
  if (connectedBatch !== null) connectedBatch.flush();
}

/**
 * Sends one datagram at once, for UDP#send().
 * @param {UDP} handle
 * @param {4|6} family
 * @param {Array<ArrayBufferView>} list
 * @param {number} port
 * @param {string|null} address numeric; null: the connected peer
 * @param {object|null} request its `oncomplete(status, bytes)` is called if the
 *   datagram had to be queued
 * @param {Settings|null} settings
 * @returns {number} bytes + 1, 0 if it was queued, or a negative UV_ code
 */
function sendNow(handle, family, list, port, address, request, settings) {
  // Node would have sent earlier datagrams of this socket by now.
  if (address === null) flushDue();
  else flushDeferred();
  const send = new QueuedRequest(request);
  useImmediateBatch(null); // may run user code, whose sends may reuse a slot
  const destination = address === null ?
    CONNECTED_PEER :
    findDestination(family, address, port);
  if (destination < 0) return destination;
  immediateBatch.add(handle, destination, slotOf(settings), list, send);
  immediateBatch.flush();
  if (send.status === QUEUED) {
    send.request = newRequest();
    return 0;
  }
  return send.status < 0 ? send.status : send.bytes + 1;
}

/**
 * Sends many datagrams at once, in order.
 * @param {UDP} handle
 * @param {Array} packets validated: messages for the connected peer, or
 *   message, port and numeric address in turn
 * @param {1|3} width elements per datagram
 * @param {Array<Settings|null>|null} settings by datagram; null: none
 * @param {SendGroup|null} group receives the status of each datagram
 */
function sendMany(handle, packets, width, settings, group) {
  flushEarlier(handle);
  useImmediateBatch(group);
  if (settings === null) addPackets(handle, packets, width);
  else addWithSettings(handle, packets, width, new SettingsColumn(settings));
  immediateBatch.flush();
  immediateBatch.group = null;
}

function destinationAt(handle, packets, index, width) {
  return width === 1 ?
    CONNECTED_PEER :
    findDestination(handle.family, packets[index + 2], packets[index + 1]);
}

function addPackets(handle, packets, width) {
  for (let i = 0; i < packets.length;) {
    const destination = destinationAt(handle, packets, i, width);
    i = immediateBatch.addRun(handle, destination, packets, i, width);
  }
}

function addWithSettings(handle, packets, width, column) {
  for (let i = 0; i < packets.length; i += width) {
    const destination = destinationAt(handle, packets, i, width);
    const settings = column.findSlot(i / width);
    immediateBatch.add(handle, destination, settings, packets[i], null);
  }
}

/**
 * Sends datagrams of columns at once, in order. C reads the payloads from the
 * memory of the program.
 * @param {UDP} handle
 * @param {Columns} columns validated; see lib/socket/send-many-columns.js
 * @param {Settings|Array<Settings|null>|null} settings of all, or by datagram
 * @param {SendGroup|null} group receives the status of each datagram
 */
function sendColumns(handle, columns, settings, group) {
  flushEarlier(handle);
  for (let first = 0; first < columns.count; first += BATCH_SENDS) {
    const count = Math.min(BATCH_SENDS, columns.count - first);
    useImmediateBatch(group);
    immediateBatch.sendColumns(handle, columns, settings, first, count);
    immediateBatch.group = null;
  }
}

/**
 * Earlier datagrams of this socket leave first, although their tick is due
 * later.
 */
function flushEarlier(handle) {
  flushDue();
  if (unconnectedBatch?.hasPending(handle)) unconnectedBatch.flush();
}

/** Flushes first: a throw may have left datagrams of an earlier group. */
function useImmediateBatch(group) {
  if (immediateBatch === null) openImmediate();
  immediateBatch.flush();
  immediateBatch.group = group;
}

/** Completion callback for a queued datagram. Called by the C core. */
function completeQueued(ticket, status, length) {
  // C may have flushed a send batch without JavaScript, see settleStalled().
  if (!queuedSends.has(ticket)) takeAllStatuses();
  const send = queuedSends.get(ticket);
  if (send === undefined) return;
  if (!send.hasMoreQueued()) queuedSends.delete(ticket);
  send.complete(status, length);
}

function takeAllStatuses() {
  for (const sendBatch of sendBatches()) sendBatch?.takeStatuses();
}

/**
 * Does the remaining work of ticks that were dropped or threw. Called by the C
 * core when the event loop continues.
 */
function settleStalled() {
  deferral.isActive = false;
  unconnectedScheduled = false;
  connectedScheduled = false;
  for (const sendBatch of sendBatches()) sendBatch?.settle();
}

module.exports = {
  SendGroup,
  completeQueued,
  findDestination,
  flushBeforeClose,
  flushBeforeLeave,
  flushDue,
  sendColumns,
  sendConnected,
  sendMany,
  sendNamed,
  sendNow,
  sendUnconnected,
  settleStalled,
};
