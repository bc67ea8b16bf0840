'use strict';

// User tests replace the clock. Sends after that must leave, even if there were
// sends under the fake clock.

const { nodes, same, useStage, within } = require('./support/stage');

const numbers = [0, 1, 2, 3, 4];
const RIGHT = `${JSON.stringify({
  seen: [
    ...numbers.flatMap((n) => [`connected ${n}`, `connected ${n} again`]),
    ...numbers.map((n) => `unconnected ${n}`),
  ],
  called: 15,
})}\n`;

/** The fake clocks, with the first Node that supports them. */
const CLOCKS = {
  'sinon': '18.18.0',
  'sinon tick': '18.18.0',
  'sinon nextTick': '18.18.0',
  'fake-timers': '18.18.0',
  'fake-timers nextTick': '18.18.0',
  'node:test': '20.4.0',
  'zone.js fakeAsync': '18.18.0',
  'zone.js fakeAsync that throws': '18.18.0',
};

describe('sends after a fake clock', () => {
  useStage();

  for (const [clock, release] of Object.entries(CLOCKS)) {
    for (const [title, node] of nodes(release)) {
      it(`leave: ${clock}, on ${title}`, () =>
        same([within('programs', 'fake-clock.js'), clock], RIGHT,
             { node: node() }));
    }
  }
});
