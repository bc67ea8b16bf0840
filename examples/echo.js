'use strict';

// An echo server: sends each datagram back to its sender. The code is the same
// as with node:dgram.
//
//   node examples/echo.js [PORT]
//
// In another terminal:
//
//   node examples/client.js 41234 one two

const dgram = require('dgram-native');

const port = Number(process.argv[2] ?? 41234);
const server = dgram.createSocket('udp4');

server.on('message', (message, rinfo) => {
  // send() copies the bytes, so the buffer may be reused at once.
  server.send(message, rinfo.port, rinfo.address);
});

server.bind(port, '127.0.0.1', () => {
  const { address, port: bound } = server.address();
  console.log(`echo on ${address}:${bound}, transport ${dgram.transport}`);
});

process.once('SIGINT', () => server.close());
process.once('SIGTERM', () => server.close());
