'use strict';

// Options that the kernel refuses: bind() fails, and names an option of
// createSocket(). The socket can be bound later. SO_TXTIME requires Linux 4.19;
// sandboxes may refuse any option.

const assert = require('node:assert');
const path = require('node:path');

const { compileLibrary } = require('../support/compile');
const { inChild } = require('../support/dgram');
const { install } = require('./kit');

async function program(dgram, report, options) {
  const { once } = require('node:events');
  const socket = dgram.createSocket(options);
  const address = options.type === 'udp4' ? [0, '127.0.0.1'] : [];
  const describe = ({ message, option }) => report([message, option]);
  socket.bind(...address);
  const [error] = await once(socket, 'error');
  describe(error);
  try {
    socket.bindSync(...options.type === 'udp4' ? [{ address: '127.0.0.1' }] :
      []);
  } catch (again) {
    describe(again);
  }
  // The third time the kernel accepts it.
  socket.bind(...address);
  await once(socket, 'listening');
  const place = socket.address();
  socket.send('x', ...place.path === undefined ?
    [place.port, place.address] : [place.path]);
  report(String((await once(socket, 'message'))[0]));
  socket.close();
}

describe('options that the kernel refuses', () => {
  install();

  const timed = { type: 'udp4', txtime: 'monotonic' };
  const unix = { type: 'unix_dgram', receiveInfo: ['credentials'] };

  for (const [name, options, error, failure] of [
    ['txtime', timed, 'ENOPROTOOPT', ['setsockopt ENOPROTOOPT', 'txtime']],
    ['txtime', timed, 'EPERM', ['setsockopt EPERM', 'txtime']],
    ['passcred', unix, 'EPERM', ['bind EPERM', null]],
  ]) {
    it(`${name}: ${error}`, async () => {
      const { code, stderr, reports } = await inChild(program, {
        args: [options],
        env: {
          LD_PRELOAD: compileLibrary(path.join(__dirname, 'faults.c')),
          DGRAM_FAULTS: `setsockopt:1-2:${name}=${error}`,
          DGRAM_NATIVE_TRANSPORT: 'linux',
        },
      });
      assert.deepStrictEqual({ code, stderr, reports },
        { code: 0, stderr: '', reports: [failure, failure, 'x'] });
    });
  }
});
