'use strict';

/** Sockets of the packed package, and traffic between them. */

const { once } = require('node:events');
const packed = require('../../test/support/package');

const dgram = require(packed.main);

const HOST = '127.0.0.1';
/** Datagrams that are sent at once, and all of a round. */
const BURST = 32;
const DATAGRAMS = 32 * BURST;

const payload = Buffer.alloc(64, 'x');

/** @returns {Promise<Socket>} bound to a free port */
async function open(options = {}, address = HOST) {
  const socket = dgram.createSocket({ type: 'udp4', ...options });
  socket.bind(0, address);
  await once(socket, 'listening');
  return socket;
}

/**
 * Counts what arrives.
 * @returns {{arrived: Function, all: (count: number) => Promise<void>}}
 *   `arrived` is to be called for each datagram; `all` waits for `count` more
 */
function counter() {
  let missing = 0;
  let resolve;
  return {
    arrived() {
      if (--missing === 0) resolve();
    },
    all(count) {
      missing = count;
      return new Promise((settle) => { resolve = settle; });
    },
  };
}

/**
 * @param {(count: number) => void} sendBurst sends `count` datagrams
 * @param {{all: Function}} receiver of counter()
 * @returns {() => Promise<number>} exchanges a round of datagrams
 */
function rounds(sendBurst, receiver) {
  return async () => {
    for (let sent = 0; sent < DATAGRAMS; sent += BURST) {
      const complete = receiver.all(BURST);
      sendBurst(BURST);
      await complete;
    }
    return DATAGRAMS;
  };
}

/** @returns {(count: number) => void} sends with send() */
function sender(socket, ...to) {
  return (count) => {
    for (let i = 0; i < count; i++) socket.send(payload, ...to);
  };
}

/** A round to a receiver with these options that counts 'message' events. */
async function toListener(from, options, address) {
  const socket = await open(options, address);
  const receiver = counter();
  socket.on('message', receiver.arrived);
  return rounds(sender(from, socket.address().port, HOST), receiver);
}

module.exports = {
  DATAGRAMS, HOST, counter, dgram, open, packed, payload, rounds, sender,
  toListener,
};
