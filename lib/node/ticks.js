'use strict';

/**
 * Reaches into `process`: Node's own `nextTick` and `_tickCallback`, on all
 * supported versions (Node 18 to 26).
 *
 * Our own work is scheduled with Node's nextTick(), also while a fake clock or
 * zone.js replaces it. Callbacks of the program go through the replacement, as
 * with node:dgram.
 */

const { process } = globalThis;

/** Matches the source text of Node's nextTick() only: Node 18 to 26. */
const NODE_TEXT =
  /^function nextTick\(callback\) \{[^]*setHasTickScheduled\(true\)/;

/**
 * The own keys of Node's nextTick(). The replacement of zone.js has the source
 * text of the original, which it stores in a property of its own.
 */
const NODE_KEYS = 'length,name,prototype';

function isNodesOwn(nextTick) {
  return typeof nextTick === 'function' &&
    NODE_TEXT.test(Function.prototype.toString.call(nextTick)) &&
    `${Reflect.ownKeys(nextTick).map(String)}` === NODE_KEYS;
}

/** Undefined until it was seen: it may be replaced while this file loads. */
let nodeNextTick;

/** The last replacement that was seen. */
let replacement;

function detectNextTick() {
  const { nextTick } = process;
  if (nextTick === replacement) return;
  if (isNodesOwn(nextTick)) nodeNextTick = nextTick;
  else replacement = nextTick;
}

detectNextTick();

/**
 * Calls `callback` in Node's next tick; through the replacement if Node's
 * nextTick() was never seen.
 * @param {function(*)} callback
 * @param {*} [value] its argument
 */
function schedule(callback, value) {
  if (nodeNextTick === undefined) detectNextTick();
  if (nodeNextTick !== undefined) nodeNextTick(callback, value);
  else process.nextTick(callback, value);
}

/** @returns {boolean} whether process.nextTick() is not Node's now */
function isReplaced() {
  return process.nextTick !== nodeNextTick;
}

const { _tickCallback } = process;

/** Matches Node's _tickCallback(), which --pending-deprecation wraps. */
const NODE_DRAIN_TEXT = /^function runNextTicks\(\)/;

/** Whether the first call, which emits the warning, was made. */
let hasWarned = false;

/**
 * With --pending-deprecation the first call emits a warning (DEP0134), and
 * throws with --throw-deprecation. The program did not make that call, so the
 * warning is suppressed.
 */
function drainWithoutWarning() {
  const { emitWarning } = process;
  const silence = function(...args) {
    process.emitWarning = emitWarning; // the program's ticks run next
    if (args[2] !== 'DEP0134') Reflect.apply(emitWarning, this, args);
  };
  process.emitWarning = silence;
  try {
    _tickCallback();
  } finally {
    if (process.emitWarning === silence) process.emitWarning = emitWarning;
  }
}

function drainDeprecated() {
  const isFirst = !hasWarned;
  hasWarned = true;
  // The warning of a frozen `process` cannot be suppressed.
  if (isFirst && !Object.isFrozen(process)) drainWithoutWarning();
  else _tickCallback();
}

function chooseDrain() {
  if (typeof _tickCallback !== 'function') return undefined;
  if (NODE_DRAIN_TEXT.test(Function.prototype.toString.call(_tickCallback))) {
    return _tickCallback;
  }
  return Object.isFrozen(process) ? undefined : drainDeprecated;
}

/**
 * Runs the ticks and microtasks that Node runs after a callback: Node's
 * process._tickCallback(), which exists since 0.10. Undefined if it is not
 * usable.
 */
const drain = chooseDrain();

module.exports = { drain, isReplaced, schedule };
