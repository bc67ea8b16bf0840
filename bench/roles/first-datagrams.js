'use strict';

/**
 * Receives the first datagrams of this process. Each begins with the time of
 * its send. It reports after `config.await` of them, or `config.burst`
 * milliseconds after the first.
 */

const { HOST, config, createSocket, report } = require('./role');

const latencies = [];
let total = 0;

function finish() {
  const [first, second] = latencies;
  report({ firstNanos: first, secondNanos: second, total });
}

const socket = createSocket();

socket.on('message', (message) => {
  if (latencies.length < 2) {
    const now = process.hrtime.bigint();
    latencies.push(Number(now - message.readBigUInt64LE()));
  }
  if (++total === config.await) finish();
  if (total === 1 && config.burst) setTimeout(finish, config.burst);
});

socket.bind(0, HOST, () => {
  report({ ready: true, ports: [socket.address().port] });
});
