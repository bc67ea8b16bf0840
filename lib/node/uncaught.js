'use strict';

/**
 * Where what a callback throws is told to 'uncaughtException'. Node does so
 * within the callback's own async context: an error reporter finds out there
 * whose request it was, a domain whose error. A throw that leaves
 * runInAsyncScope() has left that context.
 */

const { listenerCount } = require('node:events').prototype;
const binding = require('../load/binding');

const { process } = globalThis;

/** Whatever a test puts in place of it. */
const { hasUncaughtExceptionCaptureCallback } = process;

/**
 * True when somebody may look. Else nothing is caught here: a debugger that
 * stops at uncaught exceptions goes by whether a `catch` is on the stack.
 */
function isObserved() {
  return listenerCount.call(process, 'uncaughtException') > 0 ||
    listenerCount.call(process, 'uncaughtExceptionMonitor') > 0 ||
    hasUncaughtExceptionCaptureCallback() ||
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
 * A callback was terminated (DevTools' Runtime.terminateExecution), which is
 * no error: nobody is told. Node dies all the same if its stack of async ids
 * stays as it is; to have that wiped is part of what it does once an error was
 * handled. A capture callback, and a frozen `process`, are told of a `null`.
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
