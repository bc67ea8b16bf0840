'use strict';

// detach() while datagrams wait for a writable socket: two sockets have the
// descriptor until they have left.

const assert = require('node:assert');
const path = require('node:path');

const { compileLibrary } = require('../support/compile');
const { inChild, isLinux } = require('../support/dgram');

const FAULTS = path.join(__dirname, 'faults.c');

(isLinux ? describe : describe.skip)('detach() with a queue', () => {
  for (const transport of ['linux', 'uv']) {
    it(`counts the drops of the kernel once: ${transport}`, async () => {
      const { code, stderr, reports } = await inChild(
        async (dgram, report) => {
          const { spawnSync } = require('node:child_process');
          const { setTimeout: sleep } = require('node:timers/promises');
          const socket =
            dgram.createSocket({ type: 'udp4', recvBufferSize: 4096 });
          const { port } = socket.bindSync({ address: '127.0.0.1' });
          let waits = true;
          socket.sendMany(['x', 9, '127.0.0.1'], () => {
            waits = false;
          });
          report(socket.getSendQueueCount());
          const next = dgram.createSocket({ from: socket.detach() }).pause();
          const flood = `
            const socket = require('node:dgram').createSocket('udp4');
            let left = 100;
            for (let i = 0; i < 100; i++)
              socket.send(Buffer.alloc(500), ${port}, '127.0.0.1', () => {
                if (--left === 0) socket.close();
              });`;
          spawnSync(process.execPath, ['-e', flood],
                    { env: { ...process.env, LD_PRELOAD: '' } });
          const { kernelDrops } = next.stats();
          report(kernelDrops > 0);
          report(dgram.stats().kernelDrops === kernelDrops);
          while (waits) await sleep(5);
          await sleep(5);
          report(dgram.stats().kernelDrops === kernelDrops);
          process.exit();
        }, {
          env: {
            DGRAM_NATIVE_TRANSPORT: transport,
            LD_PRELOAD: compileLibrary(FAULTS),
            DGRAM_FAULTS: 'send:1-60=EAGAIN',
          },
        });
      assert.deepStrictEqual({ code, stderr, reports },
        { code: 0, stderr: '', reports: [1, true, true, true] });
    });
  }
});
