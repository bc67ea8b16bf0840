'use strict';

/**
 * The option `lookupCache` of createSocket(): the answers to the lookups of one
 * socket are kept for some time, and calls for one name share a lookup. Used by
 * the fallback as well, which has no addon.
 *
 * The order of calls for one name is kept: an answer is stored only after all
 * calls that have waited for it were answered, so that a later call cannot
 * overtake one of them.
 */

const { AsyncResource } = require('node:async_hooks');
const { BOTH, LOOPBACK } = require('../batch/loopback');
const { ownText } = require('../batch/own-text');
const {
  validateInt32, validateObject, validateUint32,
} = require('../errors/validators');
const { now } = require('../node/clock');
const { schedule } = require('../node/ticks');
const { caches, isIP, skipsLiterals } = require('./lookup');

const { process } = globalThis;

const TTL_DEFAULT = 30_000;
const MAX_DEFAULT = 1000;
const MAX_MAX = 1_000_000;

/** For async resources that emit 'destroy' explicitly. */
const MANUAL = { __proto__: null, requireManualDestroy: true };

/** A call that waits for a lookup that another call has started. */
class Waiter extends AsyncResource {
  constructor(callback) {
    super('DGRAMLOOKUP', MANUAL);
    this.callback = callback;
  }

  call(error, address) {
    try {
      this.runInAsyncScope(this.callback, undefined, error, address);
    } finally {
      this.emitDestroy();
    }
  }
}

/** Found under no name. */
const NONE = { name: '', address: '', expires: -Infinity };

class LookupCache {
  /** By name, the least recently used first. */
  entries = new Map();

  /** The last of `entries`. */
  newest = NONE;

  /** Waiters by name, while its lookup is in progress. */
  pending = new Map();

  /**
   * @param {function(string, function)} resolve of createLookup()
   * @param {number} family of the socket
   * @param {{ttl: number, max: number}} limits
   */
  constructor(resolve, family, { ttl, max }) {
    this.resolve = resolve;
    this.family = family;
    /** Numeric addresses need no lookup, and take no place in the cache. */
    this.skipsLiterals = skipsLiterals(resolve, family);
    this.ttl = ttl;
    this.max = max;
  }

  /** Whether `address` is numeric and of a family of the socket. */
  accepts(address) {
    const family = isIP(address);
    return family === this.family || (family !== 0 && this.family === BOTH);
  }

  /**
   * @param {string} name
   * @returns {string|undefined} its address, unless that has expired
   */
  find(name) {
    const { entries, newest } = this;
    if (newest.name === name) {
      return now() < newest.expires ? newest.address : undefined;
    }
    const entry = entries.get(name);
    if (entry === undefined || now() >= entry.expires) return undefined;
    entries.delete(name);
    entries.set(name, entry);
    this.newest = entry;
    return entry.address;
  }

  /**
   * @param {string} [address] an address or a name; falsy: loopback
   * @returns {string|undefined} the numeric address, if it is known without a
   *   lookup
   */
  findNow(address) {
    const name = address || LOOPBACK[this.family];
    const found = this.find(name);
    if (found !== undefined) return found;
    return this.skipsLiterals && this.accepts(name) ? name : undefined;
  }

  /** The `lookup` method of a handle, see createLookup(). */
  lookup(address, callback) {
    const name = address || LOOPBACK[this.family];
    if (typeof name !== 'string' ||
        (this.skipsLiterals && this.accepts(name))) {
      this.resolve(name, callback);
      return;
    }
    const found = this.find(name);
    if (found !== undefined) {
      process.nextTick(callback, null, found);
      return;
    }
    const waiter = new Waiter(callback);
    const waiters = this.pending.get(name);
    if (waiters === undefined) this.start(name, waiter);
    else waiters.push(waiter);
  }

  start(name, waiter) {
    const waiters = [waiter];
    let isStarting = true;
    let isAnswered = false; // a program's own lookup may call back twice
    const onAnswer = (error, address) => {
      if (isAnswered) return;
      isAnswered = true;
      const finish = () => this.finish(name, waiters, error, address);
      // Datagrams to addresses that are known leave in the next tick: this one
      // must not overtake them.
      if (isStarting) schedule(finish);
      else finish();
    };
    this.pending.set(name, waiters);
    try {
      this.resolve(name, onAnswer);
    } catch (error) {
      // Thrown by the call that has started the lookup; others may wait.
      if (!isAnswered) waiters.shift().emitDestroy();
      onAnswer(error);
      throw error;
    } finally {
      isStarting = false;
    }
  }

  /** Answers the calls that wait for a name, then stores the answer. */
  finish(name, waiters, error, address) {
    let next = 0;
    const run = () => {
      try {
        // Those that are added meanwhile, too.
        while (next < waiters.length) waiters[next++].call(error, address);
      } finally {
        if (next < waiters.length) {
          schedule(run); // one has thrown
        } else {
          this.pending.delete(name);
          this.store(name, error ? undefined : address);
        }
      }
    };
    run();
  }

  /** @param {*} address one that is not an address is not kept */
  store(name, address) {
    const { entries } = this;
    entries.delete(name);
    this.newest = NONE;
    if (typeof address !== 'string' || !this.accepts(address)) return;
    if (entries.size >= this.max) {
      for (const oldest of entries.keys()) {
        entries.delete(oldest);
        break;
      }
    }
    const entry = {
      name: ownText(name), address: ownText(address), expires: now() + this.ttl,
    };
    entries.set(entry.name, entry);
    this.newest = entry;
  }
}

/**
 * @param {object} given the option
 * @param {Function} above where the stack begins, see errors.js
 * @returns {{ttl: number, max: number}} milliseconds, and a number of names
 * @throws {TypeError} ERR_INVALID_ARG_TYPE
 * @throws {RangeError} ERR_OUT_OF_RANGE
 */
function readLookupCache(given, above) {
  validateObject(given, 'options.lookupCache', above);
  const { ttl = TTL_DEFAULT, max = MAX_DEFAULT } = given;
  validateUint32(ttl, 'options.lookupCache.ttl', above);
  validateInt32(max, 'options.lookupCache.max', 1, MAX_MAX, above);
  return { ttl, max };
}

/**
 * @param {function(string, function)} resolve of createLookup()
 * @param {number} family of the socket
 * @param {{ttl: number, max: number}} limits of readLookupCache()
 * @returns {function(string, function)} `resolve` with a cache
 */
function withCache(resolve, family, limits) {
  const cache = new LookupCache(resolve, family, limits);
  const lookup = (address, callback) => cache.lookup(address, callback);
  caches.set(lookup, cache);
  return lookup;
}

module.exports = { readLookupCache, withCache };
