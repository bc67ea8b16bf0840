'use strict';

/** Sockets of this package on a host of lab.js, for a test to use. */

const { once } = require('node:events');

const packed = require('../support/package');
const { serve } = require('../support/remote');

const dgram = require(packed.main);

const sockets = [];
const received = [];
const icmp = [];

serve({
  transport: () => dgram.transport,

  /** Binds a socket; returns its number and port. */
  async open({ options, address, port = 0 }) {
    const socket = dgram.createSocket(options);
    const id = sockets.push(socket) - 1;
    received.push([]);
    icmp.push([]);
    socket.on('icmp', ({ code, message }, info) =>
      icmp[id].push({ errno: code, message, ...info }));
    socket.on('message', (msg) => received[id].push(String(msg)));
    socket.bind(port, address);
    await once(socket, 'listening');
    socket.on('error', () => {});
    return { id, port: socket.address().port };
  },

  async connect({ id, port, address }) {
    sockets[id].connect(port, address);
    await once(sockets[id], 'connect');
  },

  /** Calls a method; returns its result, except `this`. */
  call({ id, method, args = [] }) {
    const result = sockets[id][method](...args);
    return result === sockets[id] ? undefined : result;
  },

  /** Sends and returns what the callback received. */
  send({ id, size, text = 'x'.repeat(size), to = [] }) {
    return new Promise((resolve) => {
      sockets[id].send(text, ...to, (error, bytes) => resolve(error ?
        { code: error.code, mtu: error.mtu } :
        { bytes }));
    });
  },

  received: ({ id }) => received[id],

  /** The events 'icmp' since the last call. */
  icmp: ({ id }) => icmp[id].splice(0),

  close({ id }) {
    sockets[id].close();
  },
});
