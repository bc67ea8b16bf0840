'use strict';

// getSendQueueSize() and getSendQueueCount(), and the send queue that
// --test-udp-no-try-send makes Node use.

const assert = require('node:assert');
const {
  bound, connectedTo, describeSince, errnoOf, open, receiveText, reportsOf,
  send,
} = require('../../support/dgram');

describeSince('18.8.0', 'getSendQueueSize() and getSendQueueCount()', () => {
  const isEmpty = (socket) => {
    assert.strictEqual(socket.getSendQueueSize(), 0);
    assert.strictEqual(socket.getSendQueueCount(), 0);
  };

  it('are 0 before and after binding', async () => {
    isEmpty(open('udp4'));
    isEmpty(await bound());
  });

  it('are 0 after everything was sent', async () => {
    const receiver = await bound();
    const socket = await connectedTo(receiver);
    const texts = receiveText(receiver, 3);
    for (let i = 0; i < 3; i++)
      await send(socket, `${i}`);
    isEmpty(socket);
    assert.deepStrictEqual(await texts, ['0', '1', '2']);
    isEmpty(socket);
  });

  it('count queued datagrams with --test-udp-no-try-send', async () => {
    const reports = await reportsOf((dgram, report) => {
      const socket = dgram.createSocket('udp4');
      const counts = () => [socket.getSendQueueSize(),
        socket.getSendQueueCount()];
      socket.bind(0, '127.0.0.1', () => {
        const { port } = socket.address();
        let left = 2;
        const callback = (error, bytes) => {
          report([error, bytes]);
          if (--left === 0) {
            report(counts());
            socket.close();
          }
        };
        socket.send('hello', port, '127.0.0.1', callback);
        socket.send('world', port, '127.0.0.1', callback);
        report(counts());
        process.nextTick(() => report(counts()));
      });
    }, { execArgv: ['--test-udp-no-try-send'] });
    assert.deepStrictEqual(reports,
      [[0, 0], [10, 2], [null, 5], [null, 5], [0, 0]]);
  });

  it('keep the order with --test-udp-no-try-send', async () => {
    const reports = await reportsOf((dgram, report) => {
      const socket = dgram.createSocket('udp4');
      const log = [];
      socket.on('message', (msg) => {
        log.push(`got ${msg}`);
        if (log.length === 10) {
          report(log.filter((entry) => entry.startsWith('got')));
          report(log.filter((entry) => entry.startsWith('sent')));
          socket.close();
        }
      });
      socket.bind(0, '127.0.0.1', () => {
        for (let i = 0; i < 5; i++) {
          socket.send(`${i}`, socket.address().port, '127.0.0.1', () =>
            log.push(`sent ${i}`));
        }
      });
    }, { execArgv: ['--test-udp-no-try-send'] });
    assert.deepStrictEqual(reports, [
      ['got 0', 'got 1', 'got 2', 'got 3', 'got 4'],
      ['sent 0', 'sent 1', 'sent 2', 'sent 3', 'sent 4'],
    ]);
  });

  it('are emptied by close() with ECANCELED for each callback', async () => {
    const reports = await reportsOf((dgram, report) => {
      const peer = dgram.createSocket('udp4');
      peer.bind(0, '127.0.0.1', () => {
        const socket = dgram.createSocket('udp4');
        socket.connect(peer.address().port, () => {
          for (let i = 0; i < 3; i++) {
            socket.send('xyz', (error, bytes) => {
              report([i, { ...error }, bytes]);
              if (i === 2)
                peer.close();
            });
          }
          socket.on('close', () => report('close'));
          socket.close();
        });
      });
    }, { execArgv: ['--test-udp-no-try-send'] });
    const canceled = {
      errno: errnoOf('ECANCELED'), code: 'ECANCELED', syscall: 'send',
    };
    // The first one found an empty queue and may have been sent.
    assert.deepStrictEqual(reports.filter((report) => report[0] !== 0),
      ['close', [1, canceled, 3], [2, canceled, 3]]);
  });
});
