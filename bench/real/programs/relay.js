'use strict';

/** Receives on one socket and sends to `config.target` with another one. */

const dgram = require('node:dgram');
const { HOST, RECV_BUFFER, config, serve } = require('../program');

const { api, target } = config;
const input = dgram.createSocket({ type: 'udp4', recvBufferSize: RECV_BUFFER });
const output = dgram.createSocket('udp4');
let relayed = 0;

const listeners = {
  dgram: ['message', (message) => {
    output.send(message, target, HOST);
    relayed++;
  }],
  batch: ['batch', ({ count, data, offsets, sizes }) => {
    const packets = [];
    for (let i = 0; i < count; i++) {
      packets.push(data.subarray(offsets[i], offsets[i] + sizes[i]), target,
                   HOST);
    }
    relayed += output.sendMany(packets);
  }],
  columns: ['batch', ({ count, data, offsets, sizes }) => {
    relayed += output.sendMany({
      count, data, offsets, sizes, ports: target, addresses: HOST,
    });
  }],
};

input.on(...listeners[api]);
output.bind(0, HOST, () => {
  input.bind(0, HOST, () => {
    serve([input.address().port], () => relayed);
  });
});
