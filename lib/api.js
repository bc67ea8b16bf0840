'use strict';

/**
 * The exports of the package: those of node:dgram; `stats()`; `features`, the
 * additions that this process has; and `transport`, which names the
 * implementation of this process. 'linux' and 'uv' are transports of the
 * addon; with 'node' there is no addon, and fallback/ builds on node:dgram.
 *
 * A folder requires only folders that come after it in this order: promises.js
 * and register.js; index.js; evaluate.js, api.js; fallback, socket; handle;
 * batch; node; load, errors.
 */

const binding = require('./load/binding');
const entry = require('./load/entry');
const { listFeatures } = require('./load/features');

/** Users see the name; their bundler may have changed it. */
function setName(fn, name) {
  Object.defineProperty(fn, 'name',
                        { __proto__: null, value: name, configurable: true });
}

function nativeExports() {
  const { Socket, createSocket, stats } = require('./socket/socket');
  require('./node/deprecations').install(Socket);
  require('./node/ipc').install(require('./handle/handle').UDP);
  return { createSocket, Socket, transport: binding.transport, stats };
}

function fallbackExports() {
  const { Socket, createSocket, stats } = entry.loadFallback();
  return { createSocket, Socket, transport: 'node', stats };
}

const api = binding === null ? fallbackExports() : nativeExports();
setName(api.Socket, 'Socket');
setName(api.createSocket, 'createSocket');
setName(api.stats, 'stats');
api.features = listFeatures(binding);

module.exports = api;
