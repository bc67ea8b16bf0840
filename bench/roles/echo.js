'use strict';

/** Sends every datagram back to its sender. */

const {
  HOST, config, createSocket, requireMethod, measure, report,
} = require('./role');

const tally = { datagrams: 0, bytes: 0 };

function count(datagrams, bytes) {
  tally.datagrams += datagrams;
  tally.bytes += bytes;
}

const attach = {
  dgram(socket) {
    socket.on('message', (message, { port, address }) => {
      count(1, message.length);
      socket.send(message, port, address);
    });
  },

  batch(socket) {
    requireMethod(socket, 'sendMany');
    socket.on('batch', (batch) => {
      const { data, offsets, sizes, ports, addresses } = batch;
      const packets = [];
      for (let i = 0; i < batch.count; i++) {
        packets.push(data.subarray(offsets[i], offsets[i] + sizes[i]),
                     ports[i], addresses[i]);
      }
      count(batch.count, data.length);
      socket.sendMany(packets);
    });
  },
};

async function openBun() {
  const { port } = await globalThis.Bun.udpSocket({
    hostname: HOST,
    socket: {
      data(socket, message, fromPort, fromAddress) {
        count(1, message.length);
        socket.send(message, fromPort, fromAddress);
      },
    },
  });
  report({ ready: true, ports: [port] });
}

function openDgram() {
  const socket = createSocket();
  attach[config.api](socket);
  socket.bind(0, HOST, () => {
    report({ ready: true, ports: [socket.address().port] });
  });
}

measure(tally);
if (config.api === 'bun') openBun();
else openDgram();
