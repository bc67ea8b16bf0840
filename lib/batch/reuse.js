'use strict';

/**
 * The tables of destinations and of send settings are bounded. Before a slot is
 * reused, the pending descriptors that name it are sent.
 */

/** Sends the pending datagrams of all send batches. */
let flushSendBatches;

let reuses = 0;

/** @param {function()} flush called before slots are reused */
function beforeReuse(flush) {
  flushSendBatches = flush;
}

/** Called by a table that is about to reuse slots. */
function prepareReuse() {
  flushSendBatches();
  reuses++;
}

/** @returns {number} changes when slots found earlier may be invalid */
function countReuses() {
  return reuses;
}

module.exports = { beforeReuse, countReuses, prepareReuse };
