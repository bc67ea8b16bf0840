'use strict';

/**
 * Memory that the C core writes to must not go to another thread. Loaded late:
 * worker_threads brings Node's streams with it, and the first datagram is soon
 * enough.
 */

let threads;

/** @param {ArrayBuffer} buffer from now on not transferable */
function keep(buffer) {
  threads ??= require('node:worker_threads');
  threads.markAsUntransferable(buffer);
}

module.exports = { keep };
