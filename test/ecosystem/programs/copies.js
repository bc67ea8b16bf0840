'use strict';

/**
 * copies.js WHICH: several copies of the package in a process. Sockets of each
 * are created, exchange datagrams, and are sent to a child process.
 *
 * ECOSYSTEM_COPIES lists the copies' folders, separated by path.delimiter.
 */

const { fork } = require('node:child_process');
const { once } = require('node:events');
const path = require('node:path');

const control = process.env.ECOSYSTEM_DGRAM === 'node:dgram';

/** There is only one node:dgram. */
const [first, second, linked] =
  process.env.ECOSYSTEM_COPIES.split(path.delimiter)
    .map((copy) => control ? 'node:dgram' : copy);

/** Each returns the modules to test. */
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

  // Two modules with --preserve-symlinks, one without.
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

/** The child process answers datagrams on the received socket. */
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

/** Echoes a datagram between sockets of two modules. */
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

/** Sends a socket to a child process, which answers on it. */
async function passes(dgram) {
  // The child uses node:dgram, without the parent's evidence.
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
