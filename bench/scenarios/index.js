'use strict';

/**
 * The scenarios, as data. run-once.js runs them.
 *
 *   groups           that select it (--group)
 *   table            in which it is shown (table.js)
 *   role, config     of the measured process (roles/), on CPU 0
 *   baseline         the same in C: tool (baseline/) and arguments
 *   peer             the other side, always in C, on CPU 1: tool and arguments.
 *                    `first`: it is started first and reports its ports.
 *                    `linked`: it then reads the ports of the measured process.
 *                    `rateShare`: its --rate is this share of the highest rate
 *                    of node:dgram
 *   engine           flags of the runtime (implementations.js)
 *   sharedCpu        both sides share CPU 0
 *   peerLength       the peer measures too, for this part of the time
 *   implementations  the names of those that can take part
 *   metrics          the first is the main figure
 *   showsBaseline    other figures that are shown as a share of the C baseline
 *   quick            part of --quick
 *   inChart          part of the chart
 *   length           measured time, as a multiple of the usual time
 *   warmLength       the same for the warm-up
 *   count            operations that are measured instead of a time; a tenth of
 *                    them for --quick
 *   fixedSeconds     duration of a run that does not depend on the usual time
 *   repeat           runs per round, of which the medians are taken.
 *                    Fewer for --quick
 */

const { clients } = require('./clients');
const { floods } = require('./floods');
const { servers } = require('./servers');
const { start } = require('./start');

const GROUPS = {
  servers: 'echo, latency at a fixed rate, relay',
  clients: 'short-lived and idle sockets, sendMany()',
  start: 'require(), first datagrams',
  floods: 'send and receive at full speed, timers, garbage',
};

const scenarios = [...servers, ...clients, ...start, ...floods];

module.exports = { GROUPS, scenarios };
