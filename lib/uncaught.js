'use strict';

/**
 * Where what a callback throws is told to 'uncaughtException'. Node does so
 * within the callback's own async context: an error reporter finds out there
 * whose request it was, a domain whose error. A throw that leaves
 * runInAsyncScope() has left that context.
 */

const binding = require('./binding');

const { process } = globalThis;

/**
 * True when somebody may look. Else nothing is caught here: a debugger that
 * stops at uncaught exceptions goes by whether a `catch` is on the stack.
 */
function isWatched() {
  return process.listenerCount('uncaughtException') > 0 ||
    process.listenerCount('uncaughtExceptionMonitor') > 0 ||
    process.hasUncaughtExceptionCaptureCallback() ||
    process.domain !== null; // until the first domain is entered
}

/**
 * Calls `callback` within an async resource. What it throws is told there if
 * anybody may look, else thrown. For what comes with each datagram outbox.js
 * and inbox.js have this of their own.
 * @param {AsyncResource} resource
 * @param {Function} callback
 * @param {*} receiver
 * @param {...*} args
 * @returns {boolean} false when it threw, and that was told
 */
function run(resource, callback, receiver, ...args) {
  if (isWatched()) {
    return resource.runInAsyncScope(guard, receiver, callback, args);
  }
  resource.runInAsyncScope(callback, receiver, ...args);
  return true;
}

function guard(callback, args) {
  try {
    Reflect.apply(callback, this, args);
    return true;
  } catch (error) {
    binding.fatal(error);
    return false;
  }
}

module.exports = { isWatched, run };
