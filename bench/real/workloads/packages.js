'use strict';

/**
 * Programs with npm packages. Both sides of the protocol are in one process,
 * which has a CPU to itself. Each program checks the replies.
 */

const { dependencies: versions } = require('../packages/package.json');

/** The operation of each package that is counted. */
const OPERATIONS = {
  'sacn': 'packet of 512 channels',
  'osc': 'message',
  'node-bacnet': 'property read',
  'werift': '1 KiB message, there and back, data channel',
  'radius': 'authentication',
  'ntp-client': 'request',
  'stun': 'binding request',
  'tftp': 'block of a file',
  'coap': 'resource read',
  'net-snmp': 'object read',
};

const packages = Object.entries(OPERATIONS).map(([name, operation]) => ({
  name: `${name} ${versions[name]}, ${operation}`,
  table: 'packages',
  package: name,
  implementations: ['dgram-native', 'node:dgram'],
  metrics: ['cpuPerOperation', 'workRate'],

  async start(stage) {
    await stage.startProgram(`packages/${name}.js`);
  },
}));

module.exports = { packages };
