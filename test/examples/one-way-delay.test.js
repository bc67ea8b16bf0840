'use strict';

const assert = require('node:assert');

const packed = require('../support/package');
const { useExamples } = require('./support');

const { features } = require(packed.main);

const COUNT = 5;

describe('examples/one-way-delay.js', () => {
  const examples = useExamples();

  before(function() {
    if (!features.receiveInfo) this.skip();
  });

  it('prints the delay of each datagram', async () => {
    const receiver = examples.run('one-way-delay.js', 'receive', '0');
    const [, port] = await receiver.prints(/^listening on 127\.0\.0\.1:(\d+),/m);
    const sender =
      examples.run('one-way-delay.js', 'send', port, '127.0.0.1', `${COUNT}`);
    await sender.finished();
    await receiver.prints(new RegExp(`^${COUNT} from `, 'm'));
    await receiver.end();
    const lines = [...receiver.output.matchAll(
      /^(\d+) from 127\.0\.0\.1: (-?[\d.]+) us, jitter ([\d.]+) us, then (-?[\d.]+) us until it was read$/gm)];
    assert.deepStrictEqual(lines.map(([, number]) => Number(number)),
      Array.from({ length: COUNT }, (_, i) => i + 1));
    for (const [, , delay] of lines) {
      // Both ends read the clock of this machine.
      assert.ok(Math.abs(Number(delay)) < 5e6, delay);
    }
  });
});
