'use strict';

/**
 * Back-pressure, additions of this package: pause() and resume() of receiving,
 * and whether the send queue is full. The names are those of Node's streams.
 */

const { addMethods } = require('./common');
const { Socket } = require('./constructor');
const { mayResume, notePause } = require('./iteration');
const { pauseReceiving, resumeReceiving } = require('./receive');
const { BOUND, kState } = require('./state');

addMethods(Socket.prototype, {
  /**
   * Stops reading from the kernel and emitting 'message' and 'batch', at once
   * and until resume(). Datagrams then wait in the kernel's receive buffer,
   * those that were already read in the C core. Also before and during bind().
   * Does nothing if the socket is closed.
   * @returns {Socket} this
   * @since 0.1.0
   */
  pause() {
    const { handle, bindState } = this[kState];
    if (handle === null) return this;
    notePause(this);
    if (handle.paused) return this;
    handle.paused = true;
    if (bindState === BOUND) pauseReceiving(this);
    return this;
  },

  /**
   * Ends pause(). Datagrams arrive in their order, from the next event loop
   * iteration on. Does nothing if the socket is closed.
   * @returns {Socket} this
   * @since 0.1.0
   */
  resume() {
    const { handle, bindState } = this[kState];
    if (handle === null || !handle.paused || !mayResume(this)) return this;
    handle.paused = false;
    if (bindState === BOUND) resumeReceiving(this);
    return this;
  },

  /**
   * @returns {boolean} whether the socket is open and paused
   * @since 0.1.0
   */
  isPaused() {
    return this[kState].handle?.paused ?? false;
  },
});

Object.defineProperty(Socket.prototype, 'writableNeedDrain', {
  __proto__: null,
  configurable: true,
  /**
   * Whether the send queue has reached the option sendHighWaterMark, and
   * 'drain' will be emitted when it is empty.
   * @returns {boolean} false if the socket is closed
   * @since 0.1.0
   */
  get() {
    // Tools read the properties of prototypes, which have no state.
    return this[kState]?.handle?.needsDrain?.() === 1;
  },
});
