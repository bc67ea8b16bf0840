'use strict';

const packed = require('../support/package');

const dgram = require(packed.main);
const { DESTINATIONS_MAX, SOURCES_MAX } = packed.binding().layout;

/** More than both tables hold. */
const ADDRESSES = 1.25 * Math.max(DESTINATIONS_MAX, SOURCES_MAX);

/** Datagrams under way, so that none is dropped. */
const WINDOW = 64;

/** All of 127.0.0.0/8 are addresses of this host. */
const addressOf = (i) => `127.${1 + (i >> 16)}.${(i >> 8) & 255}.${i & 255}`;

const bound = () => new Promise((resolve, reject) => {
  const socket = dgram.createSocket('udp4');
  socket.once('error', reject);
  socket.bind(0, () => resolve(socket));
});

/**
 * Fills the tables of sources and destinations of this thread, which otherwise
 * grow for hours: each datagram comes from and goes to an address of its own.
 * A transport without settings of sends has no such sources.
 */
async function fillTables() {
  const [sender, receiver] = [await bound(), await bound()];
  const { port } = receiver.address();
  const hasSettings = dgram.features.sendSettings;
  let sent = 0;
  const next = () => {
    const address = addressOf(sent++);
    sender.send('x', hasSettings ?
      { port, address, localAddress: address } : { port, address });
  };
  await new Promise((resolve) => {
    let received = 0;
    receiver.on('message', () => {
      if (++received === ADDRESSES) resolve();
      else if (sent < ADDRESSES) next();
    });
    while (sent < WINDOW) next();
  });
  sender.close();
  receiver.close();
}

module.exports = { fillTables };
