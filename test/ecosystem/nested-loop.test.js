'use strict';

// deasync runs the event loop within a call, so that a listener can wait for
// events of later iterations.

const { nodes, same, useStage, within } = require('./support/stage');

const CASES = {
  'at top level': ['answer to one'],
  'in a listener': ['answer to one', 'answer to two'],
  'in a listener, for the same socket':
    ['message 0 at 1', 'message 1 at 2', 'message 2 at 3'],
  'in a callback of send()': [1, 'answer to one'],
  'for a callback of send()': [1, 2, 3, 4],
  'for many datagrams': [150, 150, true],
};

describe('sockets with deasync', () => {
  useStage();

  for (const [name, right] of Object.entries(CASES)) {
    for (const [title, node] of nodes()) {
      it(`work while the event loop runs nested: ${name}, on ${title}`, () =>
        same([within('programs', 'nested-loop.js'), name],
             `${JSON.stringify(right)}\n`, { node: node() }));
    }
  }
});
