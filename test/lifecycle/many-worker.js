'use strict';

/** A worker with endless traffic. */

const { parentPort, workerData } = require('node:worker_threads');

const packed = require('../support/package');

const dgram = require(packed.main);

const HOST = '127.0.0.1';

/** Datagrams received before the parent terminates the worker. */
const ENOUGH = 40;

const { mode } = workerData;
const socket = dgram.createSocket(
  { type: 'udp4', sharedBuffers: mode === 'batch' });
let received = 0;

function blast() {
  const { port } = socket.address();
  for (let i = 0; i < 20; i++) {
    const text = `datagram ${i}`;
    if (mode === 'connected') socket.send(text, () => {});
    else socket.send(text, port, HOST, () => {});
  }
}

function blastMany() {
  const { port } = socket.address();
  socket.sendMany(Array.from({ length: 20 }, () => ['x', port, HOST]).flat(),
    () => {});
}

function take(count) {
  received += count;
  if (received - count < ENOUGH && received >= ENOUGH)
    parentPort.postMessage('traffic');
  if (mode === 'busy' && received > ENOUGH) for (;;);
  if (mode === 'sendMany') blastMany();
  else if (received % 20 < count) blast();
}

if (mode === 'batch') socket.on('batch', ({ count }) => take(count));
else socket.on('message', () => take(1));

socket.bind(0, HOST, () => {
  if (mode === 'connected')
    socket.connect(socket.address().port, HOST, blast);
  else
    blast();
});
