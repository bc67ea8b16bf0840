'use strict';

// Promises of datagrams that wait for a writable socket.

const assert = require('node:assert');
const path = require('node:path');

const { compileLibrary } = require('../support/compile');
const { inChild, isLinux, modulePath } = require('../support/dgram');

const FAULTS = path.join(__dirname, 'faults.c');
const PROMISES = path.join(path.dirname(modulePath), 'promises.js');

(isLinux ? describe : describe.skip)('promises of datagrams that wait', () => {
  for (const transport of ['linux', 'uv']) {
    for (const [title, method, expected] of [
      ['are fulfilled after detach()', 'detach', [1, 2]],
      ['are rejected by close()', 'close', ['ECANCELED', 'ECANCELED']],
    ]) {
      it(`${title}: ${transport}`, async () => {
        const { code, stderr, reports } = await inChild(
          async (dgram, report, file, ending) => {
            const { createSocket } = require(file);
            const peer = createSocket('udp4');
            const { port } = await peer.bind(0, '127.0.0.1');
            const socket = createSocket('udp4');
            await socket.bind(0, '127.0.0.1');
            socket.connectSync(port, '127.0.0.1');
            const results = [socket.send('a'), socket.sendMany(['b', 'c'])]
              .map((promise) => promise.catch((error) => error.code));
            const ended = socket[ending]();
            report(await Promise.all(results));
            await ended;
            process.exit();
          }, {
            args: [PROMISES, method],
            env: {
              DGRAM_NATIVE_TRANSPORT: transport,
              LD_PRELOAD: compileLibrary(FAULTS),
              DGRAM_FAULTS: 'send:1-60=EAGAIN',
            },
          });
        assert.deepStrictEqual({ code, stderr, reports },
          { code: 0, stderr: '', reports: [expected] });
      });
    }
  }
});
