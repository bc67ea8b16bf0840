'use strict';

/**
 * Collects sends and hands them to the C core in batches. What a program can
 * see is when its datagrams leave, in which order, and when its callbacks run;
 * docs/how-it-works.md tells what Node does, which this file keeps:
 *
 *  1. Unconnected: nothing leaves within send(). Node asks for the address
 *     first, which takes one tick; the callback takes a second one.
 *  2. Connected: the datagram leaves within send(), the callback takes one
 *     tick. Here the first of a tick does so; the following ones leave
 *     together, when the tick ends at the latest, and their callbacks take two,
 *     so that none overtakes a tick that was there before its send().
 *  3. The bytes are copied at once: the buffer is the caller's again.
 *  4. A callback runs in the async context of its send().
 *
 * JavaScript may throw or be terminated at any line, and what was scheduled may
 * never run. So each step leaves a state from which the next one goes on:
 *
 *  5. How many descriptors of a lane wait is a word that C sees, too. It is
 *     written last when one is appended; when they have left, C writes in it
 *     that their statuses are to be taken, and the next entry takes them.
 *  6. That something is scheduled is noted when it has been. Batches of
 *     callbacks are kept until all were called, and a batch has moved on
 *     before it calls one: each is called once.
 *  7. When the event loop goes on and something is left all the same, C calls
 *     settleStalled().
 */

const binding = require('../load/binding');
const { beforeEnding } = require('../node/endings');
const { LOOPBACK } = require('../handle/lookup');
const { schedule } = require('../node/ticks');
const { isWatched } = require('../node/uncaught');
const {
  QueuedRequest, Send, SendMany, UNSENT, finishBatch, newRequest, settle,
  stillOpen, waiting,
} = require('./completions');
const {
  CONNECTED_PEER, beforeForgetting, findPeer,
} = require('./destinations');
const { Lane } = require('./send-batch');

const { process } = globalThis;

const { QUEUED, BATCH_PENDING } = binding.layout;

/** Connected datagrams that wait for the end of a tick at most. */
const CONNECTED_MAX = 64;

// One lane per way of sending, made when it is first needed.
let laterLane = null; // unconnected: leaves in the next tick
let tickLane = null; // connected: leaves by the end of this tick
let nowLane = null; // after a lookup, or through handle.send()

let laterScheduled = false;
let tickScheduled = false;

/** What Node would have sent already is not lost by process.kill(). */
let watchingEnds = false;

beforeForgetting(() => {
  for (const lane of [tickLane, laterLane, nowLane]) lane?.flush();
});

/** Making a lane may run a program's code, which may have made it. */
function openLater() {
  const lane = new Lane(false, true);
  laterLane ??= lane;
}

function openTick() {
  const lane = new Lane(true, false);
  tickLane ??= lane;
}

function openNow() {
  const lane = new Lane(false, false);
  nowLane ??= lane;
}

/**
 * Sends to a literal address in the next tick.
 * @param {UDP} handle
 * @param {string|ArrayBufferView|Array} message
 * @param {string} [address] of the handle's family; falsy: loopback
 * @param {number} port
 * @param {Function} [callback] (error) or (null, bytes)
 * @returns {boolean} false: not a literal of this family, nothing was done
 */
function sendLater(handle, message, address, port, callback) {
  const { family } = handle;
  const peer = findPeer(family, address || LOOPBACK[family], port);
  if (peer < 0) return false;
  const send = callback === undefined ?
    null :
    new Send(handle, callback, address, port);
  if (laterLane === null) openLater();
  laterLane.push(handle, peer, message, send);
  if (!laterScheduled) {
    schedule(flushLater);
    laterScheduled = true;
  }
  if (send !== null && send.apart) process.nextTick(sendApart, send);
  return true;
}

function flushLater() {
  laterScheduled = false;
  flushConnected(); // node:dgram sent these within send()
  laterLane.flush();
  const batch = laterLane.takeBatch();
  if (batch !== null) schedule(finishBatch, batch);
}

/**
 * process.nextTick() is somebody else's: node:dgram would have called it within
 * send(), and again when it has sent. So the callback is in its zone, or waits
 * for the fake clock to move.
 */
function sendApart(send) {
  if (send.status === UNSENT) {
    flushConnected();
    laterLane.flush();
  }
  if (stillOpen(send)) process.nextTick(finishApart, send);
}

function finishApart(send) {
  if (send.status === UNSENT) tickLane.flush();
  settle(send, isWatched());
}

