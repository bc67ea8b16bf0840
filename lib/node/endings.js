'use strict';

/**
 * Reaches into `process`: `_kill`, `abort` and `execve`, on all supported
 * versions (Node 18 to 26; `execve` since 22.15).
 *
 * These functions end the process without an event, so pending datagrams have
 * to leave before. exit() and the end of a worker are handled in the C core:
 * src/core/send_batches.c.
 */

const { record } = require('./thread');

const { process } = globalThis;

/**
 * process.kill() calls `_kill`, which it reads on each call. `execve` replaces
 * the program.
 */
const ENDINGS = ['_kill', 'abort', 'execve'];

/**
 * Calls `action` before the process ends through a function of `process`. The
 * functions are wrapped once per thread; not at all if `process` is frozen.
 * @param {function()} action
 */
function beforeEnding(action) {
  if (record.beforeEnding !== undefined) {
    record.beforeEnding.push(action);
    return;
  }
  record.beforeEnding = [action];
  for (const name of ENDINGS) wrap(name, record.beforeEnding);
}

/** A Proxy keeps the name, length and source text of the original. */
function wrap(name, actions) {
  const descriptor = Object.getOwnPropertyDescriptor(process, name);
  if (typeof descriptor?.value !== 'function') return;
  if (!descriptor.writable && !descriptor.configurable) return;
  const value = new Proxy(descriptor.value, {
    __proto__: null,
    apply(target, receiver, args) {
      for (const action of actions) attempt(action);
      return Reflect.apply(target, receiver, args);
    },
  });
  Object.defineProperty(process, name, {
    __proto__: null, ...descriptor, value,
  });
}

/** An error must not prevent the process from ending. */
function attempt(action) {
  try {
    action();
  } catch {
    // The process is about to end: the error cannot be reported.
  }
}

module.exports = { beforeEnding };
