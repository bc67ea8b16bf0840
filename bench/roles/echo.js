'use strict';

/** Sends every datagram back to its sender. */

const {
  HOST, config, createSocket, enlargeBuffer, measure, report, requireColumns,
  requireMethod,
} = require('./role');

const tally = { datagrams: 0, bytes: 0, failed: 0 };

function count(datagrams, bytes) {
  tally.datagrams += datagrams;
  tally.bytes += bytes;
}

function onSent(error) {
  if (error) tally.failed++;
}

const attach = {
  dgram(socket) {
    if (config.callbacks) {
      socket.on('message', (message, { port, address }) => {
        count(1, message.length);
        socket.send(message, port, address, onSent);
      });
      return;
    }
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

  columns(socket) {
    socket.on('batch', (batch) => {
      count(batch.count, batch.data.length);
      socket.sendMany(batch);
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
    if (config.largeBuffer) enlargeBuffer(socket);
    if (config.api === 'columns') requireColumns(socket);
    report({ ready: true, ports: [socket.address().port] });
  });
}

measure(tally);
if (config.api === 'bun') openBun();
else openDgram();
