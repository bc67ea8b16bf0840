'use strict';

/**
 * Reaches into node:cluster, on all supported versions (Node 18 to 26).
 *
 * In a cluster the primary process binds the sockets and sends its workers
 * handles. A worker requests one with `cluster._getServer()`, which has no
 * public equivalent.
 */

const { watch } = require('./loaded-modules');

// Loaded late: most programs do not use it. Node loads it in a worker before
// the program starts.
let cluster;

const isClusterLoaded = watch('cluster');

/** @returns {boolean} whether the cluster's primary performs this bind() */
function sharesPorts(exclusive) {
  if (!isClusterLoaded()) return false;
  cluster ??= require('node:cluster');
  return cluster.isWorker && !exclusive;
}

/**
 * Requests a bound handle from the primary. `_getServer` is read on each call,
 * because tests replace it.
 * @param {Socket} socket
 * @param {object} request address, port, addressType, fd, flags
 * @param {function(number|null, object)} callback (UV_ code, handle)
 */
function requestHandle(socket, request, callback) {
  cluster._getServer(socket, request, callback);
}

module.exports = { requestHandle, sharesPorts };
