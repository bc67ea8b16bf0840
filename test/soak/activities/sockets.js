'use strict';

const { once } = require('node:events');

const packed = require('../../support/package');

const dgram = require(packed.main);

const HOST = { udp4: '127.0.0.1', udp6: '::1' };

/** A bound socket. Errors belong to the activity that expects them. */
async function bound(type = 'udp4', options = {}) {
  const socket = dgram.createSocket({ type, ...options });
  socket.bind(0, HOST[type]);
  await once(socket, 'listening');
  return socket;
}

/** A socket that is connected to a port of this host. */
async function connected(port, type = 'udp4', options = {}) {
  const socket = dgram.createSocket({ type, ...options });
  socket.connect(port, HOST[type]);
  await once(socket, 'connect');
  return socket;
}

/** send(), connected or not. */
function sendTo(socket, port, { bytes, callback }) {
  if (port === null) socket.send(bytes, callback);
  else socket.send(bytes, port, HOST[socket.type], callback);
}

module.exports = { HOST, bound, connected, sendTo };
