'use strict';

// Libraries that propagate a context from a call to its callback: zone.js,
// OpenTelemetry, and two agents.

const { nodes, same, useStage, within } = require('./support/stage');

const each = (of) => ['A', 'B', 'C'].map(of);

const RIGHT = {
  unconnected: each((name) => `${name} ${name}`),
  named: each((name) => `${name} ${name}`),
  connected: each((name) => `${name} ${name}`),
  failed: each((name) => `${name} ${name} EMSGSIZE`),
  'failed, connected': each((name) => `${name} ${name} EMSGSIZE`),
  listeners: [
    'listening S', ...each((name) => `message ${name} S`), 'close D',
  ],
};

/** Expected differences by library. */
const TRACERS = {
  // zone.js binds listeners to the zone that added them, and ignores dns.
  'zone.js': {
    named: each((name) => `${name} <root>`),
    listeners: [...RIGHT.listeners.slice(0, -1), 'close S'],
  },
  'OpenTelemetry, AsyncLocalStorage': {},
  'OpenTelemetry, async_hooks': {},
  'dd-trace': {},
  'elastic-apm-node': {},
};

describe('the context of callbacks and listeners', () => {
  useStage();

  for (const [tracer, differences] of Object.entries(TRACERS)) {
    for (const [title, node] of nodes()) {
      it(`is that of the caller: ${tracer}, on ${title}`, async () => {
        const argv = [within('programs', 'context.js'), tracer];
        const right = `${JSON.stringify({ ...RIGHT, ...differences })}\n`;
        await same(argv, right,
                   { node: node(), ways: ['node:dgram', 'register'] });
        // dd-trace's own sockets are the built-in's unless registered.
        const others = tracer === 'dd-trace' ? ['builtin'] : [];
        await same(argv, right, { node: node(), ways: ['require()'], others });
      });
    }
  }
});

describe('the DogStatsD client of dd-trace', () => {
  useStage();

  for (const [title, node] of nodes()) {
    it(`sends its metrics, on ${title}`, () =>
      same([within('programs', 'dogstatsd.js')],
           '["requests:4950|c","temperature:21.5|g"]\n',
           { node: node(), ways: ['node:dgram', 'register'] }));
  }
});
