'use strict';

/** A socket that counts received datagrams, through each interface. */

const {
  HOST, config, createSocket, enlargeBuffer, requireMethod,
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
      if (!config.smallBuffer) enlargeBuffer(socket);
      resolve(socket.address().port);
    });
  });
}

module.exports = { openReceiver };
