'use strict';

// A server process that is replaced under traffic without losing a datagram.
// Each server answers for a while, then hands its socket to its successor,
// through the first process. The next one answers what this one has received
// and not answered yet, and what arrives in between. It could be a new version
// of the program.
//
//   node examples/moving-socket-process.js [PORT [REQUESTS]]
//
// In another terminal, several times:
//
//   node examples/client.js 41234 one two three four five

const { fork } = require('node:child_process');

const dgram = require('dgram-native');

function serve(requests) {
  process.once('message', (ticket, handle) => {
    const socket = dgram.createSocket({ from: ticket, handle });
    let left = requests;
    socket.on('message', (msg, { port, address }) => {
      socket.send(`process ${process.pid}: ${msg}`, port, address);
      if (--left > 0) return;
      // 'message' is not emitted any more after detach().
      const next = socket.detach({ process: true });
      process.send(next.ticket, next.handle, () => process.disconnect());
    });
  });
}

function main() {
  const port = Number(process.argv[2] ?? 41234);
  const requests = process.argv[3] ?? '3';
  let current;

  // `sent` is called when the socket has left this process.
  const start = (ticket, handle, sent) => {
    current = fork(__filename, ['server', requests]);
    current.send(ticket, handle, sent);
    current.once('message', (next, received) => {
      // detach() closes its handle. This one only passes through.
      start(next, received, () => received.close());
    });
  };

  const socket = dgram.createSocket('udp4');
  socket.bind(port, '127.0.0.1', () => {
    console.log(`listening on 127.0.0.1:${socket.address().port}, ` +
      `transport ${dgram.transport}`);
    const { ticket, handle } = socket.detach({ process: true });
    start(ticket, handle);
  });

  const end = () => current.kill();
  process.once('SIGINT', end);
  process.once('SIGTERM', end);
}

if (process.argv[2] === 'server') serve(Number(process.argv[3]));
else main();
