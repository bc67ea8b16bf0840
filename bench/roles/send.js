'use strict';

/**
 * Sends as much as it can, in bursts: to one port, or to several in turn. The
 * next burst is begun when the last one has left and the event loop has had a
 * turn, as in Node's own benchmark.
 */

const { HOST, config, createSocket, demand, measure, say } = require('./role');

const { ports, connected, callbacks, burst } = config;
const payload = Buffer.alloc(config.size, 'x');
const tally = { datagrams: 0, bytes: 0, failed: 0 };

let turn = 0;

function nextPort() {
  if (++turn >= ports.length) turn = 0;
  return ports[turn];
}

function count(datagrams) {
  tally.datagrams += datagrams;
  tally.bytes += datagrams * payload.length;
}

function sendWithCallbacks(socket) {
  let left = 0;
  function onSent(error) {
    if (error) tally.failed++;
    else count(1);
    if (--left === 0) setImmediate(next);
  }
  function next() {
    left = burst;
    for (let i = 0; i < burst; i++) {
      if (connected) socket.send(payload, onSent);
      else socket.send(payload, nextPort(), HOST, onSent);
    }
  }
  next();
}

function sendWithoutCallbacks(socket) {
  function next() {
    for (let i = 0; i < burst; i++) {
      if (connected) socket.send(payload);
      else socket.send(payload, nextPort(), HOST);
    }
    count(burst);
    setImmediate(next);
  }
  next();
}

/** [message, port, address, ...], or just messages when connected. */
function packets() {
  const list = [];
  for (let i = 0; i < burst; i++) {
    if (connected) list.push(payload);
    else list.push(payload, nextPort(), HOST);
  }
  return list;
}

function sendMany(socket) {
  demand(socket, 'sendMany');
  function onSent(error) {
    if (error) tally.failed++;
    else count(burst);
    setImmediate(next);
  }
  function next() {
    if (callbacks) {
      socket.sendMany(packets(), onSent);
      return;
    }
    count(socket.sendMany(packets()));
    setImmediate(next);
  }
  next();
}

/** Bun.udpSocket says how many it could take, and when it can take more. */
async function sendFromBun() {
  const socket = await globalThis.Bun.udpSocket({
    hostname: HOST,
    connect: connected ? { hostname: HOST, port: ports[0] } : undefined,
    socket: { drain: next },
  });
  function one() {
    return connected ?
      socket.send(payload) : socket.send(payload, nextPort(), HOST);
  }
  function each() {
    let sent = 0;
    while (sent < burst && one()) sent++;
    return sent;
  }
  const transmit = config.api === 'bun-many' ?
    () => socket.sendMany(packets()) : each;
  function next() {
    const sent = transmit();
    count(sent);
    if (sent === burst) setImmediate(next);
  }
  next();
}

function sendFromDgram() {
  const send = config.api === 'many' ? sendMany :
    callbacks ? sendWithCallbacks : sendWithoutCallbacks;
  const socket = createSocket();
  socket.on('error', () => { tally.failed++; });
  socket.bind(0, HOST, () => {
    if (connected) socket.connect(ports[0], HOST, () => send(socket));
    else send(socket);
  });
}

say({ ready: true });
measure(tally);
if (config.api.startsWith('bun')) sendFromBun();
else sendFromDgram();
