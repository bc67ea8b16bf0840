'use strict';

// --pending-deprecation: the package causes no warning and suppresses none of
// the program's.

const assert = require('node:assert');
const { reportsOf } = require('../../support/dgram');

const FLAGS = {
  'thrown deprecations': ['--pending-deprecation', '--throw-deprecation'],
  'pending deprecations': ['--pending-deprecation'],
};

describe('a batch of several datagrams', () => {
  for (const [name, execArgv] of Object.entries(FLAGS)) {
    it(`is delivered with ${name}`, async () => {
      const reports = await reportsOf((dgram, report) => {
        const receiver = dgram.createSocket('udp4');
        const sender = dgram.createSocket('udp4');
        let count = 0;
        receiver.on('message', (msg) => {
          report(String(msg));
          process.nextTick(report, `tick after ${msg}`);
          if (++count < 10) return;
          receiver.close();
          sender.close();
        });
        receiver.bind(0, '127.0.0.1', () => {
          const { port } = receiver.address();
          for (let i = 0; i < 10; i++) sender.send(`${i}`, port, '127.0.0.1');
        });
      }, { execArgv });
      assert.deepStrictEqual(reports, Array.from(
        { length: 10 }, (_, i) => [`${i}`, `tick after ${i}`]).flat());
    });
  }

  it('does not suppress warnings of the program', async () => {
    const reports = await reportsOf((dgram, report) => {
      process.removeAllListeners('warning');
      process.on('warning', ({ code }) => report(code));
      const { emitWarning } = process;
      const receiver = dgram.createSocket('udp4');
      const sender = dgram.createSocket('udp4');
      let count = 0;
      receiver.on('message', () => {
        process.nextTick(() => {
          process.emitWarning('on purpose', 'Warning', `OWN${count}`);
        });
        if (++count < 3) return;
        receiver.close();
        sender.close();
        setImmediate(() => report(process.emitWarning === emitWarning));
      });
      receiver.bind(0, '127.0.0.1', () => {
        const { port } = receiver.address();
        for (let i = 0; i < 3; i++) sender.send('x', port, '127.0.0.1');
      });
    }, { execArgv: ['--pending-deprecation'] });
    assert.deepStrictEqual(reports, ['OWN1', 'OWN2', 'OWN3', true]);
  });
});
