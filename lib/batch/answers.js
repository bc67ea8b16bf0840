'use strict';

/**
 * Answers of one received batch leave together. Ticks run after each datagram
 * of the batch, and the sends of a datagram would leave with them, one system
 * call each. While more of the batch is to come, sends of unconnected sockets
 * without a callback are deferred instead: they stay in the send batch. The
 * number of deferred ones is a word shared with C, which sends them
 *
 *  - at the end of the delivery, also if the batch is paused (deliver.c);
 *  - before an 'uncaughtException' handler runs for an error of a listener or a
 *    tick (hooks.c);
 *  - when a nested event loop polls: settleStalled() of outbox.js;
 *  - when the process or the worker ends (send_batches.c).
 *
 * Here they leave
 *
 *  - together with the datagrams of a tick that has callbacks, or as soon as
 *    ANSWERS_MAX are pending, or the send batch is full;
 *  - before a send with a callback, on a connected socket, or by sendMany();
 *  - before close(), connect(), disconnect(), an option change, and
 *    getSendQueue*();
 *  - before process.kill(), abort() and execve();
 *  - after TIME_MAX. The clock is read only while datagrams are deferred, and
 *    less often than once per datagram if the listeners are fast. After a slow
 *    listener, answers of its socket are not deferred for some batches.
 *
 * While process.nextTick() is replaced, nothing is deferred, nor on Windows,
 * where C cannot send at the end of the process.
 */

const binding = require('../load/binding');
const settings = require('../load/settings');
const { beforeEnding } = require('../node/endings');
const { isReplaced } = require('../node/ticks');

const { BATCH_PENDING, BATCH_DEFERRED } = binding.layout;

/** Datagrams that wait for others, at most. */
const ANSWERS_MAX = 64;

/** Microseconds that a datagram waits; more if listeners block (STRIDE_MAX). */
const TIME_MAX = 100;

/** Listeners that take longer per datagram, in microseconds, are slow. */
const SLOW = TIME_MAX / 4;

/**
 * Datagrams between two readings of the clock, at most. A reading takes 90 ns.
 * If listeners become slow, an answer waits for as many of them.
 */
const STRIDE_MAX = 4;

/** Batches during which a slow socket is prompt; doubled each time. */
const PROMPT_MIN = 8;
const PROMPT_MAX = 1024;

/** `isActive`: the ticks of a datagram run, and more of its batch follow. */
const deferral = { isActive: false };

/** Those of the send batch that has deferred datagrams. */
let words = null;

let watchesProcessEnd = false;

// The clock at the first deferred datagram, 0 if there is none; the datagrams
// delivered since then; and how many until the next reading.
let start = 0;
let delivered = 0;
let stride = 0;

function hasDeferred() {
  return words !== null && words[BATCH_DEFERRED] !== 0;
}

/** Sends the deferred datagrams now. */
function flushDeferred() {
  if (hasDeferred()) binding.flushDeferred();
}

/**
 * Called at the end of a tick while deferral is active.
 * @param {SendBatch} sendBatch that of unconnected sockets
 * @returns {boolean} whether its pending datagrams wait
 */
function defer(sendBatch) {
  if (sendBatch.hasCallbacks || sendBatch.flushedSends.length > 0 ||
      !sendBatch.sentAtExit ||
      sendBatch.words[BATCH_PENDING] >= ANSWERS_MAX || isReplaced()) {
    return false;
  }
  if (!watchesProcessEnd) {
    watchesProcessEnd = true;
    beforeEnding(flushDeferred);
  }
  words = sendBatch.words;
  words[BATCH_DEFERRED] = words[BATCH_PENDING];
  return true;
}

/**
 * Called when a batch, or a part of it, is delivered.
 * @param {UDP} handle
 * @returns {boolean} whether answers to it may be deferred
 */
function beginDeferral(handle) {
  if (!settings.deferAnswers) return false;
  if (handle.promptBatches > 0) {
    handle.promptBatches--;
    return false;
  }
  if (handle.promptPenalty > 0) handle.promptPenalty--;
  if (!hasDeferred()) start = 0;
  return true;
}

/**
 * Called after each datagram: sends deferred datagrams that have waited for
 * TIME_MAX.
 * @param {UDP} handle
 * @returns {boolean} whether the next answers may be deferred
 */
function mayDefer(handle) {
  if (!hasDeferred()) {
    start = 0;
    return true;
  }
  if (start === 0) {
    start = binding.clock();
    delivered = 0;
    stride = 1;
    return true;
  }
  delivered++;
  if (--stride > 0) return true;
  return checkTime(handle);
}

function checkTime(handle) {
  const left = start + TIME_MAX - binding.clock();
  const perDatagram = (TIME_MAX - left) / delivered;
  if (left > 0) {
    stride = Math.min(STRIDE_MAX, Math.ceil(left / (2 * perDatagram)));
    return true;
  }
  start = 0;
  binding.flushDeferred();
  if (perDatagram < SLOW) return true;
  handle.promptPenalty =
    Math.min(PROMPT_MAX, Math.max(PROMPT_MIN, 2 * handle.promptPenalty));
  handle.promptBatches = handle.promptPenalty;
  return false;
}

module.exports = {
  beginDeferral, defer, deferral, flushDeferred, mayDefer,
};
