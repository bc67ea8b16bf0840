'use strict';

/**
 * Node's own ticks, also while a test's fake clock or zone.js has put something
 * else in place of process.nextTick(). What has to happen is scheduled here; a
 * program's callbacks go through whatever is there, as with node:dgram.
 */

const { process } = globalThis;

/** How Node's own nextTick() reads, and no other can: Node 18 to 26. */
const NODES =
  /^function nextTick\(callback\) \{[^]*setHasTickScheduled\(true\)/;

/** zone.js has a replacement read as the original, which it puts on it. */
const NODES_KEYS = 'length,name,prototype';

function isNodesOwn(nextTick) {
  return typeof nextTick === 'function' &&
    NODES.test(Function.prototype.toString.call(nextTick)) &&
    `${Reflect.ownKeys(nextTick).map(String)}` === NODES_KEYS;
}

/** Node's own, once it was seen: it may be replaced while we are loaded. */
let own;

/** The last one seen that was not. */
let other;

function look() {
  const { nextTick } = process;
  if (nextTick === other) return;
  if (isNodesOwn(nextTick)) own = nextTick;
  else other = nextTick;
}

look();

/**
 * Calls `callback` in the next tick, if there is a way to Node's own ticks.
 * @param {function(*)} callback
 * @param {*} [value] its argument
 */
function schedule(callback, value) {
  if (own === undefined) look();
  if (own !== undefined) own(callback, value);
  else process.nextTick(callback, value);
}

/** @returns {boolean} whether process.nextTick() is somebody else's now */
function isReplaced() {
  return process.nextTick !== own;
}

const { _tickCallback } = process;

/** How Node's own reads, which --pending-deprecation wraps. */
const NODES_DRAIN = /^function runNextTicks\(\)/;

/** The first call has warned, or would have. */
let hasWarned = false;

/**
 * With --pending-deprecation the first call warns (DEP0134), and throws with
 * --throw-deprecation. That call is ours; the program knows nothing of it.
 */
function drainInSilence() {
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
  // What is frozen cannot be kept quiet.
  if (isFirst && !Object.isFrozen(process)) drainInSilence();
  else _tickCallback();
}

function chooseDrain() {
  if (typeof _tickCallback !== 'function') return undefined;
  if (NODES_DRAIN.test(Function.prototype.toString.call(_tickCallback))) {
    return _tickCallback;
  }
  return Object.isFrozen(process) ? undefined : drainDeprecated;
}

/**
 * Runs the ticks and microtasks that Node would run after a callback. Node has
 * offered it as process._tickCallback() since 0.10; undefined: it cannot be
 * used.
 */
const drain = chooseDrain();

module.exports = { drain, isReplaced, schedule };
