'use strict';

/**
 * How the outcome of a send reaches the program: sends with a callback, groups
 * of sendMany(), the tickets of queued sends, and the callbacks of one tick.
 */

const { AsyncResource } = require('node:async_hooks');
const binding = require('../load/binding');
const errors = require('../errors/errors');
const { withMtu } = require('./mtu');
const { isReplaced, schedule } = require('../node/ticks');
const { isObserved, run } = require('../node/uncaught');

const { process } = globalThis;

const { SEND_WORDS, SEND_STATUS, QUEUED } = binding.layout;

/** The status of a datagram that was not sent: neither a length nor a code. */
const UNSENT = 0x7fffffff;

/** For async resources that emit 'destroy' explicitly. */
const MANUAL = { __proto__: null, requireManualDestroy: true };

/**
 * A send whose outcome is reported. It is the async resource of its callback.
 */
class Send extends AsyncResource {
  constructor(handle, callback, address, port) {
    super('DGRAMSEND', MANUAL);
    this.handle = handle;
    this.callback = callback; // null: it was called
    this.address = address; // as passed by the caller, for the error
    this.port = port;
    this.bytes = 0;
    this.status = UNSENT;
    this.request = null; // the UDPSENDWRAP, if the datagram was queued
    this.hasOwnTicks = isReplaced(); // see sendInOwnTick() of outbox.js
  }

  /**
   * Stores the status after the send batch was flushed.
   * @returns {boolean} whether the callback runs with those of the send batch
   */
  recordStatus(status) {
    this.status = status;
    return !this.hasOwnTicks;
  }

  /** @returns {boolean} whether its ticket has further completions */
  hasMoreQueued() {
    return false;
  }

  /** Completes a queued send. Until then `request` was its async resource. */
  complete(status, bytes) {
    this.status = status;
    this.bytes = bytes;
    // Without a request, finishSend() has yet to run and uses this status.
    if (this.request !== null) finishRequest(this, this.request);
  }

  /** @param {boolean} observed whether a throw is passed to uncaught.js */
  finish(observed) {
    try {
      this.runInAsyncScope(observed ? this.callObserved : this.call, this);
    } finally {
      this.emitDestroy();
    }
  }

  call() {
    const { callback } = this;
    this.callback = null;
    if (this.status < 0) this.callWithError(callback);
    else callback(null, this.bytes);
  }

  callObserved() {
    try {
      this.call();
    } catch (error) {
      binding.fatal(error);
    }
  }

  callWithError(callback) {
    const error = withMtu(
      errors.hostPortException(this.status, 'send', this.address, this.port),
      this.handle);
    if (this.request === null) callback(error);
    else callback(error, this.bytes);
  }
}

/** Finishes a send in the async scope of the request it was queued under. */
function finishRequest(send, request) {
  if (request === null) return; // a throw prevented its creation
  try {
    run(request, send.finish, send, false);
  } finally {
    request.emitDestroy();
  }
}

/** The datagrams of one sendMany(): one callback and one ticket for all. */
class SendGroup extends AsyncResource {
  constructor(callback, total, handle) {
    super('DGRAMSEND', MANUAL);
    this.callback = callback;
    this.handle = handle;
    this.ticket = newTicket();
    this.remaining = total;
    this.queuedCount = 0;
    this.sentCount = 0;
    this.error = null;
  }

  /**
   * Counts the statuses of `count` descriptors, all of this group.
   * @param {Int32Array} statuses
   * @param {number} count
   */
  takeStatuses(statuses, count) {
    let taken = 0;
    let failed = 0;
    let error = 0;
    for (let index = 0; index < count; index++) {
      const status = statuses[index * SEND_WORDS + SEND_STATUS];
      if (status >= 0) taken++;
      else if (status !== QUEUED && failed++ === 0) error = status;
    }
    // From here on user code may run and use the send batch.
    this.sentCount += taken;
    this.expectQueued(count - taken - failed);
    if (failed > 0) this.recordCode(error);
    if (taken + failed > 0) this.countFinished(taken + failed);
  }

