'use strict';

/**
 * The UDP ports of a process, from the kernel. Shows which port a server has
 * bound, even if the server does not report it. See proc(5).
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
      continue; // closed meanwhile
    }
    const inode = /^socket:\[(\d+)\]$/.exec(target)?.[1];
    if (inode !== undefined) inodes.add(inode);
  }
  return inodes;
}

/**
 * @param {number} pid
 * @returns {number[]} local ports of its UDP sockets; none after its exit
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
