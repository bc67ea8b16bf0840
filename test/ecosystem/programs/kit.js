'use strict';

/**
 * Helpers of the programs. Loaded before a program changes anything, so timers
 * are real ones even under a fake clock.
 */

const { setTimeout } = globalThis;
const { once } = require('node:events');

/** The module under test; with register, node:dgram. */
const dgram = require(process.env.ECOSYSTEM_DGRAM);

/** Time limit of a loopback datagram on a loaded machine. */
const LIMIT = 4000;

const delay = (milliseconds) =>
  new Promise((resolve) => { setTimeout(resolve, milliseconds); });

/** Resolves when look() is true, or after a timeout. */
async function until(look) {
  for (let left = LIMIT; left > 0 && !look(); left -= 5) await delay(5);
}

/** A loopback socket that stores its messages as text. */
async function receiver() {
  const socket = dgram.createSocket('udp4');
  const got = [];
  socket.on('message', (message) => got.push(String(message)));
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  return { socket, got, port: socket.address().port };
}

/** A bound socket. */
async function sender() {
  const socket = dgram.createSocket('udp4');
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  return socket;
}

/** A socket connected to a port of loopback. */
async function connected(port) {
  const socket = dgram.createSocket('udp4');
  socket.connect(port, '127.0.0.1');
  await once(socket, 'connect');
  return socket;
}

/** Prints one line of JSON. */
function print(value) {
  console.log(JSON.stringify(value));
}

module.exports = {
  connected, delay, dgram, print, receiver, sender, until,
};
