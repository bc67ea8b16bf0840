'use strict';

/**
 * Pings its own host through a ping socket that it inherits. Its arguments are
 * { implementation: 'native' | 'builtin', fd }.
 */

const { once } = require('node:events');

const packed = require('../support/package');
const { argumentsOf, serve } = require('../support/remote');

const ECHO = 8;

const { implementation, fd } = argumentsOf();
const dgram = require(implementation === 'builtin' ?
  'node:dgram' :
  packed.main);

/** An ICMP echo request (RFC 792); the kernel fills in its checksum. */
function request(sequence, size) {
  const bytes = Buffer.alloc(size);
  bytes[0] = ECHO;
  bytes.writeUInt16BE(sequence, 6);
  return bytes;
}

serve({
  transport: () => dgram.transport ?? 'builtin',

  /** Sends in one tick. Resolves with the replies as [sequence, size]. */
  async ping({ count, size }) {
    const socket = dgram.createSocket('udp4');
    await new Promise((resolve) => socket.bind({ fd }, resolve));
    const replies = [];
    const sent = [];
    for (let i = 0; i < count; i++) {
      sent.push(new Promise((resolve, reject) => {
        socket.send(request(i, size), 1, '127.0.0.1',
          (error) => error ? reject(error) : resolve());
      }));
    }
    socket.on('message', (msg) =>
      replies.push([msg.readUInt16BE(6), msg.length]));
    await Promise.all(sent);
    while (replies.length < count) await once(socket, 'message');
    socket.close();
    return replies;
  },
});
