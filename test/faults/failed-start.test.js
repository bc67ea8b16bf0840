'use strict';

// epoll does not accept a descriptor.

const assert = require('node:assert');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');

const { codes } = require('../native/kit');
const { compileLibrary } = require('../support/compile');
const { succeed } = require('../boundary/kit');

describe('a socket that epoll does not accept', function() {
  let library;

  before(function() {
    if (process.platform !== 'linux') this.skip();
    library =
      compileLibrary(path.join(__dirname, 'no-watches.c'));
  });

  // The listener runs the event loop, which frees the socket.
  it('is not used after its listener has closed it', async () => {
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
  for (const isRevealed of [false, true]) {
    const whose = isRevealed ? 'the program knows' : 'only C knows';
    it(`fails if it can no longer receive: ${whose} the descriptor`,
      async () => {
        const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'dgram-'));
        const file = path.join(folder, 'full');
        const reports = await succeed(({ fs, report, native }, file, show) => {
          const core = native.open();
          const { handle } = core.bound();
          if (show) report(handle.fd > 0);
          handle.onError = (code) => {
            report(code);
            process.exit();
          };
          handle.recvStart();
          setTimeout(() => {
            fs.writeFileSync(file, '');
            core.binding.setDestination(3, 4, '127.0.0.1', 9);
            core.binding.queueAlways(true);
            report(core.send([handle, 3, 'x', 1]).statuses);
            setTimeout(() => report('silence'), 1000);
          }, 20);
        }, {
          args: [file, isRevealed],
          env: {
            DGRAM_NATIVE_TRANSPORT: 'linux',
            LD_PRELOAD: library,
            NO_WATCHES_FILE: file,
          },
        }).finally(() => fs.rmSync(folder, { recursive: true }));
        const { ENOSPC } = codes;
        assert.deepStrictEqual(
          reports, [...isRevealed ? [true] : [], [ENOSPC], ENOSPC]);
      });
  }
});
