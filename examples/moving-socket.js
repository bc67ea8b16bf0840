'use strict';

// A server that is replaced under traffic without losing a datagram. Each
// worker serves for a while, then hands its socket to its successor. The next
// one answers what this one has received and not answered yet, and what arrives
// in between. A worker could be a new version of the program.
//
//   node examples/moving-socket.js [PORT [REQUESTS]]
//
// In another terminal, several times:
//
//   node examples/client.js 41234 one two three four five

const { Worker, isMainThread, parentPort, workerData } =
  require('node:worker_threads');

const dgram = require('dgram-native');

function worker({ generation, requests, ticket }) {
  const socket = dgram.createSocket({ from: ticket });
  let left = requests;
  socket.on('message', (msg, { port, address }) => {
    socket.send(`worker ${generation}: ${msg}`, port, address);
    // 'message' is not emitted any more after detach().
    if (--left === 0) parentPort.postMessage(socket.detach());
  });
  parentPort.once('message', () => socket.close());
}

function main() {
  const port = Number(process.argv[2] ?? 41234);
  const requests = Number(process.argv[3] ?? 3);
  let current;
  let generation = 0;

  const start = (ticket) => {
    generation++;
    const thread = new Worker(__filename, {
      workerData: { generation, requests, ticket },
    });
    current = thread;
    thread.once('message', (next) => {
      thread.terminate();
      start(next);
    });
  };

  const socket = dgram.createSocket('udp4');
  socket.bind(port, '127.0.0.1', () => {
    console.log(`listening on 127.0.0.1:${socket.address().port}, ` +
      `transport ${dgram.transport}`);
    start(socket.detach());
  });

  const end = () => current.terminate();
  process.once('SIGINT', end);
  process.once('SIGTERM', end);
}

if (isMainThread) main();
else worker(workerData);
