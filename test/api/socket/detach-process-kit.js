'use strict';

// What the tests of detach({ process: true }) share: a child that takes
// sockets, and the way there and back.

const builtin = require('node:dgram');
const {
  close, closeLater, describeNative, dgram, isLinux, isWindows, once, open,
  packed, stateOf,
} = require('../../support/dgram');
const { until } = require('../../e2e/support/limited');
const { receiveFrom } = require('../../support/forks');
const { descriptors } = require('../../support/kernel');

/** A test of the transport 'linux'. */
const itOwn = dgram.transport === 'linux' ? it : it.skip;
const itLinux = isLinux ? it : it.skip;
const describeMoves = isWindows ? describe.skip : describeNative;

const INVALID = 'ERR_INVALID_ARG_VALUE';
const TYPE = 'ERR_INVALID_ARG_TYPE';

const fdOf = (socket) => packed.binding().descriptor(stateOf(socket).handle);

const numbers = (count, first = 0) =>
  Array.from({ length: count }, (_, i) => `${first + i}`);

const delay = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** A socket of node:dgram on loopback. */
async function peer(type = 'udp4') {
  const socket = closeLater(builtin.createSocket(type));
  socket.bind(0, type === 'udp4' ? '127.0.0.1' : '::1');
  await once(socket, 'listening');
  return socket;
}

const detach = (socket, options) =>
  socket.detach({ process: true, ...options });

/** Sends a ticket to a child. */
function sendTo(child, { ticket, handle }, options) {
  return new Promise((resolve, reject) => {
    child.send({ ticket, options }, handle,
      (error) => error === null ? resolve() : reject(error));
  });
}

/**
 * A child that takes sockets. It reports `{ address }`, then each datagram as
 * `{ text, info }`; it answers 'back' with the ticket of its socket, and
 * 'close' with 'closed'.
 */
function taker(dgram) {
  let socket;
  const commands = {
    back() {
      const { ticket, handle } = socket.detach({ process: true });
      process.send({ ticket }, handle);
    },
    close() {
      socket.close(() => process.send('closed'));
    },
  };
  process.on('message', (message, handle) => {
    if (typeof message === 'string') return commands[message]();
    const { ticket, options } = message;
    try {
      socket = dgram.createSocket({ ...options, from: ticket, handle });
    } catch ({ code, message: text }) {
      process.send({ error: [code, text], ticket }, handle);
      return;
    }
    socket.on('message', (msg, rinfo) => process.send({
      text: String(msg),
      info: JSON.parse(JSON.stringify(rinfo,
        (key, value) => typeof value === 'bigint' ? `${value}n` : value)),
    }));
    process.send({ address: socket.address(), fd: handle.fd });
  });
}

/** The next `count` messages of a child. */
function reported(child, count) {
  const list = [];
  return new Promise((resolve) => {
    child.on('message', function onMessage(message) {
      if (list.push(message) < count) return;
      child.off('message', onMessage);
      resolve(list);
    });
  });
}

const textsOf = (list) => list.map(({ text }) => text);

async function take(child, departure, options) {
  const answer = receiveFrom(child);
  await sendTo(child, departure, options);
  return (await answer).message;
}

/** A socket from the ticket that a child sends. */
async function takeBack(child, command = 'back') {
  const answer = receiveFrom(child);
  child.send(command);
  const { message, handle } = await answer;
  return open({ from: message.ticket, handle });
}

/** Whether nobody has the port any more. */
async function isFree({ port, address }) {
  const socket = open('udp4');
  try {
    socket.bindSync({ port, address });
    return true;
  } catch {
    return false;
  } finally {
    await close(socket);
  }
}

const freed = (address) =>
  until(`the port ${address.port} to be free`, () => isFree(address));

function descriptorsReturn(before) {
  return until(() => `${descriptors()} descriptors, ${before} before`,
    () => descriptors() <= before);
}

module.exports = {
  INVALID, TYPE, delay, describeMoves, descriptorsReturn, detach, fdOf, freed,
  itLinux, itOwn, numbers, peer, reported, sendTo, take, takeBack, taker,
  textsOf,
};
