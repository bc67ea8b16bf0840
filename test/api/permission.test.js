'use strict';

// The permission model guards the network since Node 25.

const assert = require('node:assert');
const { inChild, isNative, nodeAtLeast } = require('../support/dgram');

const DENIED = {
  message: 'bind ERR_ACCESS_DENIED Access to this API has been restricted. ' +
    'Use --allow-net to manage permissions.',
  code: 'ERR_ACCESS_DENIED',
  syscall: 'bind',
  keys: ['errno', 'code', 'syscall', 'address'],
};

async function reportsWith(flags, body) {
  const { code, reports, stderr } = await inChild(body, {
    execArgv: ['--permission', '--allow-fs-read=*', ...flags,
      ...(isNative ? ['--allow-addons'] : [])],
  });
  assert.strictEqual(code, 0, stderr);
  return reports;
}

(nodeAtLeast('25.0.0') ? describe : describe.skip)(
  'without --allow-net (since Node 25)', () => {
    for (const [text, body] of [
      ['bind', (dgram, report) => {
        const socket = dgram.createSocket('udp4');
        socket.on('error', (error) => {
          const { message, code, syscall } = error;
          report({ message, code, syscall, keys: Object.keys(error) });
          socket.close();
        });
        socket.bind(0, '127.0.0.1');
      }],
      ['connect', (dgram, report) => {
        const socket = dgram.createSocket('udp4');
        socket.on('error', (error) => {
          const { message, code, syscall } = error;
          report({ message, code, syscall, keys: Object.keys(error) });
          socket.close();
        });
        socket.connect(9, '127.0.0.1');
      }],
      ['send', (dgram, report) => {
        const socket = dgram.createSocket('udp4');
        socket.on('error', (error) => {
          const { message, code, syscall } = error;
          report({ message, code, syscall, keys: Object.keys(error) });
          socket.close();
        });
        socket.send('x', 9, '127.0.0.1', () => report('called back'));
      }],
      ['bindSync', (dgram, report) => {
        const socket = dgram.createSocket('udp4');
        try {
          socket.bindSync();
        } catch (error) {
          const { message, code, syscall } = error;
          report({ message, code, syscall, keys: Object.keys(error) });
        }
      }],
      ['connectSync', (dgram, report) => {
        const socket = dgram.createSocket('udp4');
        try {
          socket.connectSync(9);
        } catch (error) {
          const { message, code, syscall } = error;
          report({ message, code, syscall, keys: Object.keys(error) });
        }
      }],
    ]) {
      it(`${text} is denied`, async () => {
        assert.deepStrictEqual(await reportsWith([], body), [DENIED]);
      });
    }

    it('and with it nothing is', async () => {
      assert.deepStrictEqual(await reportsWith(['--allow-net'],
        (dgram, report) => {
          const socket = dgram.createSocket('udp4');
          socket.on('message', (msg) => {
            report(String(msg));
            socket.close();
          });
          socket.bind(0, '127.0.0.1', () =>
            socket.send('allowed', socket.address().port, '127.0.0.1'));
        }), ['allowed']);
    });
  });
