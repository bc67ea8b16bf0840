'use strict';

// Receives on the main thread and hashes on worker threads; the answer to a
// datagram is its SHA-256. Each message owns its ArrayBuffer, so it can be
// transferred to a worker without a copy. Do not transfer messages of a batch
// or of `sharedBuffers`: they share an ArrayBuffer with other messages.
//
//   node examples/worker-threads.js [PORT [THREADS]]
//
// In another terminal:
//
//   node examples/client.js 41234 one two

const { createHash } = require('node:crypto');
const { Worker, isMainThread, parentPort } = require('node:worker_threads');

function worker() {
  parentPort.on('message', ({ memory, sender }) => {
    const digest = createHash('sha256').update(new Uint8Array(memory))
      .digest('hex');
    parentPort.postMessage({ digest, sender });
  });
}

function main() {
  const dgram = require('dgram-native');
  const port = Number(process.argv[2] ?? 41234);
  const threads = Number(process.argv[3] ?? 2);
  const socket = dgram.createSocket({ type: 'udp4', sharedBuffers: false });

  const pool = Array.from({ length: threads }, () => {
    const thread = new Worker(__filename);
    thread.on('message', ({ digest, sender }) => {
      socket.send(digest, sender.port, sender.address);
    });
    return thread;
  });

  let next = 0;
  socket.on('message', ({ buffer: memory }, sender) => {
    pool[next++ % threads].postMessage({ memory, sender }, [memory]);
  });

  socket.bind(port, '127.0.0.1', () => {
    console.log(`SHA-256 on 127.0.0.1:${socket.address().port}, ` +
      `${threads} threads, transport ${dgram.transport}`);
  });

  const end = async () => {
    await Promise.all(pool.map((thread) => thread.terminate()));
    socket.close();
  };
  process.once('SIGINT', end);
  process.once('SIGTERM', end);
}

if (isMainThread) main();
else worker();
