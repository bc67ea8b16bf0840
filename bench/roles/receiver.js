'use strict';

/** A socket that counts received datagrams, through each interface. */

const {
  HOST, RECV_BUFFER, config, createSocket, requireMethod,
} = require('./role');

const attach = {
  dgram(socket, tally) {
    socket.on('message', (message) => {
      tally.datagrams++;
      tally.bytes += message.length;
    });
  },

  /** Reads the size of every datagram, as a real listener would. */
  batch(socket, tally) {
    requireMethod(socket, 'sendMany');
    socket.on('batch', ({ count, sizes }) => {
      for (let i = 0; i < count; i++) tally.bytes += sizes[i];
      tally.datagrams += count;
    });
  },
};

/** Linux may grant less than requested. */
function enlarge(socket) {
  try {
    socket.setRecvBufferSize(RECV_BUFFER);
  } catch {
    // Some runtimes cannot. The sender reads the actual size.
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
