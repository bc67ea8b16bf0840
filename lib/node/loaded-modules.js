'use strict';

/**
 * Reaches into process.moduleLoadList, on all supported versions (Node 18 to
 * 26): an array to which Node appends the name of each of its modules when it
 * is first loaded, by the program or by Node itself. Each thread has its own.
 *
 * A module that was not loaded cannot have been patched. So it need not be
 * loaded to find out: node:dns and node:cluster, and the modules that they
 * load, take 4 ms.
 */

// Read once, because programs may replace the global.
const { moduleLoadList: list } = globalThis.process;

/**
 * Not in the realm of a sandbox, whose `process` may be a copy with a list that
 * does not grow.
 */
const isLive = list instanceof Array;

/**
 * @param {string} name of a module, without 'node:'
 * @returns {function(): boolean} whether it was loaded. True if there is no
 *   list, or a copy
 */
function watch(name) {
  const entry = `NativeModule ${name}`;
  let isLoaded = !isLive;
  let position = 0;
  return () => {
    for (; !isLoaded && position < list.length; position++) {
      isLoaded = list[position] === entry;
    }
    return isLoaded;
  };
}

module.exports = { watch };
