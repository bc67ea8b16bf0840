'use strict';

/**
 * Functions that end the process without a word to anybody: what JavaScript
 * still holds has to leave before. exit() and the end of a worker are the C
 * core's, see src/core/send_batches.c.
 */

const { record } = require('./thread');

const { process } = globalThis;

/**
 * process.kill() calls `_kill`, and looks it up each time; `execve`, of Node
 * 22.15, replaces the program.
 */
const ENDINGS = ['_kill', 'abort', 'execve'];

/** Where the C core cannot send in exit(). */
const EXIT = 'reallyExit';

/**
 * Has `action` called before the process ends by its own hand. The functions
 * are wrapped once a thread, and not at all where `process` is frozen.
 * @param {function()} action
 * @param {boolean} exitToo also before process.reallyExit()
 */
function beforeEnding(action, exitToo) {
  if (record.beforeEnding !== undefined) {
    record.beforeEnding.push(action);
    return;
  }
  record.beforeEnding = [action];
  for (const name of ENDINGS) wrap(name, record.beforeEnding);
  if (exitToo) wrap(EXIT, record.beforeEnding);
}

/** A Proxy: it has the name, the length and the text of the original. */
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

/** Nothing keeps the process from ending. */
function attempt(action) {
  try {
    action();
  } catch {
    // It has nobody left to be told to.
  }
}

module.exports = { beforeEnding };
