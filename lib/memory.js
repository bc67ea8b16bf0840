'use strict';

/**
 * Memory that the C core writes to must not go to another thread. Loaded late:
 * worker_threads brings Node's streams with it, and the first datagram is soon
 * enough.
 */

let threads;

/**
 * As far as that can be had: C looks anew each time whether the memory is still
 * there, so a stub of worker_threads, or a frozen `process` that keeps it from
 * being loaded, costs no datagram.
 * @param {ArrayBuffer} buffer from now on not transferable
 */
function keep(buffer) {
  try {
    threads ??= require('node:worker_threads');
    threads.markAsUntransferable(buffer);
  } catch {
    // It is a second line of defence only.
  }
}

module.exports = { keep };
