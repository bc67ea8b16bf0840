'use strict';

// Allocation failures for received datagrams: the error is reported once, the
// block is lost, and later datagrams are delivered.

const assert = require('node:assert');
const { describeNative, reportsOf } = require('../../support/dgram');

describeNative('a failed allocation for a block of datagrams', () => {
  for (const way of ['sharedBuffers', 'batch']) {
    it(`is reported, and later datagrams arrive: ${way}`, async () => {
      const reports = await reportsOf((dgram, report, way) => {
        const { allocUnsafeSlow } = Buffer;
        let failures = 1;
        Buffer.allocUnsafeSlow = (size) => {
          if (failures-- > 0) throw new RangeError('no memory');
          return allocUnsafeSlow(size);
        };
        const sender = dgram.createSocket('udp4');
        const receiver = dgram.createSocket({
          type: 'udp4', sharedBuffers: way === 'sharedBuffers',
        });
        const send = () => {
          for (const text of ['1', '22', '333'])
            sender.send(text, receiver.address().port, '127.0.0.1');
        };
        process.on('uncaughtException', ({ message }) => {
          report(message);
          send();
        });
        let bytes = 0;
        const note = (more) => {
          report(more);
          bytes += more;
          if (bytes < 6) return;
          receiver.close();
          sender.close();
        };
        if (way === 'batch')
          receiver.on('batch', ({ data }) => note(data.length));
        else
          receiver.on('message', (msg) => note(msg.length));
        receiver.bind(0, '127.0.0.1', () => sender.bind(0, send));
      }, { args: [way] });
      assert.strictEqual(reports[0], 'no memory');
      assert.strictEqual(
        reports.slice(1).reduce((sum, bytes) => sum + bytes), 6);
      assert.ok(!reports.includes(0));
    });
  }
});
