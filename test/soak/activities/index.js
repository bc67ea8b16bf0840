'use strict';

/** The activities of a soak, with a number for each flow. */

const packed = require('../../support/package');
const { Churn } = require('./churn');
const { Echo } = require('./echo');
const { FloodIn, FloodOut } = require('./floods');
const { ManyPeers } = require('./many-peers');
const { Moving } = require('./moving');
const { MovingProcess } = require('./moving-process');
const { Names } = require('./names');
const { Refused } = require('./refused');
const { SendMany } = require('./send-many');
const { UnixSockets } = require('./unix');
const { Workers } = require('./workers');

const { features } = require(packed.main);

/**
 * An activity has a name and open(remote), round(), flows() and close(); each
 * flow is { outgoing, incoming, drops }. Some also have faults(), or measure(),
 * which adds figures to the sample of a lap.
 */
function createActivities() {
  return [
    new Echo(1, {}),
    new Echo(2, { connect: true }),
    new Echo(3, { type: 'udp6', sharedBuffers: true }),
    new Echo(4, { type: 'udp6', connect: true }),
    new SendMany(5, {}),
    new SendMany(6, { connect: true }),
    new FloodIn(7, {}),
    new FloodIn(8, { type: 'udp6', batch: true }),
    new FloodOut(9, {}),
    new FloodOut(10, { type: 'udp6', connect: true }),
    new Names(11, {}),
    new Refused(12),
    new Names(13, { lookupCache: { ttl: 50 } }),
    ...features.detach ? [new Moving(14), new MovingProcess(18)] : [],
    ...features.unixDgram ? [
      new UnixSockets(15, {}),
      new UnixSockets(16, { connect: true }),
      new UnixSockets(17, { connect: true, abstract: true }),
    ] : [],
    new Churn(),
    new Workers(),
    new ManyPeers(100),
  ];
}

module.exports = { createActivities };
