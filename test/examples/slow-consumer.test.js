'use strict';

const assert = require('node:assert');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');

const { until } = require('../e2e/support/limited');
const { useExamples } = require('./support');

const COUNT = 500;

describe('examples/slow-consumer.js', () => {
  const examples = useExamples();
  let directory;

  beforeEach(() => {
    directory = fs.mkdtempSync(path.join(os.tmpdir(), 'dgram-slow-'));
  });

  afterEach(() => fs.rmSync(directory, { recursive: true, force: true }));

  it('writes every datagram of a burst', async () => {
    const file = path.join(directory, 'output');
    const consumer = examples.run('slow-consumer.js', '0', file, '1');
    const [, port] =
      await consumer.prints(/^listening on 127\.0\.0\.1:(\d+), .*$/m);
    const peer = await examples.peer();
    for (let i = 0; i < COUNT; i++) {
      await new Promise((resolve, reject) => {
        peer.send(`${i}`, port, '127.0.0.1', (error) =>
          (error ? reject(error) : resolve()));
      });
    }
    const lines = () => fs.readFileSync(file, 'utf8').split('\n').slice(0, -1);
    await until(() => `${COUNT} lines, of which ${lines().length} are there`,
      () => lines().length === COUNT);
    assert.deepStrictEqual(lines(),
      Array.from({ length: COUNT }, (_, i) => `${i}`));
    await consumer.end();
    assert.match(consumer.output, new RegExp(`^${COUNT} datagrams written$`, 'm'));
  });
});
