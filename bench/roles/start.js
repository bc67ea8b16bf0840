'use strict';

/**
 * From loading the module (`require()` or --require) to the first message. It
 * does not use role.js, whose own start would count.
 */

const { module: name } = JSON.parse(process.argv[2]);

const dgram = require(name);

const HOST = '127.0.0.1';
const socket = dgram.createSocket('udp4');

function milliseconds({ user, system }) {
  return (user + system) / 1000;
}

socket.on('message', () => {
  const { cpu, time } = globalThis[Symbol.for('bench.start')];
  const nanos = Number(process.hrtime.bigint() - time);
  const total = process.cpuUsage();
  socket.close();
  process.stdout.write(`{"ready":true}\n${JSON.stringify({
    startMillis: nanos / 1e6,
    startCpuMillis: milliseconds(total) - milliseconds(cpu),
    processCpuMillis: milliseconds(total),
  })}\n`);
});

socket.bind(0, HOST, () => {
  socket.send('x', socket.address().port, HOST);
});
