'use strict';

// Back-pressure of a slow link: the kernel's send buffer is full, so datagrams
// are queued, and 'drain' follows when the link has taken them.

const assert = require('node:assert');

const { Remote, install } = require('../faults/kit');
const { ADDRESSES, Link, demandNamespaces } = require('./link');

/** More than a GSO send carries, which the kernel takes as a whole. */
const COUNT = 150;
const SIZE = 1400;

describe('\'drain\' on a slow link', function() {
  this.timeout(60000);
  let link;

  before('needs namespaces', demandNamespaces);

  install();

  afterEach(() => {
    link?.end();
    link = undefined;
  });

  for (const transport of ['linux', 'uv']) {
    for (const connect of [false, true]) {
      it(`follows each burst: ${transport}${connect ? ', connected' : ''}`,
         async () => {
           const [here, there] = ADDRESSES.udp4;
           link = new Link();
           link.slowDown('5mbit');
           const sender = new Remote({
             through: link.on(0), env: { DGRAM_NATIVE_TRANSPORT: transport },
           });
           const receiver =
             new Remote({ implementation: 'builtin', through: link.on(1) });
           const target =
             await receiver.call('open', { address: there, roomy: true });
           const { socket } = await sender.call('open', {
             address: here, sendBuffer: 4096, // doubled by the kernel
             to: { connect, port: target.port, address: there },
             options: { sendHighWaterMark: 10 * SIZE },
           });
           const sizes = new Array(COUNT).fill(SIZE);
           for (let burst = 1; burst <= 2; burst++) {
             const first = (burst - 1) * COUNT;
             await sender.call('burst', { socket, sizes, first });
             await sender.call('settled', { socket, count: burst * COUNT });
             assert.deepStrictEqual(await sender.call('flow', { socket }),
               { needed: true, now: false, drains: new Array(burst).fill(0) });
           }
           await sender.end();
           await receiver.end();
         });
    }
  }
});
