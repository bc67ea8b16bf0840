'use strict';

// A client for the other examples: sends each TEXT as one datagram to
// 127.0.0.1 and prints the answers. It ends when every datagram has been
// answered, or after a second.
//
//   node examples/client.js PORT TEXT...

const dgram = require('dgram-native');

const [port, ...texts] = process.argv.slice(2);
const socket = dgram.createSocket('udp4');
const timer = setTimeout(() => socket.close(), 1000);
let answers = 0;

socket.on('message', (message) => {
  console.log(String(message));
  if (++answers < texts.length) return;
  clearTimeout(timer);
  socket.close();
});

for (const text of texts) socket.send(text, Number(port), '127.0.0.1');
