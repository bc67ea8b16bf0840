'use strict';

/** permission.js CASE: sockets under Node's permission model. */

const { once } = require('node:events');
const { connected, delay, dgram, print, receiver, sender, until } =
  require('./kit');

/** The outcome of a call: callback argument or exception. */
const outcomeOf = (start) => new Promise((resolve) => {
  const uncaught = ({ code }) => done(`uncaught ${code}`);
  const done = (outcome) => {
    process.removeListener('uncaughtException', uncaught);
    resolve(outcome);
  };
  process.on('uncaughtException', uncaught);
  // Not within the promise executor, which would catch the exception.
  setImmediate(() => {
    try {
      start((error) => done(error ? `called back ${error.code}` : 'done'));
    } catch ({ code }) {
      done(`threw ${code}`);
    }
  });
});

/** The next 'error', for calls without another outcome. */
async function errorOf(start) {
  const socket = dgram.createSocket('udp4');
  const failed = once(socket, 'error');
  start(socket);
  const [[{ code, syscall, message }]] = [await failed];
  socket.close();
  return { code, syscall, message };
}

const CASES = {
  async echo() {
    const { socket: server, got, port } = await receiver();
    const client = await sender();
    const bound = await connected(port);
    client.send('free', port, '127.0.0.1');
    await until(() => got.length === 1);
    for (let i = 0; i < 3; i++) bound.send(`bound ${i}`);
    await until(() => got.length === 4);
    print(got);
    for (const socket of [server, client, bound]) socket.close();
  },

  async denied() {
    print({
      bind: await errorOf((socket) => socket.bind(0, '127.0.0.1')),
      connect: await errorOf((socket) => socket.connect(9, '127.0.0.1')),
      send: await errorOf((socket) => socket.send('x', 9, '127.0.0.1')),
    });
  },

  // Drops the permission after the sockets were created.
  async dropped() {
    const { socket: server, got, port } = await receiver();
    const free = await sender();
    const bound = await connected(port);
    free.send('before', port, '127.0.0.1');
    await until(() => got.length === 1);

    process.permission.drop('net');
    const seen = {
      unconnected: await outcomeOf((done) =>
        free.send('x', port, '127.0.0.1', done)),
      'to an address that was not used': await outcomeOf((done) =>
        free.send('x', port, '127.0.0.2', done)),
      connected: await outcomeOf((done) => bound.send('x', done)),
      connect: await outcomeOf((done) =>
        free.connect(port, '127.0.0.1', done)),
      bind: await errorOf((socket) => socket.bind(0, '127.0.0.1')),
    };
    await delay(50);
    print({ ...seen, got });
    for (const socket of [server, free, bound]) socket.close();
  },
};

CASES[process.argv[2]]();
