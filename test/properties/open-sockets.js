'use strict';

const fs = require('node:fs');
const { setTimeout: sleep } = require('node:timers/promises');

/** For a handle whose timeout closes it. In milliseconds. */
const CLOSED_WITHIN = 2000;

/** Descriptors of sockets in this process. */
function openSockets() {
  return fs.readdirSync('/proc/self/fd').filter((fd) => {
    try {
      return fs.readlinkSync(`/proc/self/fd/${fd}`).startsWith('socket:');
    } catch {
      return false; // that of the directory
    }
  }).length;
}

/**
 * Waits until no more sockets are open than before.
 * @param {number} before from openSockets()
 * @returns {Promise<number>} those that were leaked
 */
async function leakedSockets(before) {
  const until = Date.now() + CLOSED_WITHIN;
  for (;;) {
    const leaked = openSockets() - before;
    if (leaked <= 0) return 0;
    if (Date.now() > until) return leaked;
    await sleep(1);
  }
}

/**
 * Whether all descriptors of a program must be closed. The package closes none
 * whose type libuv cannot find out, because of a failed getsockname().
 */
const mayCount = (log) => !log.some(({ kind, call }) =>
  kind === 'callFailed' && call === 'getsockname');

module.exports = { leakedSockets, mayCount, openSockets };
