'use strict';

/**
 * nested-loop.js CASE: runs the event loop nested, with deasync, and waits for
 * events in it.
 */

const deasync = require('deasync');
const { connected, print, receiver, sender } = require('./kit');

/** Runs the event loop until look() is true, or a timeout. */
function wait(look) {
  let waiting = true;
  const timer = setTimeout(() => { waiting = false; }, 4000);
  deasync.loopWhile(() => waiting && !look());
  clearTimeout(timer);
}

/** Asks the echo server and waits for its answer. */
function ask({ client, port, answers }, text) {
  const before = answers.length;
  client.send(text, port, '127.0.0.1');
  wait(() => answers.length > before);
  return answers[before] ?? 'no answer';
}

const CASES = {
  'at top level': ({ echo, seen }) => seen.push(ask(echo, 'one')),

  'in a listener'({ echo, server, free, seen }) {
    server.socket.once('message', () => {
      seen.push(ask(echo, 'one'), ask(echo, 'two'));
    });
    free.send('go', server.port, '127.0.0.1');
    wait(() => seen.length === 2);
  },

  // The listener is called again while it waits.
  'in a listener, for the same socket'({ server, free, seen }) {
    let depth = 0;
    server.socket.on('message', (message) => {
      depth++;
      seen.push(`${message} at ${depth}`);
      if (depth < 3) {
        free.send(`message ${depth}`, server.port, '127.0.0.1');
        const before = seen.length;
        wait(() => seen.length > before);
      }
    });
    free.send('message 0', server.port, '127.0.0.1');
    wait(() => seen.length === 3);
  },

  'in a callback of send()'({ echo, server, free, seen }) {
    free.send('x', server.port, '127.0.0.1', (error, bytes) =>
      seen.push(bytes, ask(echo, 'one')));
    wait(() => seen.length === 2);
  },

  'for a callback of send()'({ bound, free, server, seen }) {
    const { port } = server;
    const sendFree = deasync((text, callback) =>
      free.send(text, port, '127.0.0.1', callback));
    const sendBound = deasync((text, callback) => bound.send(text, callback));
    seen.push(sendFree('1'), sendFree('22'), sendBound('333'),
              sendBound('4444'));
  },

  // More datagrams than one system call receives.
  'for many datagrams'({ server, bound, seen }) {
    let called = 0;
    for (let i = 0; i < 150; i++) bound.send(String(i), () => called++);
    wait(() => server.got.length === 150 && called === 150);
    const inOrder = server.got.every((text, i) => text === String(i));
    seen.push(server.got.length, called, inOrder);
  },
};

async function echoServer() {
  const server = await receiver();
  server.socket.on('message', (message, { port, address }) =>
    server.socket.send(`answer to ${message}`, port, address));
  const client = await sender();
  const answers = [];
  client.on('message', (message) => answers.push(String(message)));
  return { socket: server.socket, port: server.port, client, answers };
}

async function main() {
  const echo = await echoServer();
  const server = await receiver();
  const free = await sender();
  const bound = await connected(server.port);
  const seen = [];
  // Not within a promise job: other promise jobs would wait for its end.
  setImmediate(() => {
    CASES[process.argv[2]]({ echo, server, free, bound, seen });
    print(seen);
    for (const socket of [echo.socket, echo.client, server.socket, free, bound])
      socket.close();
  });
}

main();
