'use strict';

/** stats() of a socket and of the thread: additions of this package. */

const binding = require('../load/binding');
const outbox = require('../batch/outbox');
const { publishDrops } = require('../handle/drops');
const { addMethods, afterSends, healthCheck } = require('./common');
const { Socket } = require('./constructor');

/**
 * @typedef {object} Stats numbers since the socket was created
 * @property {number} received datagrams, also those that 'message' has not
 *   emitted yet
 * @property {number} receivedBytes their payload
 * @property {number} sent datagrams that the kernel accepted
 * @property {number} sentBytes their payload
 * @property {number} sendErrors datagrams that failed or were cancelled
 * @property {number} receiveCalls system calls
 * @property {number} sendCalls system calls
 * @property {number} mergedRuns GRO buffers with several datagrams
 * @property {number} segmentedRuns GSO sends
 * @property {number|undefined} kernelDrops datagrams that the kernel dropped
 *   because the receive buffer was full; undefined if it does not tell
 * @property {number} queued datagrams that now wait for a writable socket
 * @property {number} queuedBytes their payload
 */

function withKnownDrops(counters) {
  if (Number.isNaN(counters.kernelDrops)) counters.kernelDrops = undefined;
  return counters;
}

addMethods(Socket.prototype, {
  /**
   * @returns {Stats}
   * @throws {Error} ERR_SOCKET_DGRAM_NOT_RUNNING
   * @since 0.1.0
   */
  stats() {
    healthCheck(this);
    const handle = afterSends(this);
    const counters = withKnownDrops(handle.stats());
    publishDrops(handle, handle.takeDrops());
    return counters;
  },
});

/**
 * The sum of all sockets of this thread, open or closed. `queued` and
 * `queuedBytes` are those of the open ones.
 * @returns {Stats}
 * @since 0.1.0
 */
function stats() {
  outbox.flushDue();
  return withKnownDrops(binding.sumStats());
}

module.exports = { stats };
