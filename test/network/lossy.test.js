'use strict';

// A link that drops, duplicates and reorders datagrams by a schedule. Each
// receiver delivers exactly the datagrams that left the link, with any sender.

const assert = require('node:assert');
const path = require('node:path');
const readline = require('node:readline');
const { execFileSync, spawn } = require('node:child_process');

const { Remote, digests, install } = require('../faults/kit');
const { compileProgram } = require('../support/compile');
const { Link, demandNamespaces, demandTun } = require('./link');

const ADDRESSES = ['198.51.100.1', '198.51.100.2']; // TEST-NET-2 (RFC 5737)
const BURSTS = 5;
const COUNT = 50;
const SIZE = 1200;

/** The box always forwards it, after any delayed datagram. */
const LAST = 0xffffffff;

describe('a link that drops, duplicates and reorders', function() {
  this.timeout(60000);
  let link;
  let box;

  before('needs namespaces', demandNamespaces);

  before('needs tun devices', demandTun);

  install();

  afterEach(() => {
    box?.kill('SIGKILL');
    link?.end();
    box = link = undefined;
  });

  /** @returns {Promise<number[]>} grows with each number that is forwarded */
  async function startBox() {
    link = new Link();
    const program = compileProgram(path.join(__dirname, 'tools', 'box.c'));
    box = spawn(program, [...link.hosts, '7', '10', '10', '20'],
      { stdio: ['ignore', 'pipe', 'pipe'] });
    const passed = [];
    await new Promise((resolve, reject) => {
      let errors = '';
      box.stderr.setEncoding('utf8').on('data', (text) => { errors += text; });
      box.on('error', reject);
      box.on('close', (code, signal) => reject(
        new Error(`the box exited with ${signal ?? code}: ${errors}`)));
      const lines = readline.createInterface({ input: box.stdout });
      lines.on('line', (line) => {
        if (line === 'ready') resolve();
        else passed.push(Number(line));
      });
    });
    link.hosts.forEach((host, i) => {
      for (const args of [
        ['address', 'add', `${ADDRESSES[i]}/24`, 'dev', 't0'],
        ['link', 'set', 't0', 'up'],
      ]) execFileSync('ip', ['-n', host, ...args]);
    });
    return passed;
  }

  async function cross(from, to, transport) {
    const passed = await startBox();
    const [sender, receiver] = [from, to].map((implementation, i) =>
      new Remote({
        implementation, through: link.on(i),
        env: { DGRAM_NATIVE_TRANSPORT: transport },
      }));
    for (const [remote, name] of [[sender, from], [receiver, to]]) {
      assert.strictEqual(await remote.call('transport'),
        name === 'native' ? transport : 'builtin');
    }
    const target = await receiver.call('open',
      { address: ADDRESSES[1], roomy: true });
    const { socket } = await sender.call('open', {
      address: ADDRESSES[0], to: { port: target.port, address: ADDRESSES[1] },
    });
    const received = [];
    for (let burst = 0; burst < BURSTS; burst++) {
      const first = burst * COUNT;
      const sizes = new Array(COUNT).fill(SIZE);
      await sender.call('burst', { socket, sizes, first });
      await sender.call('burst', { socket, sizes: [SIZE], first: LAST });
      await sender.call('settled',
        { socket, count: (burst + 1) * (COUNT + 1) });
      // The box has forwarded the last datagram and any delayed one.
      while (passed.filter((number) => number === LAST).length <= burst)
        await new Promise((resolve) => { setTimeout(resolve, 5); });
      const count = passed.length - received.length;
      const batch = await receiver.call('received', { ...target, count });
      received.push(...batch.received);
    }
    await sender.end();
    await receiver.end();
    const sent = (number) => digests([SIZE], number)[0];
    assert.deepStrictEqual(received, passed.map(sent));
    return passed;
  }

  it('delivers the forwarded datagrams, as with node:dgram', async () => {
    const expected = await cross('builtin', 'builtin', 'linux');
    const once = new Set(expected);
    assert.ok(once.size < BURSTS * COUNT, 'none was dropped');
    assert.ok(expected.length > once.size + BURSTS, 'none was duplicated');
    assert.notDeepStrictEqual([...expected].sort((a, b) => a - b), expected);
    for (const transport of ['linux', 'uv']) {
      for (const [from, to] of [['native', 'builtin'], ['builtin', 'native'],
        ['native', 'native']]) {
        link.end();
        box.kill('SIGKILL');
        assert.deepStrictEqual(await cross(from, to, transport), expected);
      }
    }
  });
});
