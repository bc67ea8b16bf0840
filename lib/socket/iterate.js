'use strict';

/** Async iteration, an addition of this package. */

const { addMethods, healthCheck } = require('./common');
const { Socket } = require('./constructor');

addMethods(Socket.prototype, {
  /**
   * An async iterator over [msg, rinfo] of the datagrams that arrive from now
   * on. Its queue is bounded: the socket is paused while it is full. Ends when
   * the socket is closed; throws on 'error'. When the loop is left, the socket
   * stays open and, without listeners of 'message' or 'batch', paused; the next
   * iterator continues with the first datagram that was not returned.
   * @param {{highWaterMark?: number, signal?: AbortSignal}} [options]
   *   `highWaterMark`: datagrams in the queue, default 64
   * @returns {AsyncIterableIterator<[Buffer, object]>}
   * @throws {TypeError} ERR_INVALID_ARG_TYPE
   * @throws {RangeError} ERR_OUT_OF_RANGE
   * @throws {Error} ERR_SOCKET_DGRAM_NOT_RUNNING; ABORT_ERR
   * @since 0.1.0
   */
  iterator(options) {
    healthCheck(this);
    // Loaded by the first iterator: most programs have none.
    return require('./message-iterator').iterate(this, options);
  },
});

const { [Symbol.asyncIterator]: value } = {
  [Symbol.asyncIterator]() {
    return this.iterator();
  },
};

Object.defineProperty(Socket.prototype, Symbol.asyncIterator, {
  __proto__: null, value, configurable: true, writable: true,
});
