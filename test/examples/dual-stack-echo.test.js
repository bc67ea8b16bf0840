'use strict';

const assert = require('node:assert');
const dgram = require('node:dgram');
const { once } = require('node:events');

const { limited } = require('../e2e/support/limited');
const { hasIPv6 } = require('../support/dgram');
const { ask, useExamples } = require('./support');

describe('examples/dual-stack-echo.js', () => {
  const examples = useExamples();

  before(function() {
    if (!hasIPv6) this.skip();
  });

  it('answers IPv4 and IPv6', async () => {
    const server = examples.run('dual-stack-echo.js', '0');
    const [, port] = await server.prints(/^echo on ::, port (\d+),/m);
    const peer = await examples.peer();
    assert.strictEqual(await ask(peer, Number(port), 'hello'), 'hello');
    await server.prints(/^IPv4 127\.0\.0\.1: 5 bytes$/m);

    const peer6 = dgram.createSocket('udp6');
    try {
      const answer = once(peer6, 'message');
      peer6.send('hello6', Number(port), '::1');
      const [msg, { address }] = await limited('an answer', answer);
      assert.deepStrictEqual([String(msg), address], ['hello6', '::1']);
    } finally {
      peer6.close();
    }
    await server.prints(/^IPv6 ::1: 6 bytes$/m);
    await server.end();
  });
});
