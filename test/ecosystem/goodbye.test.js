'use strict';

// signal-exit calls a program's handlers when it ends, also by a signal, and
// has the signal end it afterwards: the last sends of a logger.

const { nodes, same, useStage, within } = require('./support/stage');

const got = ['bye 0', 'bye 1', 'bye 2', 'bye 3', 'bye 4'];

/** How the process ends, and what its parent sees of it. */
const ENDS = {
  'SIGTERM': { code: null, signal: 'SIGTERM', got },
  'SIGINT': { code: null, signal: 'SIGINT', got },
  'SIGHUP': { code: null, signal: 'SIGHUP', got },
  'process.exit()': { code: 3, signal: null, got },
  'the end': { code: 0, signal: null, got },
};

describe('signal-exit: connected sends of a handler arrive', () => {
  useStage();

  for (const [how, right] of Object.entries(ENDS)) {
    for (const [title, node] of nodes()) {
      it(`${how}, on ${title}`, () =>
        same([within('programs', 'goodbye.js'), how],
             `${JSON.stringify(right)}\n`, { node: node() }));
    }
  }
});
