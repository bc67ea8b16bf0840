'use strict';

/**
 * copies.js WHICH: more than one copy of the package in a process. Sockets of
 * each are made, carry datagrams, and go to a child process.
 *
 * ECOSYSTEM_COPIES has the copies' folders, by path.delimiter.
 */

const { fork } = require('node:child_process');
const { once } = require('node:events');
const path = require('node:path');

const control = process.env.ECOSYSTEM_DGRAM === 'node:dgram';

/** Of node:dgram there is one. */
const [first, second, linked] =
  process.env.ECOSYSTEM_COPIES.split(path.delimiter)
    .map((copy) => control ? 'node:dgram' : copy);

/** Each gives the modules whose sockets are tried. */
const CASES = {
  'unregistered': () => [require(first), require(second)],

  'the first registered'() {
    register(first);
    return [require('node:dgram'), require(first), require(second)];
  },

  'the last registered'() {
    const other = require(first);
    register(second);
    return [require('node:dgram'), other, require(second)];
  },

  'both registered'() {
    register(first);
    register(second);
    return [require('node:dgram'), require(first), require(second)];
  },

  'one, loaded again'() {
    const before = require(first);
    forget();
    return [before, require(first)];
  },

  'one, registered, loaded again'() {
    register(first);
    const before = require(first);
    forget();
    register(first);
    return [require('node:dgram'), before, require(first)];
  },

  // With --preserve-symlinks they are two, without it one.
  'one by two paths'() {
    register(first);
    return [require('node:dgram'), require(first), require(linked)];
  },
};

function register(copy) {
  if (!control) require(path.join(copy, 'dist', 'register.js'));
}

function forget() {
  for (const file of Object.keys(require.cache)) delete require.cache[file];
}

/** The child answers what comes in on the socket that it is given. */
function serve() {
  process.on('message', (text, socket) => {
    socket.on('message', (message, { port, address }) =>
      socket.send(`child has ${message}`, port, address));
    process.send('ready');
  });
}

async function bound(dgram) {
  const socket = dgram.createSocket('udp4');
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  return socket;
}

/** A datagram there and back, between sockets of two modules. */
async function echoes(serverOf, clientOf) {
  const server = await bound(serverOf);
  const client = await bound(clientOf);
  server.on('message', (message, { port, address }) =>
    server.send(`echo of ${message}`, port, address));
  const answer = once(client, 'message');
  client.send('hello', server.address().port, '127.0.0.1');
  const [message] = await answer;
  server.close();
  client.close();
  return String(message);
}

/** A socket goes to a child, which answers on it. */
async function passes(dgram) {
  // With node:dgram, and without the witness of the parent's sockets.
  const env = { ...process.env, NODE_OPTIONS: '' };
  const child = fork(__filename, ['child'], { env });
  const socket = await bound(dgram);
  child.send('socket', socket);
  await once(child, 'message');
  const { port } = socket.address();
  socket.close();
  const client = await bound(dgram);
  const answer = once(client, 'message');
  client.send('hello', port, '127.0.0.1');
  const [message] = await answer;
  client.close();
  child.kill();
  await once(child, 'exit');
  return String(message);
}

async function main(name) {
  const modules = CASES[name]();
  const seen = { echoed: [], passed: [] };
  for (const [i, dgram] of modules.entries()) {
    const next = modules[(i + 1) % modules.length];
    seen.echoed.push(await echoes(dgram, next));
    seen.passed.push(await passes(dgram));
  }
  console.log(JSON.stringify(seen));
}

if (process.argv[2] === 'child') serve();
else main(process.argv[2]);
