'use strict';

// A name server on a free port, or a resolver, with dns2.

const { Packet, UDPClient, createServer } = require('dns2');

const { serve } = require('../support/inside');

const { TYPE, CLASS } = Packet;

/** The records of the server, in the format of dns2. */
const ZONE = {
  'a.example': [{ type: TYPE.A, address: '192.0.2.1' }],
  'aaaa.example': [{ type: TYPE.AAAA, address: '2001:db8:0:0:0:0:0:1' }],
  'mx.example': [{ type: TYPE.MX, exchange: 'a.example', priority: 10 }],
  // More than the 512 bytes of an answer without EDNS, less than EDNS allows.
  'big.example': Array.from({ length: 5 }, (_, i) => ({
    type: TYPE.TXT, data: String.fromCharCode(97 + i).repeat(200),
  })),
};

/** `n7.example` is 192.0.2.7, so that each of many answers differs. */
function numbered(name) {
  const number = /^n(\d+)\.example$/.exec(name)?.[1];
  return number && [{ type: TYPE.A, address: `192.0.2.${number}` }];
}

function handle(request, send) {
  const response = Packet.createResponseFromRequest(request);
  const [{ name, type }] = request.questions;
  const records = ZONE[name.toLowerCase()] ?? numbered(name);
  if (records === undefined) response.header.rcode = Packet.RCODE.NXDOMAIN;
  for (const record of records ?? []) {
    if (record.type === type)
      response.answers.push({ name, class: CLASS.IN, ttl: 60, ...record });
  }
  send(response);
}

async function listen(type, address) {
  const server = createServer({ udp: { type }, handle });
  const { udp } = await server.listen({ udp: { port: 0, address } });
  return udp.port;
}

async function resolve(port, name) {
  const ask = UDPClient({ dns: '127.0.0.1', port });
  const { answers } = await ask(name);
  return answers.map(({ address }) => address);
}

serve({ listen, resolve });
