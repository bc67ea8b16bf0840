'use strict';

const { setTimeout: delay } = require('node:timers/promises');

/** Time limit of every operation, in milliseconds. */
const LIMIT = 40000;

/** Polling interval of until(), in milliseconds. */
const INTERVAL = 20;

const text = (what) => typeof what === 'function' ? what() : what;

/**
 * @template T
 * @param {string | (() => string)} what  description for the error message
 * @param {Promise<T>} promise
 * @returns {Promise<T>} `promise`, or a rejection when time is up
 */
async function limited(what, promise) {
  const stop = new AbortController();
  const late = delay(LIMIT, undefined, stop).then(() => {
    throw new Error(`timed out waiting for ${text(what)}`);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    stop.abort();
    late.catch(() => {});
  }
}

/**
 * @template T
 * @param {string | (() => string)} what  description for the error message
 * @param {() => T | Promise<T>} look
 * @returns {Promise<T>} the first truthy value of look()
 */
async function until(what, look) {
  const started = performance.now();
  for (;;) {
    const value = await look();
    if (value) return value;
    if (performance.now() - started > LIMIT)
      throw new Error(`timed out waiting for ${text(what)}`);
    await delay(INTERVAL);
  }
}

module.exports = { limited, until };
