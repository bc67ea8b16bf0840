'use strict';

// A relay: one socket receives, another one sends to TARGET. The 'batch' event
// delivers the datagrams that arrived together as columns, and sendMany() of a
// connected socket sends them on as they are. The program handles no single
// datagram. Answers of the target are not returned.
//
//   node examples/relay.js TARGET-PORT [TARGET-ADDRESS [PORT]]
//
// In two other terminals:
//
//   node examples/statsd-sink.js 8125
//   node examples/client.js 41234 requests:1\|c requests:2\|c

const dgram = require('dgram-native');

const [targetPort, targetAddress = '127.0.0.1', port = '41234'] =
  process.argv.slice(2);
if (targetPort === undefined) throw new Error('TARGET-PORT is missing');

const totals = { relayed: 0, failed: 0 };

// The receive buffer holds bursts. Linux grants at most net.core.rmem_max.
const input = dgram.createSocket({ type: 'udp4', recvBufferSize: 4 << 20 });
const output = dgram.createSocket('udp4');

input.on('batch', (batch) => {
  output.sendMany(batch, (error, sent) => {
    totals.relayed += sent;
    totals.failed += batch.count - sent;
  });
});

// For example ECONNREFUSED: no socket is bound to the target's port.
output.on('error', ({ message }) => console.error(message));

output.connect(Number(targetPort), targetAddress, () => {
  input.bind(Number(port), '127.0.0.1', () => {
    console.log(`relay on 127.0.0.1:${input.address().port}, ` +
      `transport ${dgram.transport}`);
  });
});

function end() {
  input.close();
  output.close();
  console.log(`${totals.relayed} relayed, ${totals.failed} failed`);
}

process.once('SIGINT', end);
process.once('SIGTERM', end);
