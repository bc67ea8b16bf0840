'use strict';

/**
 * A cluster worker's side of sharing a port: the primary binds, and sends the
 * worker a handle.
 */

// Loaded late, as Node does: most programs have no cluster.
let cluster;

/** True when a bind() of this process is the primary's business. */
function sharesPorts(exclusive) {
  cluster ??= require('node:cluster');
  return cluster.isWorker && !exclusive;
}

/**
 * Asks the primary for a bound handle. `_getServer` is looked up on each call,
 * since tests replace it.
 * @param {Socket} socket
 * @param {object} request address, port, addressType, fd, flags
 * @param {function(number|null, object)} callback (UV_ code, handle)
 */
function requestHandle(socket, request, callback) {
  cluster._getServer(socket, request, callback);
}

module.exports = { requestHandle, sharesPorts };
