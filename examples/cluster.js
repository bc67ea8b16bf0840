'use strict';

// One port, several processes. With `reusePort` each worker has its own socket
// on the port, and Linux delivers all datagrams of one sender to the same
// worker (SO_REUSEPORT in socket(7)). Requires Linux. Without `reusePort` all
// workers compete for the datagrams of the primary's socket.
//
//   node examples/cluster.js [PORT [WORKERS]]
//
// In another terminal, several times:
//
//   node examples/client.js 41234 hello

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
  // Ctrl-C sends SIGINT to all processes; the primary disconnects the workers.
  process.on('SIGINT', () => {});
  process.on('disconnect', () => socket.close());
}

if (cluster.isPrimary) primary();
else worker();
