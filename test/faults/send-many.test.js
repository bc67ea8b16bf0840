'use strict';

// sendMany() with injected faults. Its callback is called once, after the last
// of its datagrams was sent or failed. It receives the first error and the
// number of datagrams sent. They arrive once, in order.

const assert = require('node:assert');

const {
  Remote, digests, install, sizesOf, withReceiver,
} = require('./kit');
const { scaled } = require('../support/time');

const AT = '127.0.0.1';

/**
 * `calls` are the lists of sizes passed one after the other, in one tick; no
 * two neighbours have the same size if the script counts datagrams. `queued` is
 * the number of datagrams in the send queue afterwards, `outcomes` are the
 * arguments of the callbacks, `lost` the numbers of the datagrams that failed.
 */
const scenarios = [
  {
    title: 'the whole list is queued',
    script: () => 'send:1-3=EAGAIN', hits: 3,
    calls: ['10x100'], queued: 10,
    outcomes: [[0, null, 10]],
  },
  {
    title: 'queued calls complete in order',
    script: () => 'send:1-2=ENOBUFS', hits: 2,
    calls: ['10x100', '1 2 3', '5'], queued: 14,
    outcomes: [[0, null, 10], [10, null, 3], [13, null, 1]],
  },
  {
    title: 'the rest of a list is queued',
    script: (transport) => transport === 'linux' ?
      'sendmmsg:1=short:3;send:2=EAGAIN' :
      'send:4=EAGAIN',
    calls: ['1 2 3 4 5 6'], queued: 3,
    outcomes: [[0, null, 6]],
  },
  {
    title: 'one datagram fails and the rest is queued',
    script: (transport) => transport === 'linux' ?
      'sendmmsg:1=short:2;send:2=EPERM;send:3=EAGAIN' :
      'send:3=EPERM;send:4=EAGAIN',
    calls: ['1 2 3 4 5 6'], queued: 3, lost: [2],
    outcomes: [[0, 'EPERM', 5]],
  },
  {
    title: 'a queued datagram fails',
    script: () => 'send:1=EAGAIN;send:2=EPERM', hits: 2,
    calls: ['1 2 3 4 5 6', '7 8'], queued: 8, lost: [0],
    outcomes: [[0, 'EPERM', 5], [6, null, 2]],
  },
  {
    title: 'the first of two errors is reported',
    script: () => 'send:1=EPERM;send:2=EACCES', hits: 2,
    calls: ['1 2 3 4 5 6'], queued: 0, lost: [0, 1],
    outcomes: [[0, 'EPERM', 4]],
  },
];

describe('sendMany() with injected faults', function() {
  this.timeout(scaled(20000));
  install();

  const builtin = withReceiver();

  /** A socket that sends to `peer`, in another process. */
  async function sender(transport, faults, connect) {
    const remote = new Remote({
      faults, env: { DGRAM_NATIVE_TRANSPORT: transport },
    });
    assert.strictEqual(await remote.call('transport'), transport);
    const { socket } = await remote.call('open',
      { to: { connect, port: builtin.peer.port, address: AT } });
    return { remote, socket };
  }

  for (const transport of ['linux', 'uv']) {
    for (const [connected, columns] of [
      [false, false], [true, false], [false, true], [true, true],
    ]) {
      const form = `${connected ? 'connected' : 'unconnected'}, ` +
        (columns ? 'columns' : 'list');
      describe(`${transport}, ${form}`,
        () => {
          for (const scenario of scenarios) {
            it(scenario.title,
               () => play(scenario, transport, connected, columns));
          }

          it('close() cancels queued datagrams', async () => {
            const { remote, socket } =
              await sender(transport, 'send:*=EAGAIN', connected);
            const lists = ['1 2 3', '4 5'].map(sizesOf);
            assert.deepStrictEqual(
              await remote.call('sendMany', { socket, lists, columns }),
              { count: 5, size: 15 });
            await remote.call('close', { socket });
            assert.deepStrictEqual(
              await remote.call('settled', { socket, count: 2 }),
              [[0, 'ECANCELED', 0], [3, 'ECANCELED', 0]]);
            await remote.end();
            const { received } = await builtin.receiver.soFar(builtin.peer);
            assert.deepStrictEqual(received, []);
          });
        });
    }
  }

  async function play({ script, calls, queued, outcomes, lost = [], hits },
    transport, connected, columns) {
    const { remote, socket } =
      await sender(transport, script(transport), connected);
    const lists = calls.map(sizesOf);
    const queue = await remote.call('sendMany', { socket, lists, columns });
    assert.strictEqual(queue.count, queued);
    assert.deepStrictEqual(
      await remote.call('settled', { socket, count: outcomes.length }),
      outcomes);
    assert.deepStrictEqual(await remote.call('queue', { socket }),
      { count: 0, size: 0 });

    const expected =
      digests(lists.flat()).filter((_, number) => !lost.includes(number));
    const { received } =
      await builtin.receiver.received(
        { ...builtin.peer, count: expected.length });
    assert.deepStrictEqual(received, expected);

    if (hits === undefined) assert.ok(remote.injected() > 0);
    else assert.strictEqual(remote.injected(), hits);
    await remote.end();
  }
});
