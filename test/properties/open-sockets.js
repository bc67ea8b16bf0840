'use strict';

const fs = require('node:fs');

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
 * Whether all descriptors of a program must be closed. The package closes none
 * whose type libuv cannot find out, because of a failed getsockname().
 */
const mayCount = (log) => !log.some(({ kind, call }) =>
  kind === 'callFailed' && call === 'getsockname');

module.exports = { mayCount, openSockets };
