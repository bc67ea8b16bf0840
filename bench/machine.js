'use strict';

/** The machine and versions of a measurement, without anything that identifies
 * the machine. */

const fs = require('node:fs');
const os = require('node:os');
const packed = require('../test/support/package');
const { cpus } = require('./processes');

// The load average of a machine that has been idle for a minute is lower.
const QUIET = 0.5;

function describeMachine(runtimes) {
  const versions = Object.fromEntries(
    Object.entries(runtimes).filter(([, { version }]) => version)
      .map(([name, { version }]) => [name, version]));
  const { version } = require('../package.json');
  const { transport } = require(packed.main);
  return {
    cpu: os.cpus()[0].model.trim(),
    cores: os.cpus().length,
    pinned: cpus.length > 0,
    memoryGiB: Math.round(os.totalmem() / 2 ** 30),
    kernel: os.release().split('-')[0],
    load: os.loadavg()[0],
    versions: { 'dgram-native': version, ...versions },
    transport,
  };
}

/** @returns {string|undefined} the reason why the figures are unreliable */
function findTrouble(machine) {
  if (machine.load > QUIET) {
    return `the machine is busy (load ${machine.load.toFixed(1)}), ` +
           'the figures will vary';
  }
  if (!machine.pinned) {
    return 'processes are not pinned to a CPU: that requires two CPUs and ' +
           'taskset';
  }
  return undefined;
}

/** The hard limit of open files. Node raises its soft limit to it. */
function descriptorLimit() {
  const limits = fs.readFileSync('/proc/self/limits', 'utf8');
  return Number(/^Max open files +\d+ +(\d+)/m.exec(limits)?.[1] ?? Infinity);
}

module.exports = { describeMachine, descriptorLimit, findTrouble };
