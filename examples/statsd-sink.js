'use strict';

// A sink for StatsD metrics that reads them in batches: one call for all
// datagrams that came in together, without an object for each.
//
//   node examples/statsd-sink.js [PORT [SECONDS]]
//
// prints what has come in every SECONDS, and at the end. To try it:
//
//   echo 'api.requests:1|c' | socat - UDP:127.0.0.1:8125

const dgram = require('dgram-native');

const port = Number(process.argv[2] ?? 8125);
const seconds = Number(process.argv[3] ?? 10);

const counters = new Map();
const gauges = new Map();
const timings = new Map();
let datagrams = 0;
let malformed = 0;

const METRIC = /^([^:|@]+):(-?\d+(?:\.\d+)?)\|(c|g|ms)(?:\|@(0\.\d+|1))?$/;

/** `name:value|type[|@rate]`, as a client may have sampled its counters. */
function record(line) {
  const match = METRIC.exec(line);
  if (match === null) {
    malformed++;
    return;
  }
  const [, name, text, type, rate = 1] = match;
  const value = Number(text);
  if (type === 'c') {
    counters.set(name, (counters.get(name) ?? 0) + value / rate);
  } else if (type === 'g') {
    gauges.set(name, value);
  } else {
    const { count, sum } = timings.get(name) ?? { count: 0, sum: 0 };
    timings.set(name, { count: count + 1, sum: sum + value });
  }
}

function report() {
  console.log(`${datagrams} datagrams, ${malformed} malformed lines`);
  for (const [name, value] of counters) console.log(`counter ${name} ${value}`);
  for (const [name, value] of gauges) console.log(`gauge ${name} ${value}`);
  for (const [name, { count, sum }] of timings)
    console.log(`timing ${name} ${count} times, mean ${sum / count} ms`);
}

// A burst waits in the kernel's buffer; Linux gives at most net.core.rmem_max.
const socket = dgram.createSocket({ type: 'udp4', recvBufferSize: 4 << 20 });

socket.on('batch', ({ count, data, offsets, sizes }) => {
  datagrams += count;
  for (let i = 0; i < count; i++) {
    const text = data.latin1Slice(offsets[i], offsets[i] + sizes[i]);
    for (const line of text.split('\n'))
      if (line !== '') record(line);
  }
});

socket.bind(port, '127.0.0.1', () => {
  console.log(`StatsD on 127.0.0.1:${socket.address().port}, ` +
    `transport ${dgram.transport}`);
});

const timer = setInterval(report, seconds * 1000);

function end() {
  clearInterval(timer);
  socket.close();
  report();
}

process.once('SIGINT', end);
process.once('SIGTERM', end);
