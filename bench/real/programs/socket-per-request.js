'use strict';

/**
 * Opens a socket for each request, sends the request to `config.target`, awaits
 * the answer and closes the socket. `config.concurrent` requests are in flight.
 */

const dgram = require('node:dgram');
const { HOST, config, serve } = require('../program');

const { target, concurrent } = config;
// The size of an NTP or a short DNS request.
const SIZE = 48;

let number = 0;
let completed = 0;

function request() {
  const socket = dgram.createSocket('udp4');
  const payload = Buffer.alloc(SIZE);
  payload.writeUInt32BE(number++ >>> 0);
  socket.once('message', (answer) => {
    if (!answer.equals(payload)) throw new Error('the answer differs');
    socket.close(() => {
      completed++;
      request();
    });
  });
  socket.send(payload, target, HOST);
}

serve([], () => completed);
for (let i = 0; i < concurrent; i++) request();
