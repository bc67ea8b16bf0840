'use strict';

// Pacing by the fq queueing discipline of an interface: send times, and rates.

const assert = require('node:assert');
const { execFileSync } = require('node:child_process');
const os = require('node:os');

const { until } = require('../e2e/support/limited');
const { Remote, killRemotes } = require('../support/remote');
const { Lab } = require('./lab');
const { demandNamespaces } = require('./link');

const MS = 1e6; // nanoseconds

describe('pacing by the fq queueing discipline', function() {
  this.timeout(60000);
  let lab;
  let sender;
  let receiver;
  let to;
  let inbox;

  before('needs namespaces', demandNamespaces);

  before('needs fq', async function() {
    lab = new Lab('a', 'b');
    await lab.cable(['a', 'v0', '192.0.2.1/24', '2001:db8::1/64'],
                    ['b', 'v0', '192.0.2.2/24', '2001:db8::2/64']);
    const [command, ...args] = lab.on('a');
    try {
      execFileSync(command,
        [...args, 'tc', 'qdisc', 'add', 'dev', 'v0', 'root', 'fq'],
        { stdio: ['ignore', 'pipe', 'pipe'], encoding: 'utf8' });
    } catch ({ stderr, message }) {
      console.log(`    no fq: ${(stderr || message).trim()}`);
      this.skip();
    }
  });

  beforeEach(async () => {
    const start = (name) => new Remote(require.resolve('./host'), {
      through: lab.on(name), patience: 20000,
      env: { DGRAM_NATIVE_TRANSPORT: 'linux' },
    });
    sender = start('a');
    receiver = start('b');
    inbox = await receiver.call('open', {
      options: { type: 'udp4', receiveInfo: ['timestamp'] },
      address: '0.0.0.0',
    });
    to = { port: inbox.port, address: '192.0.2.2' };
    // The neighbour is resolved, and the receiver's clock runs.
    const { id } = await sender.call('open',
      { options: { type: 'udp4' }, address: '0.0.0.0' });
    await sender.call('send', { id, text: 'first', to: [to] });
    await until('the first datagram', async () =>
      (await receiver.call('infos', inbox)).length === 1);
  });

  afterEach(killRemotes);

  after(() => lab?.end());

  const open = async (options) => (await sender.call('open',
    { options: { type: 'udp4', ...options }, address: '0.0.0.0' })).id;

  /** When datagrams arrived, in milliseconds after the earliest, by text. */
  async function arrivals(count) {
    let infos = [];
    await until(() => `${count} datagrams, ${infos.length} so far`,
      async () => {
        infos = (await receiver.call('infos', inbox)).slice(1);
        return infos.length >= count;
      });
    const times = infos.map(({ timestamp }) => Number(timestamp) / MS);
    const first = Math.min(...times);
    return infos.map(({ text }, i) => [text, times[i] - first]);
  }

  /** fq looks at its timers less often than this, in milliseconds. */
  const TOLERANCE = 30;

  function near(actual, expected) {
    assert.deepStrictEqual(actual.map(([text]) => text),
      expected.map(([text]) => text));
    for (const [i, [, time]] of expected.entries()) {
      assert.ok(Math.abs(actual[i][1] - time) < TOLERANCE,
        `${actual.map(([, at]) => at.toFixed(1))}`);
    }
  }

  it('sends each datagram at its time', async () => {
    const id = await open({ txtime: 'monotonic' });
    await sender.call('paced', { id, to, delays: [100, 200, 200, 450] });
    near(await arrivals(4), [['0', 0], ['1', 100], ['2', 100], ['3', 350]]);
  });

  it('sends earlier those whose time is earlier', async () => {
    const id = await open({ txtime: 'monotonic' });
    await sender.call('paced', { id, to, delays: [400, 100, 250] });
    const actual = await arrivals(3);
    // Linux 5.10 wakes up for the time of the first one only.
    const isTogether = actual.every(([, at]) => at < TOLERANCE);
    near(actual, isTogether && Number.parseInt(os.release(), 10) < 6 ?
      [['1', 0], ['2', 0], ['0', 0]] :
      [['1', 0], ['2', 150], ['0', 300]]);
  });

  it('sends those of a GSO send together', async () => {
    const id = await open({ txtime: 'monotonic' });
    await sender.call('paced', {
      id, to, delays: [100, 100, 100, 300, 300, 300], many: true, size: 1000,
    });
    const texts = ['0', '1', '2', '3', '4', '5'];
    near((await arrivals(6)).map(([text, at]) => [text[0], at]),
         texts.map((text, i) => [text, i < 3 ? 0 : 200]));
  });

  for (const [title, rates] of [
    ['spaces the datagrams of a socket with setPacingRate()', [20_000]],
    // Linux takes the lower one of the new and the current rate of UDP.
    ['is not sped up by a higher rate', [20_000, 1_000_000]],
    ['is slowed down by a lower rate', [1_000_000, 20_000]],
  ]) it(title, async () => {
    const id = await open();
    for (const rate of rates)
      await sender.call('call', { id, method: 'setPacingRate', args: [rate] });
    // The first ones leave at once: the initial quantum of fq is 10 packets.
    const count = 30;
    for (let i = 0; i < count; i++)
      await sender.call('send', { id, size: 958, to: [to] });
    const times = (await arrivals(count)).map(([, at]) => at);
    // 1,000 bytes with headers: 20 per second, or 50 ms each.
    const last = times.slice(-10);
    const average = (last[9] - last[0]) / 9;
    assert.ok(average > 40 && average < 60, `${times.map(Math.round)}`);
  });
});
