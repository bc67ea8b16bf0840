'use strict';

// Behind a router: test/network/icmp-errors.test.js.

const assert = require('node:assert');

const { dgram } = require('../support/dgram');
const { useExamples } = require('./support');

describe('examples/traceroute.js', () => {
  const examples = useExamples();

  before(function() {
    if (!dgram.features.icmpErrors) this.skip();
  });

  for (const address of ['127.0.0.1', '127.1.2.3']) {
    it(`reaches ${address} with the first probe`, async () => {
      const trace = examples.run('traceroute.js', address);
      await trace.finished();
      assert.match(trace.output,
        new RegExp(`^1 {2}${address} {2}\\d+\\.\\d\\d ms\n$`));
    });
  }
});
