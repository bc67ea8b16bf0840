'use strict';

/**
 * Marks memory that several messages share, so that transferring one of them to
 * another thread does not detach the others. node:worker_threads is loaded with
 * the first such memory: loading it takes longer than delivering a datagram.
 *
 * The memory that the C core writes to is not marked. No public API exposes it,
 * and C checks on each use that it is still attached.
 */

let mark;

/**
 * worker_threads replaces process.chdir(), so it cannot be loaded once
 * `process` is frozen.
 */
function loadMark() {
  try {
    return require('node:worker_threads').markAsUntransferable;
  } catch {
    return () => {};
  }
}

/**
 * Marks a buffer, if possible. No datagram is lost if worker_threads is a stub,
 * or cannot be loaded into a frozen `process`.
 * @param {ArrayBuffer} buffer
 */
function markUntransferable(buffer) {
  try {
    mark ??= loadMark();
    mark(buffer);
  } catch {
    // A transfer then detaches the other messages, too.
  }
}

module.exports = { markUntransferable };