  expectQueued(queued) {
    if (queued === 0) return;
    this.queuedCount += queued;
    queuedSends.set(this.ticket, this);
  }

  hasMoreQueued() {
    return --this.queuedCount > 0;
  }

  complete(status) {
    if (status < 0) this.recordCode(status);
    else this.sentCount++;
    this.countFinished(1);
  }

  /** Counts a datagram that was rejected before it reached a send batch. */
  fail(error) {
    this.recordError(error);
    this.countFinished(1);
  }

  recordCode(code) {
    if (this.error !== null) return;
    this.error = withMtu(errors.errnoException(code, 'send'), this.handle);
  }

  /** The callback receives the first error. */
  recordError(error) {
    this.error ??= error;
  }

  /** Counts `n` datagrams as finished; after the last one the callback runs. */
  countFinished(n) {
    this.remaining -= n;
    if (this.remaining === 0) process.nextTick(finishGroup, this);
  }
}

function finishGroup(group) {
  try {
    run(group, group.callback, undefined, group.error, group.sentCount);
  } finally {
    group.emitDestroy();
  }
}

/** Sends that the transport has queued, by ticket. */
const queuedSends = new Map();
let lastTicket = 0;

const TICKET_MAX = 0xffffffff;

/** @returns {number} 1 to TICKET_MAX, not used by any queued send */
function newTicket() {
  lastTicket++;
  return queuedSends.size === 0 && lastTicket <= TICKET_MAX ?
    lastTicket :
    freeTicket();
}

function freeTicket() {
  while (lastTicket > TICKET_MAX || queuedSends.has(lastTicket)) {
    lastTicket = lastTicket < TICKET_MAX ? lastTicket + 1 : 1;
  }
  return lastTicket;
}

function isClosed(send) {
  return send.handle.closed;
}

/** Releases the send of a closed socket. @returns {boolean} false if closed */
function stillOpen(send) {
  if (!isClosed(send)) return true;
  send.emitDestroy();
  return false;
}

/** Sends whose callbacks run in one tick. */
class CallbackBatch {
  constructor(sendBatch, sends) {
    this.sendBatch = sendBatch;
    this.sends = sends;
    this.next = 0; // index of the first one that was not called
  }
}

/** Runs the callbacks of a tick; one that throws does not stop the others. */
function runCallbacks(batch) {
  const { sends } = batch;
  const observed = isObserved();
  try {
    while (batch.next < sends.length) finishSend(sends[batch.next++], observed);
  } finally {
    if (batch.next < sends.length) schedule(runCallbacks, batch);
    else batch.sendBatch.removeCallbacks(batch);
  }
}

function finishSend(send, observed) {
  if (send.callback === null) return;
  if (send.status === QUEUED) {
    send.request ??= send.runInAsyncScope(newRequest);
  } else {
    send.finish(observed);
  }
}

/** The async resource that represents a queued send in async_hooks. */
function newRequest() {
  return new AsyncResource('UDPSENDWRAP', MANUAL);
}

/** A send of UDP#send(), which completes later if it is queued. */
class QueuedRequest {
  constructor(target) {
    this.target = target;
    this.bytes = 0;
    this.status = 0;
    this.request = null;
  }

  /** @returns {boolean} false: it has no callback in the send batch */
  recordStatus(status) {
    this.status = status;
    return false;
  }

  hasMoreQueued() {
    return false;
  }

  complete(status, bytes) {
    this.status = status;
    this.bytes = bytes;
    finishRequest(this, this.request);
  }

  finish() {
    this.target?.oncomplete?.(this.status, this.bytes);
  }
}

module.exports = {
  CallbackBatch,
  QueuedRequest,
  Send,
  SendGroup,
  UNSENT,
  finishSend,
  isClosed,
  newRequest,
  newTicket,
  queuedSends,
  runCallbacks,
  stillOpen,
};
