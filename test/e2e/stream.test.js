'use strict';

const assert = require('node:assert');
const { createHash } = require('node:crypto');

const { until } = require('./support/limited');
const { SIZE, packets } = require('./support/rtp');
const { useStage } = require('./support/stage');

/** Packets in flight at one time; they fit into any receive buffer. */
const GROUP = 40;
const GROUPS = 12;
const COUNT = GROUP * GROUPS;

const stream = Buffer.concat(packets(0, COUNT));
const sha256 = (bytes) => createHash('sha256').update(bytes).digest('hex');

/** @param {(first: number) => Promise<void>} move  moves one group */
async function inGroups(move) {
  for (let first = 0; first < COUNT; first += GROUP) await move(first);
}

const groupAt = (first) =>
  stream.subarray(first * SIZE, (first + GROUP) * SIZE);

describe('a stream of packets to or from socat', () => {
  const stage = useStage({ socat: 'socat' });

  /** The whole output of a process. */
  function gather(readable) {
    const chunks = [];
    readable.on('data', (chunk) => chunks.push(chunk));
    return {
      bytes: () => Buffer.concat(chunks),
      length: () => chunks.reduce((sum, { length }) => sum + length, 0),
    };
  }

  it('is received completely and in order', async () => {
    const program = await stage.program('stream');
    const port = await program.call('receive');
    const socat = await stage.server('socat', (own) => [
      '-u', '-b', String(SIZE), 'STDIN',
      `UDP-SENDTO:127.0.0.1:${port},bind=127.0.0.1:${own}`,
    ], { stdin: 'pipe' });

    await inGroups(async (first) => {
      socat.stdin.write(groupAt(first));
      await until(() => `packets up to ${first + GROUP}`, async () => {
        const { inOrder, others } = await program.call('state');
        return inOrder + others >= first + GROUP;
      });
    });
    assert.deepStrictEqual(await program.call('state'),
      { inOrder: COUNT, others: 0 });
    assert.strictEqual(await program.call('hash'), sha256(stream));
    assert.strictEqual((await program.end()).received, COUNT);
  });

  it('is sent completely and in order', async () => {
    // -v: socat prints the size of each datagram on standard error.
    const socat = await stage.server('socat', (port) => [
      '-u', '-v', '-b', '65536', `UDP-RECV:${port},bind=127.0.0.1`, 'STDOUT',
    ]);
    const received = gather(socat.stdout);
    const program = await stage.program('stream');

    await inGroups(async (first) => {
      assert.deepStrictEqual(
        await program.call('send', socat.port, first, GROUP),
        Array.from({ length: GROUP }, () => SIZE));
      await until(() => `packets up to ${first + GROUP}`,
        () => received.length() >= (first + GROUP) * SIZE);
    });
    assert.strictEqual(sha256(received.bytes()), sha256(stream));
    await until('a line for each datagram', () =>
      socat.errors.match(/ length=1200 from=\d+ to=/g)?.length === COUNT);
    assert.strictEqual((await program.end()).sent, COUNT);
  });

  it('is echoed completely and in order', async () => {
    const program = await stage.program('stream');
    const port = await program.call('echo');
    const socat = await stage.server('socat', (own) => [
      '-b', String(SIZE), 'STDIO',
      `UDP:127.0.0.1:${port},bind=127.0.0.1:${own}`,
    ], { stdin: 'pipe' });
    const received = gather(socat.stdout);

    await inGroups(async (first) => {
      socat.stdin.write(groupAt(first));
      await until(() => `packets up to ${first + GROUP}`,
        () => received.length() >= (first + GROUP) * SIZE);
    });
    assert.strictEqual(sha256(received.bytes()), sha256(stream));
    const { sent, received: count } = await program.end();
    assert.deepStrictEqual({ sent, count }, { sent: COUNT, count: COUNT });
  });
});
