'use strict';

/** A socket that sends to itself, one datagram at a time. */

const { HOST, config, countOperations, createSocket, report } =
  require('./role');

const payload = Buffer.alloc(config.size, 'x');
const socket = createSocket();
const countOne = countOperations();

socket.bind(0, HOST, () => {
  const { port } = socket.address();
  const send = () => socket.send(payload, port, HOST);
  socket.on('message', () => {
    if (countOne()) send();
  });
  report({ ready: true });
  send();
});
