'use strict';

// One port, many processes. With `reusePort` each worker has a socket of its
// own on the port, and Linux gives all datagrams of one sender to the same
// worker (see SO_REUSEPORT in socket(7)).
//
//   node examples/cluster.js [PORT [WORKERS]]
//
// Without `reusePort` the workers would share the primary's one socket, which
// works everywhere, but leaves them to compete for each datagram.

const cluster = require('node:cluster');
const os = require('node:os');

const dgram = require('dgram-native');

const port = Number(process.argv[2] ?? 41234);
const workers = Number(process.argv[3] ?? os.availableParallelism?.() ?? 2);

function primary() {
  let ready = 0;
  for (let i = 0; i < workers; i++) {
    cluster.fork().on('message', () => {
      if (++ready === workers) {
        console.log(`${workers} workers on 127.0.0.1:${port}, ` +
          `transport ${dgram.transport}`);
      }
    });
  }
  const end = () => cluster.disconnect();
  process.once('SIGINT', end);
  process.once('SIGTERM', end);
}

function worker() {
  const socket = dgram.createSocket({ type: 'udp4', reusePort: true });
  socket.on('message', (msg, rinfo) => {
    socket.send(`worker ${process.pid}: ${msg}`, rinfo.port, rinfo.address);
  });
  socket.bind(port, '127.0.0.1', () => process.send('ready'));
  // The primary tells when to end; a terminal's SIGINT comes to all.
  process.on('SIGINT', () => {});
  process.on('disconnect', () => socket.close());
}

if (cluster.isPrimary) primary();
else worker();
