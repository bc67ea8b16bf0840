'use strict';

/** What the kernel says of this process and its sockets. Linux. */

const fs = require('node:fs');

const TABLES = { udp4: '/proc/net/udp', udp6: '/proc/net/udp6' };
const LOCAL_ADDRESS = 1;
const DROPS = 12;

/**
 * Datagrams that the kernel threw away because the receive buffer of a local
 * port was full. Counted per datagram, unless merged runs (UDP_GRO) are
 * dropped, which count as one.
 * @param {number} port
 * @param {'udp4'|'udp6'} [type] each has ports of its own
 * @returns {number}
 */
function dropsOf(port, type = 'udp4') {
  const suffix = `:${port.toString(16).toUpperCase().padStart(4, '0')}`;
  return fs.readFileSync(TABLES[type], 'latin1').split('\n').slice(1)
    .map((line) => line.trim().split(/\s+/))
    .filter((columns) => columns[LOCAL_ADDRESS]?.endsWith(suffix))
    .reduce((sum, columns) => sum + Number(columns[DROPS]), 0);
}

/** Open descriptors, without the one that reads the directory. */
function descriptors() {
  return fs.readdirSync('/proc/self/fd').length - 1;
}

/** A field of /proc/self/status in bytes, VmHWM for instance. */
function memoryField(name) {
  const status = fs.readFileSync('/proc/self/status', 'latin1');
  return Number(new RegExp(`^${name}:\\s+(\\d+) kB$`, 'm').exec(status)[1]) *
    1024;
}

module.exports = { descriptors, dropsOf, memoryField };
