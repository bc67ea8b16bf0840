'use strict';

/** Facts about this process and its sockets, from the kernel. Linux. */

const fs = require('node:fs');

const TABLES = { udp4: '/proc/net/udp', udp6: '/proc/net/udp6' };

/**
 * The UDP sockets of this network namespace, see proc_net_udp(5); none if the
 * kernel has no IPv6.
 * @param {'udp4'|'udp6'} type
 * @returns {{ port: number, inode: string, drops: number }[]}
 */
function udpSockets(type) {
  if (!fs.existsSync(TABLES[type])) return [];
  return fs.readFileSync(TABLES[type], 'latin1').trim().split('\n').slice(1)
    .map((line) => line.trim().split(/\s+/))
    .map(({ 1: local, 9: inode, 12: drops }) => ({
      port: parseInt(local.split(':')[1], 16), inode, drops: Number(drops),
    }));
}

/**
 * Datagrams that the kernel dropped because the receive buffer of a local port
 * was full. A dropped GRO buffer counts as one.
 * @param {number} port
 * @param {'udp4'|'udp6'} [type] each type has separate ports
 * @returns {number}
 */
function dropsOf(port, type = 'udp4') {
  return udpSockets(type).filter((socket) => socket.port === port)
    .reduce((sum, { drops }) => sum + drops, 0);
}

/** Open descriptors, without the one of the directory. */
function descriptors() {
  return fs.readdirSync('/proc/self/fd').length - 1;
}

/** A field of /proc/self/status in bytes, VmHWM for instance. */
function memoryField(name) {
  const status = fs.readFileSync('/proc/self/status', 'latin1');
  return Number(new RegExp(`^${name}:\\s+(\\d+) kB$`, 'm').exec(status)[1]) *
    1024;
}

module.exports = { descriptors, dropsOf, memoryField, udpSockets };
