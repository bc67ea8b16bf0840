'use strict';

/**
 * A preload: runs V8's garbage collector at every call between JavaScript and
 * the C core, in both directions, in addition to the V8 flags of gc.test.js. A
 * value that C uses without a reference is then collected before its next use.
 *
 * At the end of the process the number of collections is written to the file
 * that DGRAM_COLLECTIONS names.
 */

const fs = require('node:fs');
const { threadId } = require('node:worker_threads');

/** Only one collection in 64 is a full one, which is slow. */
const FULL_EVERY = 64;

let crossings = 0;

function collect() {
  globalThis.gc({ type: ++crossings % FULL_EVERY === 0 ? 'major' : 'minor' });
}

function around(method) {
  return function(...args) {
    collect();
    const result = Reflect.apply(method, this, args);
    collect();
    return result;
  };
}

function wrapped(object) {
  return Object.fromEntries(Object.entries(object).map(([name, value]) =>
    [name, typeof value === 'function' ? around(value) : value]));
}

/** The methods that C defines on the handle of a socket. */
function defineWith(binding, prototype) {
  const before = new Set(Object.getOwnPropertyNames(prototype));
  binding.define(prototype);
  for (const name of Object.getOwnPropertyNames(prototype)) {
    const descriptor = Object.getOwnPropertyDescriptor(prototype, name);
    if (before.has(name) || typeof descriptor.value !== 'function') continue;
    Object.defineProperty(prototype, name,
      { ...descriptor, value: around(descriptor.value) });
  }
}

// The addon's exports are read-only.
const { dlopen } = process;
process.dlopen = function(module, ...rest) {
  const result = Reflect.apply(dlopen, this, [module, ...rest]);
  const binding = module.exports;
  if (typeof binding.hook !== 'function') return result;
  module.exports = {
    ...wrapped(binding),
    get transport() { return binding.transport; }, // set by configure()
    define: (prototype) => defineWith(binding, prototype),
    hook: (hooks) => binding.hook(wrapped(hooks)), // called by C
  };
  return result;
};

const { DGRAM_COLLECTIONS: log } = process.env;
if (log) {
  process.on('exit', () => {
    fs.appendFileSync(log, `${JSON.stringify({ threadId, crossings })}\n`);
  });
}
