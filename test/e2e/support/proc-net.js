'use strict';

/**
 * The UDP ports of a process, as the kernel has them: which port a server got
 * and that it has it, whether the server says so or not. See proc(5).
 */

const fs = require('node:fs');

const { udpSockets } = require('../../support/kernel');

function inodesOf(pid) {
  const directory = `/proc/${pid}/fd`;
  const inodes = new Set();
  for (const name of fs.readdirSync(directory)) {
    let target;
    try {
      target = fs.readlinkSync(`${directory}/${name}`);
    } catch {
      continue; // closed in the meantime
    }
    const inode = /^socket:\[(\d+)\]$/.exec(target)?.[1];
    if (inode !== undefined) inodes.add(inode);
  }
  return inodes;
}

/**
 * @param {number} pid
 * @returns {number[]} local ports of its UDP sockets; none once it has ended
 */
function udpPortsOf(pid) {
  let inodes;
  try {
    inodes = inodesOf(pid);
  } catch {
    return [];
  }
  return ['udp4', 'udp6'].flatMap(udpSockets)
    .filter(({ inode }) => inodes.has(inode))
    .map(({ port }) => port);
}

module.exports = { udpPortsOf };
