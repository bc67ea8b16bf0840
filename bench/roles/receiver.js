'use strict';

/**
 * A socket that counts what it receives, by each of the interfaces there are.
 */

const {
  HOST, RECV_BUFFER, config, createSocket, demand,
} = require('./role');

const attach = {
  dgram(socket, tally) {
    socket.on('message', (message) => {
      tally.datagrams++;
      tally.bytes += message.length;
    });
  },

  /** Looks at every datagram, as whoever handles them would have to. */
  batch(socket, tally) {
    demand(socket, 'sendMany');
    socket.on('batch', ({ count, sizes }) => {
      for (let i = 0; i < count; i++) tally.bytes += sizes[i];
      tally.datagrams += count;
    });
  },
};

/** As large as a receiver of many datagrams asks for; Linux may give less. */
function enlarge(socket) {
  try {
    socket.setRecvBufferSize(RECV_BUFFER);
  } catch {
    // Not every runtime can; the sender looks at what the socket has.
  }
}

async function openBun(tally) {
  const socket = await globalThis.Bun.udpSocket({
    hostname: HOST,
    socket: {
      data(self, message) {
        tally.datagrams++;
        tally.bytes += message.length;
      },
    },
  });
  return socket.port;
}

/**
 * @param {{datagrams: number, bytes: number}} tally
 * @returns {Promise<number>} the port
 */
function openReceiver(tally) {
  if (config.api === 'bun') return openBun(tally);
  const socket = createSocket();
  attach[config.api](socket, tally);
  return new Promise((resolve) => {
    socket.bind(0, HOST, () => {
      if (!config.smallBuffer) enlarge(socket);
      resolve(socket.address().port);
    });
  });
}

module.exports = { openReceiver };
