'use strict';

/** What the figures were measured on. Nothing that names the machine. */

const fs = require('node:fs');
const os = require('node:os');
const packed = require('../test/support/package');
const { cpus } = require('./processes');

// A machine that has been idle for a minute is below.
const QUIET = 0.5;

function describeMachine(runtimes) {
  const versions = Object.fromEntries(
    Object.entries(runtimes).filter(([, { version }]) => version)
      .map(([name, { version }]) => [name, version]));
  const { version, transport } = describeOurs();
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

function describeOurs() {
  const { version } = require('../package.json');
  const { transport } = require(packed.main);
  return { version, transport };
}

/** @returns {string|undefined} why the figures will not be what they could */
function findTrouble(machine) {
  if (machine.load > QUIET) {
    return `the machine is at work (load ${machine.load.toFixed(1)}): ` +
           'the figures will vary';
  }
  if (!machine.pinned) return 'no two CPUs, or no taskset: nothing is pinned';
  return undefined;
}

/** 10,000 sockets need as many descriptors; Node takes all it may have. */
function descriptorLimit() {
  const limits = fs.readFileSync('/proc/self/limits', 'utf8');
  return Number(/^Max open files +\d+ +(\d+)/m.exec(limits)?.[1] ?? Infinity);
}

module.exports = { describeMachine, descriptorLimit, findTrouble };
