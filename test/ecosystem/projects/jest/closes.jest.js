'use strict';

const { once } = require('node:events');

test('opens and closes a socket', async () => {
  const dgram = require(process.env.ECOSYSTEM_DGRAM);
  const socket = dgram.createSocket('udp4');
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  socket.close();
  await once(socket, 'close');
});
