'use strict';

/**
 * What happens once a thread for each copy of the package, in Node's own
 * realm; index.js sees to that. In dist/ this is a function whose text holds
 * all the files that it requires, made by scripts/bundle.js.
 */

const host = require('./load/host');
const thread = require('./node/thread');

/**
 * @param {object} given nothing of it is kept: it may be a sandbox's
 * @param {string} given.directory of the entry
 * @param {string} given.version of the package
 * @param {function(): *} given.nodeGypBuild see host.js
 * @param {function(): *} given.loadElsewhere see host.js
 * @param {boolean} given.isShared false: for this caller only
 * @returns {{createSocket: Function, Socket: Function, transport: string}}
 */
function evaluate({ directory, version, isShared, ...given }) {
  const known = thread.find(directory, version);
  if (known !== undefined && isShared) return known.api;
  host.directory = directory;
  host.nodeGypBuild = given.nodeGypBuild;
  host.loadElsewhere = given.loadElsewhere;
  try {
    const api = require('./api');
    if (isShared) {
      const binding = require('./load/binding');
      thread.add(directory, { version, api, binding });
    }
    return api;
  } finally {
    host.nodeGypBuild = undefined;
    host.loadElsewhere = undefined;
  }
}

module.exports = evaluate;