/**
 * Sends to the peer that the socket is connected to.
 * @param {UDP} handle
 * @param {string|ArrayBufferView|Array} message
 * @param {Function} [callback] (error) or (null, bytes)
 */
function sendConnected(handle, message, callback) {
  const send = callback === undefined ?
    null :
    new Send(handle, callback, undefined, undefined);
  if (tickLane === null) openTick();
  tickLane.push(handle, CONNECTED_PEER, message, send);
  if (!tickScheduled) sendFirst();
  else keepForTick();
  if (send !== null && send.apart) process.nextTick(finishApart, send);
}

function sendFirst() {
  tickLane.flush();
  schedule(flushTick, tickLane.takeBatch());
  tickScheduled = true;
}

function keepForTick() {
  if (process._exiting || tickLane.words[BATCH_PENDING] >= CONNECTED_MAX) {
    tickLane.flush(); // no tick will come any more, or they are enough
  } else if (!watchingEnds) {
    watchingEnds = true;
    beforeEnding(flushConnected, tickLane.watched !== 0);
  }
}

/** @param {Batch|null} first what left within send() */
function flushTick(first) {
  tickScheduled = false;
  endConnected();
  if (first !== null) finishBatch(first);
}

/**
 * Connected datagrams that wait for the end of the tick leave now, and their
 * callbacks take their place among the ticks: before 'close', if that is next.
 */
function endConnected() {
  if (tickLane === null) return;
  tickLane.flush();
  const batch = tickLane.takeBatch();
  if (batch !== null) schedule(finishBatch, batch);
}

/**
 * The event loop goes on, and not all was done that ticks were to do: they were
 * dropped, or something threw. Called by the C core.
 */
function settleStalled() {
  laterScheduled = false;
  tickScheduled = false;
  for (const lane of [tickLane, laterLane, nowLane]) lane?.settle();
}

/**
 * Sends one datagram at once, for UDP#send().
 * @param {UDP} handle
 * @param {4|6} family
 * @param {Array<ArrayBufferView>} list
 * @param {number} port
 * @param {string|null} address a literal; null: the connected peer
 * @param {object|null} request `oncomplete(status, bytes)` is called on it
 *   when the datagram had to be queued
 * @returns {number} bytes + 1, 0 when it was queued, or a UV_ code
 */
function sendNow(handle, family, list, port, address, request) {
  const peer = address === null ?
    CONNECTED_PEER :
    findPeer(family, address, port);
  if (peer < 0) return peer;
  // Earlier datagrams of this socket that Node would have sent by now.
  if (address === null) flushConnected();
  const send = new QueuedRequest(request);
  useNowLane(null);
  nowLane.push(handle, peer, list, send);
  nowLane.flush();
  if (send.status === QUEUED) {
    send.request = newRequest();
    return 0;
  }
  return send.status < 0 ? send.status : send.bytes + 1;
}

/** What a throw has left in the lane leaves before, for whom it was. */
function useNowLane(many) {
  if (nowLane === null) openNow();
  nowLane.flush();
  nowLane.many = many;
}

/** The C core's word that a queued datagram left, or failed. */
function complete(ticket, status, length) {
  // It may have sent a lane by itself, see settleStalled().
  if (!waiting.has(ticket)) tellAll();
  const send = waiting.get(ticket);
  if (send === undefined) return;
  if (!send.hasMore()) waiting.delete(ticket);
  send.completed(status, length);
}

function tellAll() {
  for (const lane of [tickLane, laterLane, nowLane]) lane?.tell();
}

/**
 * Sends many datagrams at once, in order.
 * @param {UDP} handle
 * @param {Array} packets checked: messages for the connected peer, or message,
 *   port and address (a literal) in turn
 * @param {1|3} width which of the two
 * @param {SendMany|null} many told of each
 */
function sendAll(handle, packets, width, many) {
  flushConnected();
  // What this socket sent before stays before, though it would have had a tick.
  if (laterLane?.holds(handle)) laterLane.flush();
  useNowLane(many);
  for (let i = 0; i < packets.length; i += width) {
    const peer = width === 1 ?
      CONNECTED_PEER :
      findPeer(handle.family, packets[i + 2], packets[i + 1]);
    nowLane.push(handle, peer, packets[i], null);
  }
  nowLane.flush();
  nowLane.many = null;
}

/** Connected datagrams that wait for the end of the tick leave now. */
function flushConnected() {
  if (tickLane !== null) tickLane.flush();
}

module.exports = {
  SendMany,
  complete,
  endConnected,
  findPeer,
  flushConnected,
  sendAll,
  sendConnected,
  sendLater,
  sendNow,
  settleStalled,
};
