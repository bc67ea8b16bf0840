'use strict';

// Measures how long datagrams take from one host to another, with the time at
// which the kernel received each. A busy receiver therefore does not count as a
// slow network.
//
//   node examples/one-way-delay.js receive [PORT [HOST]]
//   node examples/one-way-delay.js send PORT [HOST [COUNT]]
//
// The clocks of both hosts must agree, by PTP or NTP: an offset between them is
// part of the result. Differences between two delays (jitter) do not have it.

const dgram = require('dgram-native');

const [mode = 'receive', port = '41234', host = '127.0.0.1', count = '10'] =
  process.argv.slice(2);
const type = host.includes(':') ? 'udp6' : 'udp4';

/** A datagram has its number and the time of sending. */
const SIZE = 16;

const MICROSECOND = 1000;

/**
 * Nanoseconds since 1970. The origin is exact to a millisecond: an offset that
 * all datagrams of a process have in common. Date.now() would round each.
 */
const now = () => BigInt(Math.round(
  (performance.timeOrigin + performance.now()) * 1000)) * 1000n;

function receive() {
  const socket = dgram.createSocket({ type, receiveInfo: ['timestamp'] });
  let last;
  socket.on('message', (msg, { address, timestamp }) => {
    if (msg.length !== SIZE) return;
    const number = msg.readBigUInt64BE(0);
    const delay = Number(timestamp - msg.readBigUInt64BE(8)) / MICROSECOND;
    const jitter = Math.abs(delay - (last ?? delay));
    const waited = Number(now() - timestamp) / MICROSECOND;
    last = delay;
    console.log(`${number} from ${address}: ${delay.toFixed(1)} us, ` +
      `jitter ${jitter.toFixed(1)} us, then ${waited.toFixed(1)} us until it ` +
      'was read');
  });
  socket.bind(Number(port), host, () => {
    console.log(`listening on ${host}:${socket.address().port}, transport ` +
      `${dgram.transport}`);
  });
  for (const signal of ['SIGINT', 'SIGTERM'])
    process.once(signal, () => socket.close());
}

function send() {
  const socket = dgram.createSocket(type);
  let number = 0n;
  const timer = setInterval(() => {
    const msg = Buffer.alloc(SIZE);
    msg.writeBigUInt64BE(++number, 0);
    msg.writeBigUInt64BE(now(), 8);
    socket.send(msg, Number(port), host);
    if (number < BigInt(count)) return;
    clearInterval(timer);
    setImmediate(() => socket.close());
  }, 20);
}

if (!dgram.features.receiveInfo) {
  console.error(`transport ${dgram.transport} has no receive times; the ` +
    'transport linux has them');
  process.exitCode = 1;
} else if (mode === 'send') {
  send();
} else {
  receive();
}
