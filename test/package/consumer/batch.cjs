'use strict';

const builtin = require('node:dgram');

const dgram = require('dgram-native');

const receiver = dgram.createSocket('udp4');
const sender = dgram.createSocket('udp4');
const received = [];
let submitted;
let sent;

function finish() {
  if (received.length < 3 || sent === undefined) return;
  console.log(JSON.stringify({
    transport: dgram.transport, submitted, sent, received,
    isInstance: [receiver instanceof dgram.Socket,
                 receiver instanceof builtin.Socket],
  }));
  receiver.close();
  sender.close();
}

receiver.on('batch', ({ count, data, offsets, sizes }) => {
  for (let i = 0; i < count; i++) {
    received.push(data.toString('latin1', offsets[i], offsets[i] + sizes[i]));
  }
  finish();
});
receiver.bind(0, '127.0.0.1', () => {
  const { port } = receiver.address();
  const packets = ['a', 'b', 'c'].flatMap((text) => [text, port, '127.0.0.1']);
  submitted = sender.sendMany(packets, (...values) => {
    sent = values;
    finish();
  });
});
