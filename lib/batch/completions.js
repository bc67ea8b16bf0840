'use strict';

/**
 * The outcome of a send: who is to be told of it, and how it is told.
 */

const { AsyncResource } = require('node:async_hooks');
const binding = require('../load/binding');
const errors = require('../errors/errors');
const { isReplaced, schedule } = require('../node/ticks');
const { isWatched, run } = require('../node/uncaught');

const { process } = globalThis;

const { SEND_WORDS, SEND_STATUS, QUEUED } = binding.layout;

/** The status of a datagram that has not left: no length and no code. */
const UNSENT = 0x7fffffff;

/** For async resources that say themselves when they are done with. */
const MANUAL = { __proto__: null, requireManualDestroy: true };

/**
 * A send whose outcome somebody waits for. It is the async resource of its
 * callback.
 */
class Send extends AsyncResource {
  constructor(handle, callback, address, port) {
    super('DGRAMSEND', MANUAL);
    this.handle = handle;
    this.callback = callback; // null: it was called
    this.address = address; // as given: it goes into the error
    this.port = port;
    this.bytes = 0;
    this.status = UNSENT;
    this.request = null; // the UDPSENDWRAP, once the kernel made it wait
    this.apart = isReplaced(); // it has ticks of its own
  }

  /**
   * The lane it was in has left.
   * @returns {boolean} whether it shares the ticks of its lane
   */
  sent(status) {
    this.status = status;
    return !this.apart;
  }

  /** @returns {boolean} whether a ticket waits for more than one completion */
  hasMore() {
    return false;
  }

  /** The kernel let go of it later; until then `request` stood for it. */
  completed(status, bytes) {
    this.status = status;
    this.bytes = bytes;
    // settle() was not there yet, and finds it finished.
    if (this.request !== null) finishRequest(this, this.request);
  }

  /** @param {boolean} watched whether uncaught.js is to be told of a throw */
  finish(watched) {
    try {
      this.runInAsyncScope(watched ? this.callWatched : this.call, this);
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

  callWatched() {
    try {
      this.call();
    } catch (error) {
      binding.fatal(error);
    }
  }

  callWithError(callback) {
    const error = errors.hostPortException(this.status, 'send', this.address,
                                           this.port);
    if (this.request === null) callback(error);
    else callback(error, this.bytes);
  }
}

/** Finishes a send within the resource that it waited under. */
function finishRequest(send, request) {
  if (request === null) return; // a throw left it without
  try {
    run(request, send.finish, send, false);
  } finally {
    request.emitDestroy();
  }
}

/** The sends of one sendMany(), for its one callback: they share a ticket. */
class SendMany extends AsyncResource {
  constructor(callback, total) {
    super('DGRAMSEND', MANUAL);
    this.callback = callback;
    this.ticket = newTicket();
    this.left = total;
    this.queued = 0;
    this.count = 0;
    this.error = null;
  }

  /** @param {Int32Array} statuses of `count` descriptors, all its own */
  flushed(statuses, count) {
    let taken = 0;
    let failed = 0;
    let error = 0;
    for (let index = 0; index < count; index++) {
      const status = statuses[index * SEND_WORDS + SEND_STATUS];
      if (status >= 0) taken++;
      else if (status !== QUEUED && failed++ === 0) error = status;
    }
    // From here on a program's code may run, and use the lane.
    this.count += taken;
    this.wait(count - taken - failed);
    if (failed > 0) this.note(errors.errnoException(error, 'send'));
    if (taken + failed > 0) this.step(taken + failed);
  }

  wait(queued) {
    if (queued === 0) return;
    this.queued += queued;
    waiting.set(this.ticket, this);
  }

  hasMore() {
    return --this.queued > 0;
  }

  completed(status) {
    if (status < 0) this.note(errors.errnoException(status, 'send'));
    else this.count++;
    this.step(1);
  }

  fail(error) {
    this.note(error);
    this.step(1);
  }

  /** The first error is the one that the callback is told. */
  note(error) {
    this.error ??= error;
  }

  step(n) {
    this.left -= n;
    if (this.left === 0) process.nextTick(finishMany, this);
  }
}

function finishMany(many) {
  try {
    run(many, many.callback, undefined, many.error, many.count);
  } finally {
    many.emitDestroy();
  }
}

/** Sends that the transport queued, by ticket. */
const waiting = new Map();
let lastTicket = 0;

const TICKET_MAX = 0xffffffff;

/** A number from 1 to TICKET_MAX that no queued send has. */
function newTicket() {
  lastTicket++;
  return waiting.size === 0 && lastTicket <= TICKET_MAX ?
    lastTicket :
    freeTicket();
}

function freeTicket() {
  while (lastTicket > TICKET_MAX || waiting.has(lastTicket)) {
    lastTicket = lastTicket < TICKET_MAX ? lastTicket + 1 : 1;
  }
  return lastTicket;
}

function isClosed(send) {
  return send.handle.closed;
}

function stillOpen(send) {
  if (!isClosed(send)) return true;
  send.emitDestroy();
  return false;
}

/** Sends whose callbacks run in one tick. */
class Batch {
  constructor(lane, sends) {
    this.lane = lane;
    this.sends = sends;
    this.next = 0; // the first that was not called
  }
}

/** Runs the callbacks of a tick; one that throws does not stop the others. */
function finishBatch(batch) {
  const { sends } = batch;
  const watched = isWatched();
  try {
    while (batch.next < sends.length) settle(sends[batch.next++], watched);
  } finally {
    if (batch.next < sends.length) schedule(finishBatch, batch);
    else batch.lane.forget(batch);
  }
}

function settle(send, watched) {
  if (send.callback === null) return;
  if (send.status === QUEUED) {
    send.request ??= send.runInAsyncScope(newRequest);
  } else {
    send.finish(watched);
  }
}

/** The resource under which async_hooks knows a send that has to wait. */
function newRequest() {
  return new AsyncResource('UDPSENDWRAP', MANUAL);
}

/** A send that UDP#send() may have to complete later. */
class QueuedRequest {
  constructor(target) {
    this.target = target;
    this.bytes = 0;
    this.status = 0;
    this.request = null;
  }

  /** @returns {boolean} false: it shares no tick */
  sent(status) {
    this.status = status;
    return false;
  }

  hasMore() {
    return false;
  }

  completed(status, bytes) {
    this.status = status;
    this.bytes = bytes;
    finishRequest(this, this.request);
  }

  finish() {
    this.target?.oncomplete?.(this.status, this.bytes);
  }
}

module.exports = {
  Batch,
  QueuedRequest,
  Send,
  SendMany,
  UNSENT,
  finishBatch,
  isClosed,
  newRequest,
  newTicket,
  settle,
  stillOpen,
  waiting,
};
