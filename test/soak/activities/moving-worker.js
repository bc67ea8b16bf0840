'use strict';

/** Uses a ticket of moving.js, and returns another one on request. */

const { parentPort } = require('node:worker_threads');

const packed = require('../../support/package');

const dgram = require(packed.main);

let socket = null;
let received = [];

parentPort.on('message', (message) => {
  if (message === 'back') {
    parentPort.postMessage({ ticket: socket.detach(), received });
    received = [];
  } else {
    socket = dgram.createSocket({ from: message });
    socket.on('message', (bytes) => received.push(bytes));
  }
});
