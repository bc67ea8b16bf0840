'use strict';

/**
 * The `lookup` option that the fallback passes to node:dgram. It makes the
 * calls of bind() and send() within sendMany() synchronous: sendMany() sends
 * before it returns, and only takes numeric addresses, which need no lookup.
 */
class ImmediateLookup {
  /** True while each address is returned as it is. */
  isImmediate = false;

  /** Lookups that have not called back: earlier calls of bind(), send() ... */
  pending = 0;

  /** @param {function(string, function)} resolve see handle/lookup.js */
  constructor(resolve) {
    this.resolve = resolve;
    this.lookup = (address, family, callback) =>
      this.answer(address, family, callback);
  }

  answer(address, family, callback) {
    if (this.isImmediate) {
      callback(null, address, family);
      return;
    }
    let isPending = true;
    this.pending++;
    this.resolve(address, (...result) => {
      // A program's own lookup may call back twice.
      if (isPending) this.pending--;
      isPending = false;
      callback(...result);
    });
  }

  /** Calls `action` while lookups are synchronous. */
  run(action) {
    this.isImmediate = true;
    try {
      return action();
    } finally {
      this.isImmediate = false;
    }
  }
}

module.exports = { ImmediateLookup };
