'use strict';

/** STUN: a client asks a server for its address, 10 requests at a time. */

const { HOST, freePort, packageRequire, repeat } = require('../../program');

const stun = packageRequire('stun');

const { STUN_BINDING_RESPONSE, STUN_EVENT_BINDING_REQUEST } = stun.constants;

const CONCURRENT = 10;

async function main() {
  const port = await freePort();
  const server = stun.createServer({ type: 'udp4' });
  server.on(STUN_EVENT_BINDING_REQUEST, (request, rinfo) => {
    const reply = stun.createMessage(
      STUN_BINDING_RESPONSE, request.transactionId);
    reply.addXorAddress(rinfo.address, rinfo.port);
    server.send(reply, rinfo.port, rinfo.address);
  });
  server.listen(port, HOST, () => {
    repeat(CONCURRENT, async () => {
      const reply = await stun.request(`${HOST}:${port}`);
      const { address } = reply.getXorAddress();
      if (address !== HOST) throw new Error(`the address is ${address}`);
    });
  });
}

main();
