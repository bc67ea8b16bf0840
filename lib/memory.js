'use strict';

/**
 * Memory that the C core writes to must not go to another thread. Loaded late:
 * worker_threads brings Node's streams with it, and the first datagram is soon
 * enough.
 */

const { process } = globalThis;

let threads;

/**
 * Nobody but the outbox and the inbox has this memory: this is a safeguard. It
 * is left out where Node cannot load the module, since that changes `process`.
 * @param {ArrayBuffer} buffer from now on not transferable
 */
function keep(buffer) {
  if (threads === undefined && Object.isFrozen(process)) return;
  threads ??= require('node:worker_threads');
  threads.markAsUntransferable(buffer);
}

module.exports = { keep };
