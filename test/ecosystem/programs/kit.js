'use strict';

/**
 * What the programs share. It is loaded before they change anything, so its
 * timers are real ones whatever clock they put in their place.
 */

const { setTimeout } = globalThis;
const { once } = require('node:events');

/** The module that the program is to use; the global one after register. */
const dgram = require(process.env.ECOSYSTEM_DGRAM);

/** How long a datagram of loopback may take on a loaded machine. */
const LIMIT = 4000;

const delay = (milliseconds) =>
  new Promise((resolve) => { setTimeout(resolve, milliseconds); });

/** Resolves when look() is true, or when there is no more hope. */
async function until(look) {
  for (let left = LIMIT; left > 0 && !look(); left -= 5) await delay(5);
}

/** A socket on loopback that keeps what it gets, as text. */
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

/** One line of JSON. */
function print(value) {
  console.log(JSON.stringify(value));
}

module.exports = {
  connected, delay, dgram, print, receiver, sender, until,
};
