'use strict';

/**
 * The UDP ports of a process, as the kernel has them: which port a server got
 * and that it has it, whether the server says so or not. See proc_net_udp(5)
 * and proc(5).
 */

const fs = require('node:fs');

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

/** Columns: number, local address, ..., inode as the tenth. */
function rowsOf(table) {
  return fs.readFileSync(table, 'utf8').trim().split('\n').slice(1)
    .map((line) => line.trim().split(/\s+/))
    .map((fields) => ({
      port: parseInt(fields[1].split(':')[1], 16),
      inode: fields[9],
    }));
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
  return ['/proc/net/udp', '/proc/net/udp6']
    .filter((table) => fs.existsSync(table))
    .flatMap(rowsOf)
    .filter(({ inode }) => inodes.has(inode))
    .map(({ port }) => port);
}

module.exports = { udpPortsOf };
