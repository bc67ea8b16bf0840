'use strict';

// epoll does not accept a descriptor. A listener for that error closes the
// socket and runs the event loop, which frees the socket.

const assert = require('node:assert');
const path = require('node:path');

const { compileLibrary } = require('../support/compile');
const { succeed } = require('./kit');

describe('a socket that the listener of a failed start closes', function() {
  before(function() {
    if (process.platform !== 'linux') this.skip();
  });

  it('is not used after it was freed', async () => {
    const library =
      compileLibrary(path.join(__dirname, '..', 'faults', 'no-watches.c'));
    const reports = await succeed(`(({ report, load, runLoop, overwrite }) => {
      const dgram = load();
      const socket = dgram.createSocket('udp4');
      socket.on('error', ({ message }) => {
        socket.close();
        runLoop();
        overwrite();
        report(message);
      });
      socket.bind(0, '127.0.0.1');
    })`, { env: { DGRAM_NATIVE_TRANSPORT: 'linux', LD_PRELOAD: library } });
    assert.deepStrictEqual(reports, ['linux', 'recvmsg ENOSPC']);
  });
});
