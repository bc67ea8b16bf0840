'use strict';

const { connected, receiver, sender } = require('../../programs/kit');

// No socket is closed, and datagrams are in flight when the sandbox ends.
test('leaves its sockets open', async () => {
  const { socket: server, port } = await receiver();
  const free = await sender();
  const bound = await connected(port);
  for (const socket of [server, free, bound]) socket.unref();
  for (let i = 0; i < 10; i++) {
    free.send('left', port, '127.0.0.1', () => {});
    bound.send('left', () => {});
  }
});
