'use strict';

/**
 * What pause() and resume() have to know about the iterators of a socket. While
 * the queue of one is full, the socket is paused whatever the program calls;
 * its last call counts afterwards.
 */

class Iteration {
  /** Iterators that have not ended. */
  active = 0;

  /** Those whose queue is full. */
  full = 0;

  /** While `full` is not 0: the program has called pause(). */
  isPaused = false;

  /** What iterators that were left have not returned: message-iterator.js. */
  unread = [];
}

/** By socket, from its first iterator on. */
const iterations = new WeakMap();

/** @returns {Iteration} */
function iterationOf(socket) {
  let iteration = iterations.get(socket);
  if (iteration === undefined) {
    iteration = new Iteration();
    iterations.set(socket, iteration);
  }
  return iteration;
}

/** Called by pause(). */
function notePause(socket) {
  const iteration = iterations.get(socket);
  if (iteration !== undefined && iteration.full > 0) iteration.isPaused = true;
}

/**
 * Called by resume().
 * @param {Socket} socket paused
 * @returns {boolean} whether it receives from now on
 */
function mayResume(socket) {
  const iteration = iterations.get(socket);
  if (iteration === undefined) return true;
  if (iteration.full > 0) {
    iteration.isPaused = false;
    return false;
  }
  // Listeners get what follows, so the next iterator cannot continue.
  if (iteration.active === 0) iteration.unread = [];
  return true;
}

module.exports = { iterationOf, mayResume, notePause };
