'use strict';

// An echo server whose worker threads share one port. The kernel selects the
// thread: the first four bytes of a datagram are the number of a session, and
// each session stays with its thread, whatever address its datagrams come from.
// Requires Linux.
//
//   node examples/steered-threads.js [PORT [THREADS]]
//
// In another terminal; "sess" and "seal" are the numbers of two sessions:
//
//   export DGRAM_NATIVE_GSO=0
//   node examples/client.js 41234 sess-one seal-two sess-three
//
// Without GSO, because on one host the kernel selects one socket for all
// datagrams of a GSO send.

const { once } = require('node:events');
const { Worker, isMainThread, parentPort, workerData } =
  require('node:worker_threads');

const dgram = require('dgram-native');

function worker({ port, index, threads }) {
  const socket = dgram.createSocket({
    type: 'udp4',
    reusePort: true,
    steering: { offset: 0, length: 4 },
    workers: threads,
  });
  socket.on('message', (msg, rinfo) => {
    socket.send(`thread ${index}: ${msg}`, rinfo.port, rinfo.address);
  });
  socket.bind(port, '127.0.0.1', () => parentPort.postMessage('bound'));
  parentPort.once('message', () => socket.close());
}

async function main() {
  const port = Number(process.argv[2] ?? 41234);
  const threads = Number(process.argv[3] ?? 4);
  const pool = [];
  // One after the other: the index of a thread is the order of bind().
  for (let index = 0; index < threads; index++) {
    pool.push(new Worker(__filename, { workerData: { port, index, threads } }));
    await once(pool[index], 'message');
  }
  console.log(`${threads} threads on 127.0.0.1:${port}, ` +
    `transport ${dgram.transport}`);

  const end = () => {
    for (const thread of pool) thread.postMessage('close');
  };
  process.once('SIGINT', end);
  process.once('SIGTERM', end);
}

if (isMainThread) main();
else worker(workerData);
