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

/**
 * As far as that can be had: C looks anew each time whether the memory is still
 * there, so a stub of worker_threads, or a frozen `process` that keeps it from
 * being loaded, costs no datagram.
 * @param {ArrayBuffer} buffer from now on not transferable
 */
function keep(buffer) {
  try {
    mark ??= findMark();
    mark(buffer);
  } catch {
    // It is a second line of defence only.
  }
}

module.exports = { keep };
