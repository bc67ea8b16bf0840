'use strict';

/** Counts StatsD lines of the form `name:value|c`. */

const dgram = require('node:dgram');
const { HOST, RECV_BUFFER, config, serve } = require('../program');

const counters = new Map();

function record(line) {
  const colon = line.indexOf(':');
  if (colon < 1 || !line.endsWith('|c')) return;
  const name = line.slice(0, colon);
  const value = Number(line.slice(colon + 1, -2));
  if (Number.isNaN(value)) return;
  counters.set(name, (counters.get(name) ?? 0) + value);
}

function recordAll(text) {
  for (const line of text.split('\n'))
    if (line !== '') record(line);
}

const listeners = {
  dgram: ['message', (message) => {
    recordAll(message.latin1Slice());
  }],
  batch: ['batch', ({ count, data, offsets, sizes }) => {
    for (let i = 0; i < count; i++)
      recordAll(data.latin1Slice(offsets[i], offsets[i] + sizes[i]));
  }],
};

const socket = dgram.createSocket({
  type: 'udp4', recvBufferSize: RECV_BUFFER,
});
socket.on(...listeners[config.api]);
socket.bind(0, HOST, () => {
  serve([socket.address().port],
    () => [...counters.values()].reduce((sum, value) => sum + value, 0));
});
