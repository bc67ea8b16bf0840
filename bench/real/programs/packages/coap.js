'use strict';

/** CoAP: a client reads a resource of a server, 10 requests at a time. */

const { HOST, freePort, packageRequire, repeat } = require('../../program');

const coap = packageRequire('coap');

const CONCURRENT = 10;

async function main() {
  const port = await freePort();
  const server = coap.createServer((request, response) => {
    response.end('21.5');
  });
  const agent = new coap.Agent({ type: 'udp4' });
  server.listen(port, HOST, () => {
    repeat(CONCURRENT, () => new Promise((resolve, reject) => {
      const request = coap.request({
        host: HOST, port, pathname: '/temperature', agent,
      });
      request.on('error', reject);
      request.on('response', ({ payload }) => {
        if (String(payload) === '21.5') resolve();
        else reject(new Error('another payload'));
      });
      request.end();
    }));
  });
}

main();
