'use strict';

/**
 * Memory that the C core writes to must not go to another thread. Loaded late:
 * worker_threads brings Node's streams with it, and the first datagram is soon
 * enough.
 */

let mark;

/**
 * worker_threads puts a chdir() of its own on process, and cannot be loaded
 * once that is frozen. No program reaches this memory by fair means.
 */
function findMark() {
  try {
    return require('node:worker_threads').markAsUntransferable;
  } catch {
    return () => {};
  }
}

/** @param {ArrayBuffer} buffer from now on not transferable */
function keep(buffer) {
  mark ??= findMark();
  mark(buffer);
}

module.exports = { keep };
