'use strict';

const assert = require('node:assert');

const { useExamples } = require('./support');

describe('examples/multicast.js', () => {
  const examples = useExamples();

  it('finds the other instances of the group', async () => {
    // A free port: the example may be running on this machine.
    const group = await examples.shared({ reuseAddr: true }, '0.0.0.0');
    const { port } = group.address();

    const names = ['first', 'second'].map((name) => `${name}-${process.pid}`);
    const [first, second] = names.map((name) =>
      examples.run('multicast.js', name, '127.0.0.1', String(port)));
    await Promise.all([
      first.prints(new RegExp(`^${names[0]} found ${names[1]} at 127`, 'm')),
      second.prints(new RegExp(`^${names[1]} found ${names[0]} at 127`, 'm')),
    ]);
    await Promise.all([first.end(), second.end()]);
    assert.doesNotMatch(first.output, new RegExp(`found ${names[0]}`));
  });
});
