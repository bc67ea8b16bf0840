'use strict';

// Libraries that follow a context from where something was asked for to where
// its callback runs: zone.js, OpenTelemetry, and two agents.

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

/** TRACER: what is different. */
const TRACERS = {
  // It binds listeners to where they were added, and does not know dns.
  'zone.js': {
    named: each((name) => `${name} <root>`),
    listeners: [...RIGHT.listeners.slice(0, -1), 'close S'],
  },
  'OpenTelemetry, AsyncLocalStorage': {},
  'OpenTelemetry, async_hooks': {},
  'dd-trace': {},
  'elastic-apm-node': {},
};

describe('callbacks and listeners run in the context of', () => {
  useStage();

  for (const [tracer, differences] of Object.entries(TRACERS)) {
    for (const [title, node] of nodes()) {
      it(`${tracer}, on ${title}`, async () => {
        const argv = [within('programs', 'context.js'), tracer];
        const right = `${JSON.stringify({ ...RIGHT, ...differences })}\n`;
        await same(argv, right,
                   { node: node(), ways: ['node:dgram', 'register'] });
        // Unless it is registered, dd-trace's own sockets are the built-in's.
        const others = tracer === 'dd-trace' ? ['builtin'] : [];
        await same(argv, right, { node: node(), ways: ['require()'], others });
      });
    }
  }
});

describe('dd-trace, whose DogStatsD client uses dgram itself', () => {
  useStage();

  for (const [title, node] of nodes()) {
    it(`sends its metrics, on ${title}`, () =>
      same([within('programs', 'dogstatsd.js')],
           '["requests:4950|c","temperature:21.5|g"]\n',
           { node: node(), ways: ['node:dgram', 'register'] }));
  }
});
