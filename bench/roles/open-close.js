'use strict';

/** Opens, binds and closes sockets one after the other. */

const { HOST, countOperations, createSocket, report } = require('./role');

const countOne = countOperations();

function next() {
  const socket = createSocket();
  socket.bind(0, HOST, () => {
    socket.close();
    if (countOne()) setImmediate(next);
  });
}

report({ ready: true });
next();
