'use strict';

/** Sockets of this package on a host of lab.js, for a test to use. */

const { once } = require('node:events');

const packed = require('../support/package');
const { serve } = require('../support/remote');

const dgram = require(packed.main);

const sockets = [];
const received = [];
const icmp = [];
const infos = [];

/** The names of `receiveInfo`; a bigint as text, for JSON. */
const toInfo = (text, names, valueOf) => Object.fromEntries([
  ...text === 'x' ? [] : [['text', text]],
  ...names.map((name) => {
    const value = valueOf(name);
    return [name, typeof value === 'bigint' ? `${value}` : value];
  }),
]);

/** Collects what comes with each datagram, from the events of `mode`. */
function collect(socket, list, names, mode) {
  if (mode === 'batch') {
    socket.on('batch', (batch) => {
      const { count, data, offsets, sizes } = batch;
      for (let i = 0; i < count; i++) {
        list.push(toInfo(String(data.subarray(offsets[i],
          offsets[i] + sizes[i])), names, (name) => batch[name][i]));
      }
    });
  } else {
    socket.on('message', (msg, rinfo) =>
      list.push(toInfo(String(msg), names, (name) => rinfo[name])));
  }
}

serve({
  transport: () => dgram.transport,

  /** Binds a socket; returns its number and port. */
  async open({ options, address, port = 0 }) {
    const socket = dgram.createSocket(options);
    const id = sockets.push(socket) - 1;
    received.push([]);
    icmp.push([]);
    infos.push([]);
    socket.on('icmp', ({ code, message }, info) =>
      icmp[id].push({ errno: code, message, ...info }));
    if (options.receiveInfo === undefined)
      socket.on('message', (msg) => received[id].push(String(msg)));
    else
      collect(socket, infos[id], options.receiveInfo, options.mode);
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

  /**
   * Sends datagrams '0', '1' ... at these times: milliseconds from now.
   * `many`: by sendMany().
   */
  paced({ id, to, delays, many = false, size = 1 }) {
    const now = process.hrtime.bigint();
    const targets = delays.map((delay) =>
      ({ ...to, sendTime: now + BigInt(delay) * 1_000_000n }));
    const texts = delays.map((_, i) => `${i}`.padEnd(size, 'x'));
    if (many) {
      sockets[id].sendMany(targets.flatMap((target, i) => [texts[i], target]));
    } else {
      for (const [i, target] of targets.entries())
        sockets[id].send(texts[i], target);
    }
  },

  received: ({ id }) => received[id],

  /** The events 'icmp' since the last call. */
  icmp: ({ id }) => icmp[id].splice(0),

  infos: ({ id }) => infos[id],

  close({ id }) {
    sockets[id].close();
  },
});
