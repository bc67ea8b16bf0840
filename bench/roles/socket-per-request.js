'use strict';

/**
 * Opens a socket for each request, sends the request, awaits the reply and
 * closes the socket. `config.concurrent` requests are in flight.
 */

const { HOST, config, countOperations, createSocket, report } =
  require('./role');

const { ports: [port], concurrent } = config;
// The size of an NTP or a short DNS request.
const payload = Buffer.alloc(48);

const countOne = countOperations();

function request() {
  const socket = createSocket();
  socket.once('message', () => {
    socket.close();
    if (countOne()) request();
  });
  socket.send(payload, port, HOST);
}

report({ ready: true });
for (let i = 0; i < concurrent; i++) request();
