'use strict';

// deasync turns the event loop within a call, so that a listener can wait for
// what only a later turn brings.

const { nodes, same, useStage, within } = require('./support/stage');

const CASES = {
  'at the top': ['answer to one'],
  'in a listener': ['answer to one', 'answer to two'],
  'in a listener, for the same socket':
    ['message 0 at 1', 'message 1 at 2', 'message 2 at 3'],
  'in a callback of send()': [1, 'answer to one'],
  'for a callback of send()': [1, 2, 3, 4],
  'for many datagrams': [150, 150, true],
};

describe('deasync: sockets work while the loop is turned', () => {
  useStage();

  for (const [name, right] of Object.entries(CASES)) {
    for (const [title, node] of nodes()) {
      it(`${name}, on ${title}`, () =>
        same([within('programs', 'turned-loop.js'), name],
             `${JSON.stringify(right)}\n`, { node: node() }));
    }
  }
});
