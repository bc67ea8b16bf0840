'use strict';

/** Start-up, and the first datagrams that a process receives. */

const { BASELINE, CONTROL } = require('../implementations');

const NODE = ['dgram-native', CONTROL];

function first(config, args, rest) {
  return {
    groups: ['start'],
    table: 'start',
    role: 'first-datagrams',
    config,
    peer: { tool: 'first-datagrams', args },
    ...rest,
  };
}

const start = [
  {
    name: 'require, create, bind, receive one datagram',
    groups: ['start'],
    table: 'start',
    role: 'start',
    engine: 'start',
    implementations: ['dgram-native', 'dgram-native register', CONTROL],
    metrics: ['startCpu', 'startTime', 'processCpu'],
    fixedSeconds: 0.1,
    repeat: 10,
    quick: true,
  },
  {
    name: 'require()',
    groups: ['start', 'floods'],
    table: 'start',
    role: 'load',
    implementations: NODE,
    metrics: ['load'],
    fixedSeconds: 0.1,
    repeat: 5,
    quick: true,
  },
  first({ await: 2 }, { count: 2, interval: 50000 }, {
    name: 'the first datagram of a process',
    implementations: NODE,
    metrics: ['firstLatency', 'secondLatency'],
    fixedSeconds: 0.3,
    repeat: 5,
    quick: true,
  }),
  // At the pace of a sender that uses node:dgram.
  first({ burst: 200 }, { count: 2000, interval: 7 }, {
    name: 'a first burst of 2,000 datagrams, default receive buffer',
    baseline: { tool: 'recv', args: {} },
    implementations: [...NODE, BASELINE],
    metrics: ['arrived', 'firstLatency'],
    fixedSeconds: 0.6,
    repeat: 5,
  }),
];

module.exports = { start };
