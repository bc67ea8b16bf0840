'use strict';

/**
 * A relay of 40,000 datagrams per second. With dgram-native it is also measured
 * with 'batch' and sendMany() of a list or of the batch's columns.
 */

const { lostShare } = require('../stage');

const RATE = 40000;
// After a delay, so that the sender does not overflow a receive buffer.
const BURST = 100;
const SIZE = 200;

module.exports = {
  name: 'relay, 40,000 datagrams/s',
  table: 'real',
  implementations: ['dgram-native', 'dgram-native batch',
                    'dgram-native columns', 'node:dgram'],
  metrics: ['cpuPerDatagram', 'workRate', 'lostShare'],

  async run(stage) {
    const sink = await stage.startTool('recv', {
      rcvbuf: 4 * 1024 * 1024, discard: 1,
    });
    const [port] = await stage.startProgram('relay.js', {
      target: sink.ports[0],
    });
    const sender = await stage.startTool('send', {
      ports: port, size: SIZE, rate: RATE, burst: BURST,
    });
    const measured = await stage.measure();
    const sent = await sender.stop();
    const relayed = await stage.totalWork();
    const received = await sink.stop();
    lostShare(sent.total, relayed);
    return { measured, lostShare: lostShare(sent.total, received.total) };
  },
};
