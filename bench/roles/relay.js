'use strict';

/** Receives on one socket and sends on with another, connected one. */

const {
  HOST, config, createSocket, enlargeBuffer, measure, report, requireColumns,
  requireMethod,
} = require('./role');

const tally = { datagrams: 0, bytes: 0 };

function count(datagrams, bytes) {
  tally.datagrams += datagrams;
  tally.bytes += bytes;
}

const attach = {
  dgram(input, output) {
    input.on('message', (message) => {
      count(1, message.length);
      output.send(message);
    });
  },

  batch(input, output) {
    requireMethod(output, 'sendMany');
    input.on('batch', ({ count: datagrams, data, offsets, sizes }) => {
      const messages = [];
      for (let i = 0; i < datagrams; i++)
        messages.push(data.subarray(offsets[i], offsets[i] + sizes[i]));
      count(datagrams, data.length);
      output.sendMany(messages);
    });
  },

  columns(input, output) {
    input.on('batch', ({ count: datagrams, data, offsets, sizes }) => {
      count(datagrams, data.length);
      output.sendMany({ count: datagrams, data, offsets, sizes });
    });
  },
};

const output = createSocket();
const input = createSocket();

// Of a sink that is closed: the runner is about to stop this process.
output.on('error', () => {});

function open() {
  attach[config.api](input, output);
  input.bind(0, HOST, () => {
    enlargeBuffer(input);
    report({ ready: true, ports: [input.address().port] });
    measure(tally);
  });
}

output.bind(0, HOST, () => {
  if (config.api === 'columns') requireColumns(output);
  output.connect(config.ports[0], HOST, open);
});
