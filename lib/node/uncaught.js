'use strict';

/**
 * Reaches into `process`: its capture callback, `domain` and `emit`, on all
 * supported versions (Node 18 to 26).
 *
 * Node emits 'uncaughtException' in the async context of the callback that
 * threw. Error reporters find the request there, and domains the error. A throw
 * that propagates out of runInAsyncScope() has left that context, so it is
 * reported before.
 */

const { listenerCount } = require('node:events').prototype;
const binding = require('../load/binding');

const { process } = globalThis;

// Read once, because tests replace it.
const { hasUncaughtExceptionCaptureCallback } = process;

/**
 * Whether a listener, a capture callback or a domain may observe an error.
 * Otherwise nothing is caught here: a debugger treats an exception as caught if
 * there is a `catch` on the stack.
 * @returns {boolean}
 */
function isObserved() {
  return listenerCount.call(process, 'uncaughtException') > 0 ||
    listenerCount.call(process, 'uncaughtExceptionMonitor') > 0 ||
    hasUncaughtExceptionCaptureCallback() ||
    process.domain !== null; // null until the first domain is entered
}

/**
 * Calls `callback` in the scope of an async resource. If it throws, the error
 * is reported in that scope if it may be observed, and thrown otherwise. Per
 * datagram, completions.js and inbox.js of lib/batch have their own variant.
 * @param {AsyncResource} resource
 * @param {Function} callback
 * @param {*} receiver
 * @param {...*} args
 * @returns {boolean} false if it threw and the error was reported
 */
function run(resource, callback, receiver, ...args) {
  if (isObserved()) {
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

/**
 * Clears Node's stack of async ids after a callback was terminated (DevTools'
 * Runtime.terminateExecution). Node aborts if the stack stays as it is, and
 * clears it only after it has handled an error. A termination is no error, so
 * listeners do not see it: `emit` is replaced meanwhile. A capture callback
 * receives `null`, and so do listeners if `process` is frozen.
 */
function wipeTerminated() {
  const own = Object.getOwnPropertyDescriptor(process, 'emit');
  Object.defineProperty(process, 'emit', {
    __proto__: null, value: () => true, configurable: true, writable: true,
  });
  try {
    binding.fatal(null);
  } finally {
    if (own === undefined) delete process.emit;
    else Object.defineProperty(process, 'emit', own);
  }
}

module.exports = { isObserved, run, wipeTerminated };
