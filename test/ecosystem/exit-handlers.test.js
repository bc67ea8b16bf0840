'use strict';

// signal-exit calls a program's handlers at its exit, also after a signal,
// which then terminates it. The last sends of a logger must arrive.

const { nodes, same, useStage, within } = require('./support/stage');

const got = ['bye 0', 'bye 1', 'bye 2', 'bye 3', 'bye 4'];

/** How the process exits, and what its parent observes. */
const ENDS = {
  'SIGTERM': { code: null, signal: 'SIGTERM', got },
  'SIGINT': { code: null, signal: 'SIGINT', got },
  'SIGHUP': { code: null, signal: 'SIGHUP', got },
  'process.exit()': { code: 3, signal: null, got },
  'no work left': { code: 0, signal: null, got },
};

describe('connected sends in a handler of signal-exit', () => {
  useStage();

  for (const [how, right] of Object.entries(ENDS)) {
    for (const [title, node] of nodes()) {
      it(`arrive: ${how}, on ${title}`, () =>
        same([within('programs', 'exit-handlers.js'), how],
             `${JSON.stringify(right)}\n`, { node: node() }));
    }
  }
});
