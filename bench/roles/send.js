'use strict';

/**
 * Sends as fast as possible in bursts, to one port or to several in turn. As in
 * Node's own benchmark, a burst begins in the event loop iteration after the
 * previous one has been sent.
 */

const {
  HOST, config, createSocket, makeColumns, measure, report, requireColumns,
  requireMethod,
} = require('./role');

const { ports, connected, callbacks, burst } = config;
const payload = Buffer.alloc(config.size, 'x');
const tally = { datagrams: 0, bytes: 0, failed: 0 };

let portIndex = 0;

function nextPort() {
  if (++portIndex >= ports.length) portIndex = 0;
  return ports[portIndex];
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

/** [message, port, address, ...]; messages only when connected. */
function packets() {
  const list = [];
  for (let i = 0; i < burst; i++) {
    if (connected) list.push(payload);
    else list.push(payload, nextPort(), HOST);
  }
  return list;
}

function sendMany(socket) {
  requireMethod(socket, 'sendMany');
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

/** As a program that sends on the columns of a batch. */
function sendColumns(socket) {
  requireColumns(socket);
  const columns = makeColumns(burst, payload.length, ports[0]);
  function next() {
    socket.sendMany(columns);
    count(burst);
    setImmediate(next);
  }
  next();
}

/** Bun.udpSocket returns how many it accepted and emits `drain`. */
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
    config.api === 'columns' ? sendColumns :
    callbacks ? sendWithCallbacks : sendWithoutCallbacks;
  const socket = createSocket();
  socket.on('error', () => { tally.failed++; });
  socket.bind(0, HOST, () => {
    if (connected) socket.connect(ports[0], HOST, () => send(socket));
    else send(socket);
  });
}

report({ ready: true });
measure(tally);
if (config.api.startsWith('bun')) sendFromBun();
else sendFromDgram();
