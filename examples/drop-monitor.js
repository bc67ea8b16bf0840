'use strict';

// Receives datagrams, and shows what the kernel drops because the receive
// buffer is full. A larger buffer helps with bursts, and a faster program with
// more traffic.
//
//   node examples/drop-monitor.js [PORT [SECONDS [RECEIVE_BUFFER_BYTES]]]
//
// In another terminal:
//
//   node -e "const s = require('dgram').createSocket('udp4');
//     for (let i = 0; i < 1e5; i++) s.send('x'.repeat(i % 1000), 41234)"

const { subscribe } = require('node:diagnostics_channel');
const dgram = require('dgram-native');

const port = Number(process.argv[2] ?? 41234);
const seconds = Number(process.argv[3] ?? 1);
const recvBufferSize = Number(process.argv[4] ?? 0); // 0: that of the system

// For every socket of this thread, also those of libraries.
subscribe('dgram-native:drops', ({ socket, dropped, kernelDrops }) => {
  console.log(`port ${socket.address().port}: the kernel dropped ${dropped} ` +
    `datagrams, ${kernelDrops} in total`);
});

const socket = dgram.createSocket({ type: 'udp4', recvBufferSize });
socket.on('batch', () => {});
socket.bind(port, '127.0.0.1', () => {
  console.log(`listening on 127.0.0.1:${socket.address().port}, receive ` +
    `buffer ${socket.getRecvBufferSize()} bytes, transport ` +
    `${dgram.transport}`);
});

function report() {
  // Without kernelDrops the system does not tell.
  const { received, receivedBytes, receiveCalls, mergedRuns, kernelDrops = 0 } =
    socket.stats();
  const total = received + kernelDrops;
  const share = total === 0 ? 0 : kernelDrops / total * 100;
  const perCall = receiveCalls === 0 ? 0 : received / receiveCalls;
  console.log(`${received} received (${receivedBytes} bytes, ` +
    `${perCall.toFixed(1)} per system call, ${mergedRuns} merged runs), ` +
    `${kernelDrops} dropped (${share.toFixed(1)} %)`);
}

const timer = setInterval(report, seconds * 1000);

function end() {
  clearInterval(timer);
  report();
  socket.close();
}

process.once('SIGINT', end);
process.once('SIGTERM', end);
