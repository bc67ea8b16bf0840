'use strict';

/** NTP: a client asks a server for the time, 10 requests at a time. */

const dgram = require('node:dgram');
const { HOST, packageRequire, repeat } = require('../../program');

const { getNetworkTime } = packageRequire('ntp-client');

const CONCURRENT = 10;
// From 1900 to 1970, in seconds (RFC 5905).
const EPOCH = 2208988800;

const server = dgram.createSocket('udp4');

server.on('message', (request, { port, address }) => {
  const reply = Buffer.alloc(48);
  const now = Date.now();
  reply[0] = 0x1c; // version 3, server
  reply.writeUInt32BE(Math.floor(now / 1000) + EPOCH, 40);
  reply.writeUInt32BE(Math.floor(now % 1000 / 1000 * 2 ** 32), 44);
  server.send(reply, port, address);
});

function askTime() {
  return new Promise((resolve, reject) => {
    getNetworkTime(HOST, server.address().port, (error, date) => {
      if (error) reject(new Error(error));
      else if (Math.abs(date - Date.now()) > 5000)
        reject(new Error(`the time is ${date}`));
      else resolve();
    });
  });
}

server.bind(0, HOST, () => repeat(CONCURRENT, askTime));
