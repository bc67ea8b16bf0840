'use strict';

// An echo server. What it receives goes back to the sender.
//
//   node examples/echo.js [PORT]
//
// To try it: socat - UDP:127.0.0.1:41234

const dgram = require('dgram-native');

const port = Number(process.argv[2] ?? 41234);
const server = dgram.createSocket('udp4');

server.on('message', (msg, rinfo) => {
  // The bytes are copied within send(), and what is sent in answer to one
  // batch leaves in one batch.
  server.send(msg, rinfo.port, rinfo.address);
});

server.bind(port, '127.0.0.1', () => {
  const { address, port: bound } = server.address();
  console.log(`echo on ${address}:${bound}, transport ${dgram.transport}`);
});

process.once('SIGINT', () => server.close());
process.once('SIGTERM', () => server.close());
