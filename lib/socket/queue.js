'use strict';

/** Calls that wait until the socket is bound: connect(), send(), close(). */

const { AsyncResource } = require('node:async_hooks');
const EventEmitter = require('node:events');
const { kState } = require('./state');

const { errorMonitor } = EventEmitter;

/**
 * A call that waits for bind(). Node runs all of them in the async context of
 * the first; here each has its own context. zone.js finds the zone of a call
 * through the listeners of an emitter, so each call has an emitter as well.
 */
class QueuedCall extends AsyncResource {
  /**
   * @param {function()} action called once the socket is bound
   * @param {function(Error)} fail called instead if bind() fails
   */
  constructor(action, fail) {
    super('DGRAMWAIT', { __proto__: null, requireManualDestroy: true });
    this.emitter = new EventEmitter();
    this.emitter.on('bound', action);
    this.emitter.on('failed', fail);
  }

  /** @param {...*} event 'bound', or 'failed' and the error */
  finish(...event) {
    try {
      this.runInAsyncScope(this.emitter.emit, this.emitter, ...event);
    } finally {
      this.emitDestroy();
    }
  }
}

/**
 * Defers `action` until the socket is bound. If bind() fails, the queue is
 * emptied before the program's 'error' listeners run.
 * @param {Socket} socket
 * @param {function()} action
 * @param {function(Error)} fail
 */
function enqueue(socket, action, fail) {
  append(socket, new QueuedCall(action, fail));
}

/**
 * The same for the call that has bound the socket itself: 'listening' has its
 * async context. This costs 1 µs less, for sockets that live for one request.
 * @param {Socket} socket
 * @param {{ finish: function(string, ?Error) }} call see QueuedCall#finish()
 */
function enqueueBinder(socket, call) {
  append(socket, call);
}

function append(socket, call) {
  const state = socket[kState];
  if (state.queue === undefined) {
    state.queue = [];
    socket.once(errorMonitor, dropQueue);
    socket.once('listening', runQueue);
  }
  state.queue.push(call);
}

/** Fails the queued calls. Node drops them without calling their callbacks. */
function dropQueue(error) {
  this.removeListener('listening', runQueue);
  const { queue } = this[kState];
  this[kState].queue = undefined;
  for (const call of queue) call.finish('failed', error);
}

function runQueue() {
  this.removeListener(errorMonitor, dropQueue);
  const { queue } = this[kState];
  this[kState].queue = undefined;
  let next = 0;
  try {
    while (next < queue.length) queue[next++].finish('bound');
  } catch (error) {
    // As in Node, the remaining calls are not run.
    while (next < queue.length) queue[next++].finish('failed', error);
    throw error;
  }
}

/**
 * Fails the queued calls with `error` although bind() is still in progress.
 * @param {Socket} socket with a queue
 * @param {Error} error
 */
function failQueue(socket, error) {
  socket.removeListener(errorMonitor, dropQueue);
  dropQueue.call(socket, error);
}

module.exports = { enqueue, enqueueBinder, failQueue };
