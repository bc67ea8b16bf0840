'use strict';

/** close() and the async disposer. */

const timers = require('node:timers');
const { promisify } = require('node:util');
const errors = require('../errors/errors');
const { isOwnLookup } = require('../handle/lookup');
const { healthCheck } = require('./common');
const { Socket } = require('./constructor');
const { enqueue, failQueue } = require('./queue');
const { stopReceiving } = require('./receive');
const { kState } = require('./state');

// Programs may replace these.
const { process } = globalThis;
const { setImmediate } = timers;

/**
 * Closes the socket; 'close' follows in the next tick. Unconnected datagrams
 * that have not been sent yet are dropped, as in Node. While a bind() is in
 * progress, close() waits behind the other calls that wait for it.
 * @param {function()} [callback] added as a listener of 'close'
 * @returns {Socket} this
 * @throws {Error} ERR_SOCKET_DGRAM_NOT_RUNNING
 * @since Node 0.1.99
 */
Socket.prototype.close = function(callback) {
  const state = this[kState];
  if (typeof callback === 'function') this.on('close', callback);

  if (state.queue !== undefined) {
    closeOnceBound(this);
    return this;
  }

  healthCheck(this);
  stopReceiving(this);
  state.handle.close();
  state.handle = null;
  process.nextTick(emitClose, this);
  return this;
};

/**
 * Queues a close() behind the calls that wait for bind(), as Node does. A
 * program's own lookup may never answer: it gets the rest of this event loop
 * iteration, then the queue fails and the socket is closed.
 */
function closeOnceBound(socket) {
  const state = socket[kState];
  const { handle, queue } = state;
  const close = socket.close.bind(socket);
  const closeIfOpen = () => {
    if (state.handle) close();
  };
  enqueue(socket, close, () => process.nextTick(closeIfOpen));
  if (handle === null || isOwnLookup(handle.lookup, handle.family)) return;
  setImmediate(() => {
    if (state.queue === queue) cancelBind(socket);
  });
}

/** Fails the queued calls; the queued close() then closes the socket. */
function cancelBind(socket) {
  failQueue(socket, errors.errnoException(errors.errno('ECANCELED'), 'bind'));
}

function emitClose(socket) {
  socket.emit('close');
}

if (Symbol.asyncDispose !== undefined) {
  /**
   * Closes the socket if it is open, and waits for 'close'.
   * @returns {Promise<void>} rejected with the error of close()
   * @since Node 20.5, 18.18
   */
  Socket.prototype[Symbol.asyncDispose] = async function() {
    if (!this[kState].handle) return;
    await promisify(this.close).call(this);
  };
}
