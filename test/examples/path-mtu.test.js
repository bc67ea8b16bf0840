'use strict';

// Behind a router: test/network/options.test.js.

const assert = require('node:assert');

const { useExamples } = require('./support');

describe('examples/path-mtu.js', () => {
  const examples = useExamples();

  before(function() {
    if (process.platform !== 'linux') this.skip();
  });

  it('finds that loopback carries the longest datagram', async () => {
    const echo = examples.run('echo.js', '0');
    const [, port] = await echo.prints(/^echo on 127\.0\.0\.1:(\d+),/m);
    const search = examples.run('path-mtu.js', port);
    await search.finished();
    assert.match(search.output,
      /^path MTU to 127\.0\.0\.1: 65535 bytes, payload 65507 bytes; the kernel /);
    await echo.end();
  });
});
