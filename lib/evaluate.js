'use strict';

/**
 * The part of the package that is evaluated once per thread and copy, in Node's
 * main realm; index.js calls it. In dist/ scripts/bundle.js makes it one
 * function whose text includes all the files that it requires.
 */

const entry = require('./load/entry');
const thread = require('./node/thread');

/**
 * @param {object} given from index.js; not retained, as it may belong to a
 *   sandbox
 * @param {string} given.directory the folder of the entry
 * @param {string} given.version of the package
 * @param {function(): *} given.requireNodeGypBuild see load/entry.js
 * @param {function(): *} given.loadTracedAddon see load/entry.js
 * @param {function(): Function} given.requireFallback loads fallback/index.js
 * @param {*} given.builtins see scripts/bundle.js
 * @param {string} [given.codeCache] its state, see code-cache.js
 * @param {boolean} given.isShared false: for this caller only
 * @returns {{createSocket: Function, Socket: Function, features: object,
 *   stats: Function, transport: string}}
 */
function evaluate({ directory, version, isShared, codeCache, ...given }) {
  const known = thread.find(directory, version);
  if (known !== undefined && isShared) return known.api;
  entry.directory = directory;
  entry.requireNodeGypBuild = given.requireNodeGypBuild;
  entry.loadTracedAddon = given.loadTracedAddon;
  entry.loadFallback = () =>
    given.requireFallback()({ builtins: given.builtins });
  try {
    const api = require('./api');
    if (isShared) {
      const binding = require('./load/binding');
      thread.add(directory, { version, api, binding, codeCache });
    }
    return api;
  } finally {
    entry.requireNodeGypBuild = undefined;
    entry.loadTracedAddon = undefined;
    entry.loadFallback = undefined;
  }
}

module.exports = evaluate;
