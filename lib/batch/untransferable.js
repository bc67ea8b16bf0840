'use strict';

/**
 * Marks memory that the C core writes to, so that it cannot be transferred to
 * another thread. node:worker_threads is loaded with the first batch, because
 * it loads Node's streams.
 */

let mark;

/**
 * worker_threads replaces process.chdir(), so it cannot be loaded once
 * `process` is frozen. No public API exposes this memory.
 */
function loadMark() {
  try {
    return require('node:worker_threads').markAsUntransferable;
  } catch {
    return () => {};
  }
}

/**
 * Marks a buffer, if possible. This is a second line of defence: C checks on
 * each use that the memory is still attached. So no datagram is lost if
 * worker_threads is a stub, or cannot be loaded into a frozen `process`.
 * @param {ArrayBuffer} buffer
 */
function markUntransferable(buffer) {
  try {
    mark ??= loadMark();
    mark(buffer);
  } catch {
    // C still detects a detached buffer.
  }
}

module.exports = { markUntransferable };
