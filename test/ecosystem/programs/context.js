'use strict';

/**
 * context.js TRACER: prints the contexts of callbacks and listeners of sockets,
 * with a library that propagates the context of a call.
 */

/** Each returns functions that run `body` in context NAME, and name it. */
const TRACERS = {
  'zone.js'() {
    require('zone.js/node');
    const { Zone } = globalThis;
    return {
      run: (name, body) => Zone.root.fork({ name }).run(body),
      current: () => Zone.current.name,
    };
  },
  'OpenTelemetry, AsyncLocalStorage': () =>
    opentelemetry('AsyncLocalStorageContextManager'),
  'OpenTelemetry, async_hooks': () =>
    opentelemetry('AsyncHooksContextManager'),
  'dd-trace'() {
    const tracer = require('dd-trace').init({
      remoteConfig: { enabled: false },
      startupLogs: false,
      // The agent has no collector, which does not matter.
      url: 'http://127.0.0.1:9',
    });
    return {
      run: (name, body) => tracer.trace(name, body),
      current: () => tracer.scope().active()?.context()._name,
    };
  },
  'elastic-apm-node'() {
    const agent = require('elastic-apm-node').start({
      cloudProvider: 'none',
      disableSend: true,
      logLevel: 'off',
      metricsInterval: '0s',
      serviceName: 'program',
    });
    return {
      run(name, body) {
        const { AsyncResource } = require('node:async_hooks');
        // A transaction is the current one as soon as it starts.
        new AsyncResource('transaction').runInAsyncScope(() => {
          agent.startTransaction(name);
          body();
        });
      },
      current: () => agent.currentTransaction?.name,
    };
  },
};

function opentelemetry(name) {
  const { context, createContextKey, ROOT_CONTEXT } =
    require('@opentelemetry/api');
  const Manager = require('@opentelemetry/context-async-hooks')[name];
  context.setGlobalContextManager(new Manager().enable());
  const key = createContextKey('name');
  return {
    run: (name, body) => context.with(ROOT_CONTEXT.setValue(key, name), body),
    current: () => context.active().getValue(key),
  };
}

const { run, current } = TRACERS[process.argv[2]]();
const { connected, dgram, print, receiver, sender, until } = require('./kit');

const NAMES = ['A', 'B', 'C'];

/** The contexts of the callbacks of `start`, called once for each name. */
async function callbacksOf(start) {
  const seen = [];
  for (const name of NAMES) {
    run(name, () => start((error) =>
      seen.push([name, current(), ...error ? [error.code] : []].join(' '))));
  }
  await until(() => seen.length === NAMES.length);
  return seen.sort();
}

/** The contexts of the listeners of a socket that S created. */
async function listenersOf() {
  const seen = [];
  let socket;
  run('S', () => {
    socket = dgram.createSocket('udp4');
    socket.on('message', (text) => seen.push(`${text} ${current()}`));
    socket.on('listening', () => seen.push(`listening ${current()}`));
    socket.on('close', () => seen.push(`close ${current()}`));
    socket.bind(0, '127.0.0.1');
  });
  await until(() => seen.length === 1);
  const { port } = socket.address();
  const client = await connected(port);
  for (const name of NAMES) run(name, () => client.send(`message ${name}`));
  await until(() => seen.length === 4);
  run('D', () => socket.close());
  await until(() => seen.length === 5);
  client.close();
  return seen;
}

async function main() {
  const { socket: server, port } = await receiver();
  const free = await sender();
  const bound = await connected(port);
  const large = Buffer.alloc(70000);
  print({
    unconnected: await callbacksOf((callback) =>
      free.send('x', port, '127.0.0.1', callback)),
    named: await callbacksOf((callback) =>
      free.send('x', port, 'localhost', callback)),
    connected: await callbacksOf((callback) => bound.send('x', callback)),
    failed: await callbacksOf((callback) =>
      free.send(large, port, '127.0.0.1', callback)),
    'failed, connected': await callbacksOf((callback) =>
      bound.send(large, callback)),
    listeners: await listenersOf(),
  });
  for (const socket of [server, free, bound]) socket.close();
  // The libraries have open timers and connections.
  setImmediate(() => process.exit());
}

main();
