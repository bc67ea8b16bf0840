'use strict';

// As a global it is looked up each time: Node defines it with a getter.
const { Buffer } = require('node:buffer');

/**
 * A received datagram as the value of the 'batch' event, in the columns of
 * batch/inbox.js.
 * @param {'udp4'|'udp6'} type of the socket
 * @param {Uint8Array} message
 * @param {{address: string, port: number}} rinfo
 * @param {boolean} isShared whether listeners of 'message' receive it, too
 * @returns {{count: number, data: Buffer, offsets: Uint32Array,
 *   sizes: Uint32Array, ports: Uint16Array, addresses: string[],
 *   family: string}}
 */
function toBatch(type, message, { address, port }, isShared) {
  return {
    count: 1,
    data: isShared || !Buffer.isBuffer(message) ?
      Buffer.from(message) :
      message,
    offsets: Uint32Array.of(0),
    sizes: Uint32Array.of(message.length),
    ports: Uint16Array.of(port),
    addresses: [address],
    family: type === 'udp6' ? 'IPv6' : 'IPv4',
  };
}

module.exports = { toBatch };
