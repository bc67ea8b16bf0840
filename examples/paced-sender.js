'use strict';

// Sends datagrams at a steady rate. The kernel holds each one back until its
// time, so that their distances are exact while the program sleeps, and
// bursts do not fill the queues of routers.
//
//   node examples/paced-sender.js PORT [HOST [COUNT [MICROSECONDS]]]
//
// It sends COUNT datagrams (1,000) to HOST (127.0.0.1), one per MICROSECONDS
// (1,000), 50 ms ahead at most. The interface needs the queueing discipline fq,
// which loopback does not have; other interfaces get it with
//
//   tc qdisc add dev eth0 root fq
//
// Without it the datagrams leave in small bursts, as the program sends them.

const dgram = require('dgram-native');

const [port, host = '127.0.0.1', count = '1000', distance = '1000'] =
  process.argv.slice(2);

const NANOSECONDS = 1000n * BigInt(distance);

/** How far ahead of its time a datagram is passed to the kernel. */
const AHEAD = 50_000_000n;

function run() {
  const socket = dgram.createSocket({ type: 'udp4', txtime: 'monotonic' });
  const start = process.hrtime.bigint(); // the clock of `txtime`
  const timeOf = (n) => start + BigInt(n) * NANOSECONDS;
  let next = 0;

  const sendDue = () => {
    const packets = [];
    const until = process.hrtime.bigint() + AHEAD;
    while (next < Number(count) && timeOf(next) < until) {
      packets.push(`datagram ${next}`, { sendTime: timeOf(next) });
      next++;
    }
    socket.sendMany(packets, (error) => {
      if (error) console.error(error.message);
    });
    if (next < Number(count)) {
      setTimeout(sendDue, 25);
    } else {
      console.log(`${next} datagrams, the last one is due ` +
        `${Number(timeOf(next - 1) - start) / 1e9} s after the first`);
      socket.close();
    }
  };
  socket.connect(Number(port), host, sendDue);
}

if (port === undefined) {
  console.error('usage: node examples/paced-sender.js PORT [HOST [COUNT ' +
    '[MICROSECONDS]]]');
  process.exitCode = 1;
} else if (dgram.features.txtime) {
  run();
} else {
  console.error(`transport ${dgram.transport} cannot send at a time; the ` +
    'transport linux can');
  process.exitCode = 1;
}
