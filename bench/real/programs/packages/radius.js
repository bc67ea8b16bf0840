'use strict';

/** RADIUS: a client authenticates users at a server, 20 at a time. */

const dgram = require('node:dgram');
const { HOST, RECV_BUFFER, packageRequire, repeat } =
  require('../../program');

const radius = packageRequire('radius');

const CONCURRENT = 20;
const SECRET = 'secret';
const PASSWORD = 'beverly123';

const server = dgram.createSocket({
  type: 'udp4', recvBufferSize: RECV_BUFFER,
});
const client = dgram.createSocket('udp4');
const waiting = new Map();
let identifier = 0;

server.on('message', (message, { port, address }) => {
  const packet = radius.decode({ packet: message, secret: SECRET });
  const code = packet.attributes['User-Password'] === PASSWORD ?
    'Access-Accept' : 'Access-Reject';
  const reply = radius.encode_response({ packet, code, secret: SECRET });
  server.send(reply, 0, reply.length, port, address, (error) => {
    if (error) throw error;
  });
});

client.on('message', (message) => {
  const { code, identifier: id } =
    radius.decode({ packet: message, secret: SECRET });
  if (code !== 'Access-Accept') throw new Error(`${code} for the user`);
  waiting.get(id)();
});

function authenticate() {
  identifier = (identifier + 1) % 256;
  const request = radius.encode({
    code: 'Access-Request', identifier, secret: SECRET,
    attributes: [
      ['User-Name', 'jlpicard'],
      ['User-Password', PASSWORD],
      ['NAS-IP-Address', HOST],
    ],
  });
  const id = identifier;
  return new Promise((resolve) => {
    waiting.set(id, resolve);
    client.send(request, 0, request.length, server.address().port, HOST);
  });
}

server.bind(0, HOST, () => repeat(CONCURRENT, authenticate));
