'use strict';

// Writes each datagram to a file, one after the other. While a write is in
// progress, datagrams wait in the kernel's receive buffer: none is lost that
// it had room for.
//
//   node examples/slow-consumer.js [PORT [FILE [MILLISECONDS]]]
//
// MILLISECONDS delays each write. In another terminal:
//
//   node -e "const s = require('dgram').createSocket('udp4');
//     for (let i = 0; i < 500; i++) s.send(String(i), 41234)"

const { open } = require('node:fs/promises');
const { setTimeout: sleep } = require('node:timers/promises');
const { createSocket } = require('dgram-native/promises');

const port = Number(process.argv[2] ?? 41234);
const file = process.argv[3] ?? '/dev/stdout';
const delay = Number(process.argv[4] ?? 2);

async function main() {
  const socket =
    createSocket({ type: 'udp4', recvBufferSize: 4 * 1024 * 1024 });
  const output = await open(file, 'a');
  for (const signal of ['SIGINT', 'SIGTERM'])
    process.once(signal, () => socket.close());

  socket.pause(); // until the loop starts
  const address = await socket.bind(port, '127.0.0.1');
  console.log(`listening on 127.0.0.1:${address.port}, receive buffer ` +
    `${socket.getRecvBufferSize()} bytes`);

  let count = 0;
  for await (const [msg] of socket.iterator({ highWaterMark: 16 })) {
    await sleep(delay);
    await output.write(`${msg}\n`);
    count++;
  }
  await output.close();
  console.log(`${count} datagrams written`);
}

main();
