'use strict';

const assert = require('node:assert');
const dgram = require('node:dgram');
const { once } = require('node:events');

const { limited } = require('../e2e/support/limited');
const packed = require('../support/package');
const { ask, useExamples } = require('./support');

const { features } = require(packed.main);

/** Every address of 127.0.0.0/8 except this one is an address of the host. */
const BROADCAST = '127.255.255.255';

describe('examples/answer-address.js', () => {
  const examples = useExamples();

  before(function() {
    if (!features.receiveInfo || !features.sendSettings) this.skip();
  });

  async function start(...args) {
    const server = examples.run('answer-address.js', '0', ...args);
    const [, port] = await server.prints(/^echo on \S+, port (\d+),/m);
    return { server, port: Number(port) };
  }

  for (const [host, mapped] of [['0.0.0.0', ''], ['::', '::ffff:']]) {
    it(`answers from the address that was asked, ${host}`, async () => {
      const { server, port } = await start(host);
      for (const address of ['127.0.0.1', '127.0.0.2', '127.1.2.3']) {
        const peer = await examples.peer();
        const answer = once(peer, 'message');
        peer.send('hello', port, address);
        const [msg, rinfo] = await limited(`an answer of ${address}`, answer);
        assert.deepStrictEqual([String(msg), rinfo.address, rinfo.port],
          ['hello', address, port]);
        await server.prints(new RegExp(
          `^${mapped}127\\.0\\.0\\.1 asked ${mapped}${address}$`, 'm'));
      }
      await server.end();
    });

    it(`answers a broadcast from an address of the host, ${host}`, async () => {
      const { server, port } = await start(host);
      const peer = await examples.peer();
      peer.setBroadcast(true);
      const answer = once(peer, 'message');
      peer.send('anybody?', port, BROADCAST);
      const [msg, rinfo] = await limited('an answer to a broadcast', answer);
      assert.deepStrictEqual([String(msg), rinfo.address, rinfo.port],
        ['anybody?', '127.0.0.1', port]);
      await server.prints(
        new RegExp(`asked ${mapped}${BROADCAST.replaceAll('.', '\\.')}$`, 'm'));
      // The next answer is sent from the address again.
      assert.strictEqual(await ask(peer, port, 'next'), 'next');
      await server.end();
    });
  }

  it('answers IPv6', async function() {
    const peer = dgram.createSocket('udp6');
    try {
      peer.bind(0, '::1');
      try {
        await once(peer, 'listening');
      } catch {
        this.skip(); // There is no IPv6.
      }
      const { server, port } = await start();
      const answer = once(peer, 'message');
      peer.send('hello', port, '::1');
      const [msg, { address }] = await limited('an answer', answer);
      assert.deepStrictEqual([String(msg), address], ['hello', '::1']);
      await server.prints(/^::1 asked ::1$/m);
      await server.end();
    } finally {
      peer.close();
    }
  });
});
