'use strict';

// writableNeedDrain and 'drain' while the kernel takes no datagrams.

const assert = require('node:assert');

const { Remote, install, withReceiver } = require('./kit');

const AT = '127.0.0.1';
const SIZES = [100, 200, 300];

describe('back-pressure of a full kernel', () => {
  install();
  const receiving = withReceiver();

  for (const transport of ['linux', 'uv']) {
    for (const connect of [false, true]) {
      for (const [title, script, mark, drains] of [
        ['EAGAIN above the mark', 'send:1-3=EAGAIN', 600, 1],
        ['EAGAIN below the mark', 'send:1-3=EAGAIN', 601, 0],
        ['ENOBUFS above the mark', 'send:1-3=ENOBUFS', 600, 1],
        ['no fault', '', 0, 0],
        ['an error of the queued datagrams',
          'send:1=EAGAIN;send:2-4=EPERM', 600, 1],
      ]) {
        it(`${title}: ${transport}${connect ? ', connected' : ''}`,
           async () => {
             const { port } = receiving.peer;
             const sender = new Remote({
               faults: script, env: { DGRAM_NATIVE_TRANSPORT: transport },
             });
             const { socket } = await sender.call('open', {
               to: { port, address: AT, connect },
               options: { sendHighWaterMark: mark },
             });
             const queue = await sender.call('burst', { socket, sizes: SIZES });
             await sender.call('settled', { socket, count: SIZES.length });
             const flow = await sender.call('flow', { socket });
             assert.deepStrictEqual(flow,
               { needed: drains > 0 && queue.size >= mark, now: false,
                 drains: new Array(drains).fill(0) });
             await sender.end();
           });
      }
    }
  }
});
