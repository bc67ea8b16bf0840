'use strict';

// An echo server with the fastest pair of dgram-native: the 'batch' event and
// sendMany(). The listener is called once for all datagrams that arrived
// together, and one call sends all answers. A relay is the same with a second
// socket that is connected, or with other ports and addresses:
//
//   output.sendMany({ ...batch, ports: 41234, addresses: '192.0.2.1' });
//
//   node examples/batch-echo.js [PORT]
//
// In another terminal:
//
//   node examples/client.js 41234 one two

const dgram = require('dgram-native');

const port = Number(process.argv[2] ?? 41234);
const server = dgram.createSocket('udp4');

server.on('batch', (batch) => {
  server.sendMany(batch, (error, sent) => {
    if (error) console.error(`${sent} of ${batch.count} sent: ${error.message}`);
  });
});

server.bind(port, '127.0.0.1', () => {
  const { address, port: bound } = server.address();
  console.log(
    `batch echo on ${address}:${bound}, transport ${dgram.transport}`);
});

process.once('SIGINT', () => server.close());
process.once('SIGTERM', () => server.close());
