'use strict';

/** A StatsD sink that receives 40,000 datagrams per second. */

const { lostShare } = require('../stage');

const RATE = 40000;
// Datagrams sent at once after a delay: more could overflow a receive buffer.
const BURST = 100;
const LINE = 'api.requests:1|c';

module.exports = {
  name: 'StatsD sink, 40,000 datagrams/s',
  table: 'real',
  implementations: ['dgram-native', 'dgram-native batch', 'node:dgram'],
  metrics: ['cpuPerDatagram', 'workRate', 'lostShare'],

  async run(stage) {
    const [port] = await stage.startProgram('statsd-sink.js');
    const sender = await stage.startTool('send', {
      ports: port, text: LINE, rate: RATE, burst: BURST,
    });
    const measured = await stage.measure();
    const { total } = await sender.stop();
    const counted = await stage.totalWork();
    return { measured, lostShare: lostShare(total, counted) };
  },
};
