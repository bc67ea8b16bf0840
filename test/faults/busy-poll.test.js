'use strict';

// Busy-polling after an answer (src/transport/linux/busy_poll.h): the fast
// transport looks for another request before the event loop sleeps. poll() is
// scripted, so the test does not depend on the speed of the two processes.

const assert = require('node:assert');

const { Remote, install } = require('./kit');
const { scaled } = require('../support/time');

const AT = '127.0.0.1';

const repeat = (times, value) => new Array(times).fill(value);

describe('busy-polling after an answer', function() {
  this.timeout(scaled(20000));
  // If a request arrives before the server reads again, one poll() serves two
  // answers. That depends on the scheduler.
  this.retries(15);
  install();

  async function start(script, env = {}) {
    const server = new Remote({
      faults: script, env: { DGRAM_NATIVE_TRANSPORT: 'linux', ...env },
    });
    const client = new Remote({ implementation: 'builtin' });
    const target = await server.call('open');
    const { socket } =
      await client.call('open', { to: { port: target.port, address: AT } });
    return { server, client, target, socket };
  }

  /** For each of the first `count` answers: whether poll() was called. */
  async function looks(script, count, env) {
    const { server, client, target, socket } = await start(script, env);
    await server.call('answer', target);
    // System calls after the last answer are not in the log yet.
    await client.call('ask', { socket, times: count + 1 });
    const looked = [];
    for (const { call } of server.seen('sendmsg', 'poll')) {
      if (call === 'sendmsg') looked.push(false);
      else looked[looked.length - 1] = true;
    }
    await server.end();
    await client.end();
    return looked.slice(0, count);
  }

  it('continues while it finds requests', async () => {
    assert.deepStrictEqual(await looks('poll:*=late', 100),
                           repeat(100, true));
  });

  it('pauses for 64 answers when the loop would not have slept', async () => {
    assert.deepStrictEqual(
      await looks('poll:*=ready', 132),
      [true, ...repeat(64, false), true, ...repeat(64, false), true, false]);
  });

  it('pauses later if it was useful before', async () => {
    assert.deepStrictEqual(
      await looks('poll:1-24=late;poll:25+=ready', 175),
      [...repeat(12 + 97, true), ...repeat(64, false), true, false]);
  });

  it('pauses for 64 answers after finding nothing', async () => {
    assert.deepStrictEqual(
      await looks('poll:*=EINTR', 132),
      [true, ...repeat(64, false), true, ...repeat(64, false), true, false]);
  });

  it('retries a few times when requests stop arriving', async () => {
    // A successful busy-poll is two calls, an unsuccessful one is many.
    assert.deepStrictEqual(
      await looks('poll:1-60=late;poll:61+=EINTR', 100),
      [...repeat(30, true), ...repeat(5, true), ...repeat(64, false), true]);
  });

  it('continues when it only occasionally finds nothing', async () => {
    const looked = await looks(
      'poll:1-24=late;poll:25-26=EINTR;poll:27+=late', 40);
    assert.deepStrictEqual(looked, repeat(40, true));
  });

  for (const env of [
    { DGRAM_NATIVE_BUSY_POLL: '0' }, { DGRAM_NATIVE_TRANSPORT: 'uv' },
  ]) {
    it(`is disabled by ${Object.entries(env)[0].join('=')}`, async () => {
      assert.deepStrictEqual(await looks('poll:*=ready', 20, env),
                             repeat(20, false));
    });
  }

  it('is skipped while the event loop has other work', async () => {
    const { server, client, target, socket } = await start('poll:*=ready');
    await server.call('answer', { ...target, busy: true });
    await client.call('ask', { socket, times: 5 });
    assert.deepStrictEqual(server.seen('poll'), []);
    await server.end();
    await client.end();
  });

  it('is skipped when no answer was sent', async () => {
    const { server, client, target, socket } = await start('');
    for (let i = 0; i < 5; i++) {
      await client.call('burst', { socket, sizes: [64], first: i });
      await server.call('received', { ...target, count: 1 });
    }
    assert.deepStrictEqual(server.seen('poll'), []);
    await server.end();
    await client.end();
  });
});
