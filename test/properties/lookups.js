'use strict';

/** Custom lookups, and the rules of the option `lookupCache`. */

const LOOPBACK = { udp4: '127.0.0.1', udp6: '::1', udp: '127.0.0.1' };

const addressOf = (name, family) =>
  name.includes(':') || name.includes('.') ? name :
    LOOPBACK[family === 0 ? 'udp' : `udp${family}`];

/** When a lookup calls back. */
const TIMES = {
  sync: (callback) => callback(),
  tick: (callback) => process.nextTick(callback),
  later: (callback) => setImmediate(callback),
};

/** The default of the option. */
const TTL = 30000;

/** Tolerance of the clocks, in milliseconds. */
const SLACK = 1;

class Lookups {
  /**
   * @param {Stage} stage
   * @param {string} time one of TIMES
   * @param {object} [lookupCache]
   */
  constructor(stage, time, lookupCache) {
    this.stage = stage;
    this.time = TIMES[time];
    this.lookupCache = lookupCache;
    this.names = new Map();
    this.lookup = (...args) => this.start(...args);
  }

  nameOf(name) {
    if (!this.names.has(name)) {
      this.names.set(name, {
        calls: 0, pending: 0, waiting: 0, answered: -Infinity,
      });
    }
    return this.names.get(name);
  }

  start(name, family, callback) {
    const entry = this.nameOf(name);
    if (this.lookupCache !== undefined && entry.pending > 0)
      this.stage.complain(`two lookups of '${name}' at a time`);
    entry.calls++;
    entry.pending++;
    this.time(() => {
      entry.pending--;
      callback(null, addressOf(name, family));
      // Calls of the same iteration may wait; then the answer is stored.
      entry.waiting++;
      setImmediate(() => {
        entry.waiting--;
        entry.answered = performance.now();
      });
    });
  }

  /** Checks that a send does not use an answer that has expired. */
  watch(name, send) {
    const entry = this.nameOf(name);
    const { calls, pending, waiting, answered } = entry;
    const age = performance.now() - answered;
    send();
    const { ttl = TTL } = this.lookupCache ?? { ttl: 0 };
    if (pending + waiting === 0 && entry.calls === calls && age > ttl + SLACK)
      this.stage.complain(`'${name}': an answer of ${age} ms ago was used`);
  }
}

module.exports = { LOOPBACK, Lookups };
