'use strict';

// An echo server whose processes share one port. The kernel selects the
// process: the first four bytes of a datagram are the number of a session, and
// each session stays with its process. A process that ends is started again;
// until then the others receive its share. Requires Linux.
//
//   node examples/steered-cluster.js [PORT [WORKERS]]
//
// In another terminal; "sess" and "seal" are the numbers of two sessions:
//
//   export DGRAM_NATIVE_GSO=0
//   node examples/client.js 41234 sess-one seal-two sess-three
//
// Without GSO, because on one host the kernel selects one socket for all
// datagrams of a GSO send.

const cluster = require('node:cluster');
const { once } = require('node:events');

const dgram = require('dgram-native');

const port = Number(process.argv[2] ?? 41234);
const workers = Number(process.argv[3] ?? 4);

/** Resolves when the worker has bound its socket. */
function start(index) {
  const child = cluster.fork({ WORKER_INDEX: index });
  child.on('exit', () => {
    // Its socket is gone, and the last one has taken its place. The new one is
    // the last.
    if (!child.exitedAfterDisconnect) start(index);
  });
  return once(child, 'message');
}

async function primary() {
  // One after the other: the index is the order of bind().
  for (let index = 0; index < workers; index++) await start(index);
  console.log(`${workers} workers on 127.0.0.1:${port}, ` +
    `transport ${dgram.transport}`);
  const end = () => cluster.disconnect();
  process.once('SIGINT', end);
  process.once('SIGTERM', end);
}

function worker() {
  // With `reusePort`, a worker binds its own socket, not the primary.
  const socket = dgram.createSocket({
    type: 'udp4',
    reusePort: true,
    steering: { offset: 0, length: 4 },
    workers,
  });
  socket.on('message', (msg, rinfo) => {
    socket.send(`worker ${process.pid}: ${msg}`, rinfo.port, rinfo.address);
  });
  socket.bind(port, '127.0.0.1', () => process.send('bound'));
  // Ctrl-C sends SIGINT to all processes; the primary disconnects the workers.
  process.on('SIGINT', () => {});
  process.on('disconnect', () => socket.close());
}

if (cluster.isPrimary) primary();
else worker();
