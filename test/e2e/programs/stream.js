'use strict';

// Receives, sends or echoes a stream, with require('node:dgram').

const { createHash } = require('node:crypto');
const dgram = require('dgram');
const { once } = require('node:events');

const { serve } = require('../support/inside');
const { packets, sequenceOf } = require('../support/rtp');

const socket = dgram.createSocket('udp4');
const hash = createHash('sha256');
let expected = 0;
let inOrder = 0;
let others = 0;

async function bind() {
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  return socket.address().port;
}

function receive() {
  socket.on('message', (msg) => {
    hash.update(msg);
    if (sequenceOf(msg) === expected) {
      expected++;
      inOrder++;
    } else {
      others++;
    }
  });
  return bind();
}

function echo() {
  socket.on('message', (msg, { port, address }) => {
    socket.send(msg, port, address);
  });
  return bind();
}

/** @returns {Promise<number[]>} the sizes that the callbacks received */
function send(port, first, count) {
  return Promise.all(packets(first, count).map((one) =>
    new Promise((resolve, reject) => {
      socket.send(one, port, '127.0.0.1',
        (error, size) => error ? reject(error) : resolve(size));
    })));
}

serve({
  echo,
  receive,
  send,
  state: () => ({ inOrder, others }),
  hash: () => hash.copy().digest('hex'),
});
