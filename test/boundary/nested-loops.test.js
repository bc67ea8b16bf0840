'use strict';

// Listeners that run the event loop, each within the one before, as in a chain
// of synchronous requests.

const assert = require('node:assert');

const { succeedWithOurs } = require('./kit');

const DEPTH = 40;

describe('a listener that runs the event loop', () => {
  it(`receives at a nesting depth of ${DEPTH}`, async () => {
    const [depth] = await succeedWithOurs(`(({ report, load, runLoop }) => {
      const dgram = load();
      const socket = dgram.createSocket('udp4');
      const sender = dgram.createSocket('udp4');
      let depth = 0;
      socket.on('message', () => {
        if (++depth === ${DEPTH}) return;
        sender.send('x', socket.address().port, '127.0.0.1');
        const before = depth;
        process._tickCallback();
        for (let i = 0; i < 1000 && depth === before; i++) runLoop(1);
      });
      socket.bind(0, '127.0.0.1', () => {
        sender.send('x', socket.address().port, '127.0.0.1');
        setTimeout(() => {
          report(depth);
          socket.close();
          sender.close();
        }, 50);
      });
    })`);
    assert.strictEqual(depth, DEPTH);
  });

  it('receives the answer to an earlier datagram of its batch', async () => {
    const reports = await succeedWithOurs(`(({ report, load, runLoop }) => {
      const dgram = load();
      const requester = require('node:dgram').createSocket('udp4');
      const answers = [];
      requester.on('message', (msg) => answers.push(String(msg)));
      let requests = 0;
      const socket = dgram.createSocket('udp4', (msg, { port }) => {
        const n = ++requests;
        if (n === 1) socket.send('answer', port, '127.0.0.1');
        if (n === 2) {
          for (let i = 0; i < 1000 && answers.length === 0; i++) runLoop(1);
          report(answers);
        }
        if (n !== 2) return;
        socket.close();
        requester.close();
      });
      socket.bind(0, '127.0.0.1', () => {
        requester.connect(socket.address().port, '127.0.0.1', () => {
          for (let i = 0; i < 3; i++) requester.send('request');
        });
      });
    })`);
    assert.deepStrictEqual(reports, [['answer']]);
  });

  it('leaves no active idle handle after the last datagram', async () => {
    const [active] = await succeedWithOurs(`(({ report, load, runLoop }) => {
      const dgram = load();
      const socket = dgram.createSocket('udp4');
      const sender = dgram.createSocket('udp4');
      let count = 0;
      socket.on('message', () => {
        if (++count < 10) return;
        // Nothing is pending, so the loop must sleep.
        runLoop(3);
        const { readdirSync } = require('node:fs');
        const active = process.report.getReport().libuv
          .filter(({ type, is_active }) => type === 'idle' && is_active);
        report(active.length);
        socket.close();
        sender.close();
      });
      socket.bind(0, '127.0.0.1', () => {
        const { port } = socket.address();
        for (let i = 0; i < 10; i++) sender.send('x', port, '127.0.0.1');
      });
    })`);
    assert.strictEqual(active, 0);
  });
});
